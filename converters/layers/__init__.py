"""The translations of layers to ONNX, one file for each family."""
