"""Translations of layers to ONNX, one module for each family."""
