"""Describes a model for people."""
