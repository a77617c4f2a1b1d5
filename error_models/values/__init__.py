"""Values of tensors: their bits, ranges and classes."""
