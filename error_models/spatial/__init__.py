"""Spatial error models: patterns and values as observed on hardware."""
