"""Commands for error models."""
