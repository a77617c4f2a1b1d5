"""Chooses targets of a model."""
