"""Recognises source files, and reads those of TensorFlow without TensorFlow."""
