"""Models that many tests use."""
