"""Bounds activations to the range that they have without faults."""

from typing import NamedTuple

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.hardening.graph_editor import GraphEditor
from onnxfi.hardening.protections import Clip, OnAlarm, Ranger
from onnxfi.onnx_ir import ir
from onnxfi.surgery import NodeBuilder

_ACTIVATION_FUNCTIONS = frozenset(
    {
        "Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "Clip", "Sigmoid",
        "HardSigmoid", "HardSwish", "Tanh", "Softplus", "Softsign", "Gelu", "Mish", "Softmax",
    }
)  # fmt: skip
# What follows has values of its inputs only, or means of them.
_FOLLOWING = frozenset(
    {
        "MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "Reshape", "Flatten",
        "Squeeze", "Unsqueeze", "Transpose", "Concat", "Identity", "Dropout",
    }
)  # fmt: skip
# Share of the largest size by which a range is wider than the profile's.
_SLACK = 1e-4
# Bounds of Clip are attributes before this version.
_BOUNDS_AS_INPUT = 11


class Range(NamedTuple):
    """The lowest and the highest value of a tensor."""

    low: float
    high: float


def restrict_ranges(editor: GraphEditor, protection: Ranger | Clip) -> list[str]:
    """Bound the tensors that a protection means, and return their names.

    Raises:
        InputError: the profile has no range for any of them.
    """
    ranges = _ranges(editor.model, protection)
    bounded = []
    for name, found in ranges.items():
        value = editor.model.values[name]
        if not value.is_graph_output():
            _bound(editor, value, found, protection.name, protection.on_alarm)
            bounded.append(name)
    if not bounded:
        raise InputError(
            "A profile must hold a range of a tensor that can be bounded, an output of an "
            "activation function that is no output of the model, and this one holds none. Make it "
            "from this model with `onnxfi profile`."
        )
    return bounded


def _ranges(model: Model, protection: Ranger | Clip) -> dict[str, Range]:
    """Return the range of each tensor to bound, in the order of the graph."""
    found: dict[str, Range] = {}
    for node in model.graph:
        # Other outputs, such as the mask of a Dropout, are not what layers behind it read.
        value = node.outputs[0] if node.outputs else None
        if value is None or value.dtype is None or not value.dtype.is_floating_point():
            continue
        name = value.name or ""
        if isinstance(protection, Clip) or node.op_type in _ACTIVATION_FUNCTIONS:
            own = _profiled(protection, name)
            if own is not None:
                found[name] = own
            continue
        read = [x.name or "" for x in node.inputs if x is not None and _is_data(x)]
        if node.op_type in _FOLLOWING and read and all(x in found for x in read):
            ends = [found[x] for x in read]
            if node.op_type == "AveragePool":  # it may pad with zeros
                ends.append(Range(0.0, 0.0))
            found[name] = Range(min(x.low for x in ends), max(x.high for x in ends))
    return found


def _is_data(value: ir.Value) -> bool:
    return value.dtype is None or value.dtype.is_floating_point()


def _profiled(protection: Ranger | Clip, name: str) -> Range | None:
    known = protection.profile.tensors.get(name)
    if known is None or known.min is None or known.max is None:
        return None
    return Range(known.min, known.max)


def _bound(
    editor: GraphEditor, value: ir.Value, found: Range, name: str, on_alarm: OnAlarm | None
) -> None:
    assert value.dtype is not None
    builder = editor.builder(f"{value.name}/{name}")
    dtype = value.dtype.numpy()
    # Other kernels round differently, and the dtype may be narrower than the profile.
    slack = _SLACK * max(abs(found.low), abs(found.high))
    wider = found.low - slack, found.high + slack
    low, high = (_outward(x, dtype, end) for x, end in zip(wider, (-np.inf, np.inf), strict=True))
    ends = builder.constant("low", low), builder.constant("high", high)
    corrected: ir.Value | None = None
    if on_alarm in (None, "clip"):
        corrected = (
            builder.node("Clip", "bounded", value, *ends)
            if editor.opset >= _BOUNDS_AS_INPUT
            else builder.node("Clip", "bounded", value, min=float(low), max=float(high))
        )
    if on_alarm is not None:
        wrong = _outside(builder, value, *ends)
        raised = editor.any_of_sample(builder, wrong, value)
        if on_alarm == "zero":
            zero = builder.constant("zero", np.zeros((), dtype))
            corrected = builder.node("Where", "bounded", wrong, zero, value)
        editor.add_alarm(raised, value, name, value.name or "")
    editor.insert(builder, value)
    if corrected is not None:
        editor.replace(value, corrected)


def _outside(builder: NodeBuilder, value: ir.Value, low: ir.Value, high: ir.Value) -> ir.Value:
    """Return whether each element is out of range, or not a number."""
    below = builder.node("Less", "below", value, low)
    above = builder.node("Greater", "above", value, high)
    nan = builder.node("IsNaN", "nan", value)
    return builder.node("Or", "outside", builder.node("Or", "either", below, above), nan)


def _outward(end: float, dtype: np.dtype[np.generic], direction: float) -> np.ndarray:
    rounded = np.array(end, dtype)
    beyond = float(rounded) > end if direction < 0 else float(rounded) < end
    return np.asarray(np.nextafter(rounded, dtype.type(direction))) if beyond else rounded
