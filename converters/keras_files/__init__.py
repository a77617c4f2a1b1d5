"""Reads Keras files: archives, HDF5 weights, and configurations of either dialect."""
