"""Shrinks an injection to the smallest corruption that has the same outcome."""
