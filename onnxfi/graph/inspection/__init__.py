"""Facts about a model for people."""
