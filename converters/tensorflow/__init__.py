"""Converts through TensorFlow: a child process loads, runs and traces the source."""
