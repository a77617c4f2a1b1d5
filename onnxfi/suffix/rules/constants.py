"""Reads the constant inputs of a node."""

import numpy as np

from onnxfi.onnx_ir import ir


def constant_input(node: ir.Node, position: int) -> np.ndarray | None:
    """Return the value of an input that is an initializer or a Constant, otherwise None."""
    value = node.inputs[position] if position < len(node.inputs) else None
    tensor = None if value is None else ir.convenience.get_const_tensor(value)
    return None if tensor is None else np.asarray(tensor.numpy())
