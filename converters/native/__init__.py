"""Converts a Keras file without Keras: the native route."""
