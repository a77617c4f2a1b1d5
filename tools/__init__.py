"""Programs for people: benchmarks, oracles, sweeps, and makers of test data."""
