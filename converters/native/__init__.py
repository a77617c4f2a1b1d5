"""The native route: converts a Keras file without Keras."""
