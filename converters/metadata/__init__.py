"""Writes and reads the metadata of a converted model: its layer map and its origin."""
