"""Compares checksums of stored weights with their sums, at each inference."""

import math

import numpy as np

from onnxfi.hardening.copies import weights_of
from onnxfi.hardening.graph_editor import GraphEditor
from onnxfi.hardening.protections import Parity
from onnxfi.onnx_ir import ir

# Bits of the sum of all weights: ONNX Runtime 1.31 adds up int64 numbers in float64.
_BITS = 52


def add_checksums(editor: GraphEditor, protection: Parity) -> list[str]:
    """Add a checksum to weights, and return their names.

    The sum of the weights as int64 numbers does not depend on the order of its parts, so that one
    wrong weight always changes it. Floating-point weights are scaled by a power of two first: a
    change below 2^-52 of the sum of their sizes is not seen. The scale is an input with a default,
    so that no runtime computes the sum in advance.

    Raises:
        TargetNotFoundError: the model has no such weight or layer.
        InputError: the layer has no weights.
    """
    names = weights_of(editor.model, protection.weights)
    for name in names:
        value = editor.model.values[name]
        array = editor.array(value)
        assert array is not None
        builder = editor.builder(f"{name}/parity")
        wide = np.float64 if array.dtype.kind not in "iub" else np.int64
        scale = _scale(array)
        stored = builder.constant("scale", np.array([scale], wide))
        cast = builder.node("Cast", "wide", value, to=int(ir.DataType.from_numpy(np.dtype(wide))))
        scaled = builder.node("Mul", "scaled", cast, stored)
        if wide is np.float64:
            scaled = builder.node("Cast", "whole", scaled, to=int(ir.DataType.INT64))
        flat = builder.node("Reshape", "flat", scaled, builder.integers("flat_shape", -1))
        total = editor.reduce(builder, "ReduceSum", flat, [0], keep=True)
        good = (array.astype(wide).reshape(-1) * wide(scale)).astype(np.int64).sum(keepdims=True)
        same = builder.node("Equal", "same", total, builder.constant("checksum", good))
        raised = builder.node("Not", "raised", same)
        editor.add_alarm(raised, None, protection.name, name)
        editor.insert(builder, value, stored=[stored])
    return names


def _scale(array: np.ndarray) -> float:
    """Return the largest power of two by which weights may be scaled without an overflow."""
    if array.dtype.kind in "iub":
        return 1
    finite = np.abs(array.astype(np.float64))
    total = float(finite[np.isfinite(finite)].sum())
    return 2.0 ** (_BITS - math.ceil(math.log2(total))) if total else 1.0
