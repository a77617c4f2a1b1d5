"""Choosing targets of a model."""
