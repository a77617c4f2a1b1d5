"""Adds graph fragments on sequences: tensors (batch, time, …) in the layout of Keras."""

from collections.abc import Mapping

import numpy as np
from onnx import TensorProto, numpy_helper

from onnxfi.converters.translation.graph_builder import GraphBuilder

# Ends of a Slice to the end of an axis, forwards and backwards.
_AFTER_ALL = 2**31
_BEFORE_ALL = -(2**31)


def reverse_time(sequence: str, graph: GraphBuilder) -> str:
    """Return a sequence with its last time step first."""
    bounds = {"starts": -1, "ends": _BEFORE_ALL, "axes": 1, "steps": -1}
    return _sliced(sequence, bounds, graph)


def last_step(sequence: str, graph: GraphBuilder) -> str:
    """Return the last time step of a sequence, which keeps its axis."""
    return _sliced(sequence, {"starts": -1, "ends": _AFTER_ALL, "axes": 1}, graph)


def sizes(tensor: str, start: int, end: int, graph: GraphBuilder) -> str:
    """Return the sizes of the axes from `start` up to `end`, int64, as a tensor of rank 1."""
    shape = graph.operator("Shape", [tensor])
    return _sliced(shape, {"starts": start, "ends": end}, graph)


def indices(tensor: str, axis: int, graph: GraphBuilder) -> str:
    """Return 0, 1, … up to the size of an axis, int64, as a tensor of rank 1."""
    size = graph.operator("Squeeze", [sizes(tensor, axis, axis + 1, graph)])
    return graph.operator("Range", [graph.integers("zero", 0), size, graph.integers("one", 1)])


def zero_state(sequence: str, units: int, graph: GraphBuilder) -> str:
    """Return zeros, (batch of the sequence, units)."""
    batch = sizes(sequence, 0, 1, graph)
    shape = graph.operator("Concat", [batch, graph.integers("units", [units])], axis=0)
    zero = numpy_helper.from_array(np.zeros(1, graph.float_type))
    return graph.operator("ConstantOfShape", [shape], value=zero)


def any_true(tensor: str, axis: int, graph: GraphBuilder, *, keepdims: bool) -> str:
    """Return whether any value along an axis of a tensor of type bool is true."""
    counts = graph.operator("Cast", [tensor], to=TensorProto.INT32)
    axes = graph.integers("axes", [axis])
    total = graph.operator("ReduceSum", [counts, axes], keepdims=int(keepdims))
    return graph.operator("Greater", [total, graph.constant("zero", 0, "int32")])


def _sliced(tensor: str, bounds: Mapping[str, int], graph: GraphBuilder) -> str:
    inputs = [graph.integers(role, [value]) for role, value in bounds.items()]
    return graph.operator("Slice", [tensor, *inputs])
