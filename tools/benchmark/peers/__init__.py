"""Measures onnxfi against other tools on the same weights."""
