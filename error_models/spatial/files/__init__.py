"""Files of spatial models."""
