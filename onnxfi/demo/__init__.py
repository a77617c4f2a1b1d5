"""Prepares the model and the data of ``onnxfi demo``."""
