"""Runs what the README and the documentation show."""
