"""The layer map and the origin that a converted model carries in its metadata."""
