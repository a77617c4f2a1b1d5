"""Finds kernels of ONNX Runtime that give an element the same bits at any place of a tensor.

Vectorised kernels may compute the last elements of a block differently. Trials on many lengths,
places and values found no difference for the kernels listed here, and tests repeat them. They found
differences for Elu, Selu, Celu, Mish, Softplus, Log and QuantizeLinear to int4.
"""

from collections.abc import Sequence

import numpy as np

from onnxfi.onnx_ir import ir
from onnxfi.runtime import Session

_Type = ir.DataType
_SINGLE = frozenset({_Type.FLOAT})
_FLOATS = _SINGLE | {_Type.DOUBLE}
_INTEGERS = frozenset(
    [
        *(_Type.INT8, _Type.INT16, _Type.INT32, _Type.INT64),
        *(_Type.UINT8, _Type.UINT16, _Type.UINT32, _Type.UINT64),
    ]
)
_BOOL = frozenset({_Type.BOOL})
# ONNX Runtime computes float16 in float32 and may skip the rounding between two nodes
# (InsertCastTransformer), so only operators that round nothing have rules.
_WITHOUT_ROUNDING = _FLOATS | _INTEGERS | {_Type.FLOAT16}

_DTYPES = {
    **dict.fromkeys(["Add", "Mul", "Sub"], _FLOATS | _INTEGERS),
    **dict.fromkeys(["Abs", "Clip", "Max", "Min", "Neg", "Relu", "Sign"], _WITHOUT_ROUNDING),
    **dict.fromkeys(["Equal", "Greater", "GreaterOrEqual"], _WITHOUT_ROUNDING | _BOOL),
    **dict.fromkeys(
        ["Cast", "IsInf", "IsNaN", "Less", "LessOrEqual", "Where"], _WITHOUT_ROUNDING | _BOOL
    ),
    **dict.fromkeys(["And", "Not", "Or", "Xor"], _BOOL),
    **dict.fromkeys(["Ceil", "Floor", "Round"], _FLOATS | {_Type.FLOAT16}),
    # Integers are missing: ONNX Runtime ends the process if a divisor is zero.
    **dict.fromkeys(["Div", "LeakyRelu", "Pow", "Reciprocal", "Sqrt", "Sum"], _FLOATS),
    **dict.fromkeys(["PRelu", "ThresholdedRelu"], _SINGLE),
    **dict.fromkeys(["Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish"], _SINGLE),
    **dict.fromkeys(["Sigmoid", "Softsign", "Tanh"], _SINGLE),
    "DequantizeLinear": _FLOATS | _INTEGERS | {_Type.INT4, _Type.UINT4},
    "QuantizeLinear": _FLOATS | _INTEGERS,
    **dict.fromkeys(["QLinearAdd", "QLinearMul"], _SINGLE | _INTEGERS),
}
# Elements. Longer than any vector, and than any block that a loop is unrolled to.
_LONGEST = 70
#: Operators of one input whose kernels depend on the processor, so they are tried on this one.
TRIED = frozenset(["Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Sigmoid", "Softsign", "Tanh"])
# Their payload of NaN depends on the place.
_UNCLEAR_FOR_NAN = frozenset({"Cast", "Ceil", "Floor", "Pow", "Sign"})


def has_exact_kernel(node: ir.Node) -> bool:
    """Return whether the kernel of a node gives an element the same bits at any place."""
    known = _DTYPES.get(node.op_type, frozenset())
    made = node.outputs if node.op_type in ("Cast", "QuantizeLinear") else ()
    values = [x for x in (*node.inputs, *made) if x is not None]
    return all(x.dtype in known for x in values)


def is_exact_here(session: Session, name: str) -> bool:
    """Return whether a trial finds the same bits at any place.

    Args:
        session: runs the node on a vector of float32 of any length.
        name: the name of its input.
    """
    rng = np.random.default_rng(0)
    anything = rng.integers(0, 1 << 32, 1003, np.uint32).view(np.float32)
    values = np.concatenate([anything, rng.normal(0, 4, 1004).astype(np.float32)])
    (whole,) = session.run({name: values}).values()
    for length in range(1, _LONGEST + 1):
        some = rng.integers(0, values.size, length)
        (alone,) = session.run({name: values[some]}).values()
        if alone.tobytes() != whole[some].tobytes():
            return False
    return True


def unclear(node: ir.Node, elements: Sequence[np.ndarray], golden: np.ndarray) -> np.ndarray:
    """Return the elements for which the kernel's result may depend on the place.

    Args:
        node: the node.
        elements: its inputs, vectors or a single number each.
        golden: its golden output.
    """
    floats = [x for x in elements if x.dtype.kind == "f"]
    nans = sum((np.isnan(x).astype(np.int64) for x in floats), np.zeros(1, np.int64))
    one_is_enough = node.op_type in _UNCLEAR_FOR_NAN or any(x.itemsize == 2 for x in floats)
    found = nans > (0 if one_is_enough else 1)
    if node.op_type == "Pow" and golden.size == 1:
        found = np.ones(1, bool)  # squares and cubes are not multiplied out then
    if node.op_type in ("Max", "Min"):
        found = found | _zeros_of_both_signs(floats)
    if node.op_type == "Cast" and floats and golden.dtype.kind in "iu":
        limits = np.iinfo(golden.dtype)
        with np.errstate(invalid="ignore"):  # of a signalling NaN
            x = floats[0].astype(np.float64)
        # Beyond the limits a conversion is not defined.
        found = found | ~((x > float(limits.min) - 1) & (x < float(limits.max)))
    return found


def _zeros_of_both_signs(values: Sequence[np.ndarray]) -> np.ndarray:
    none = np.zeros(1, bool)
    positive, negative = none, none
    for value in values:
        positive = positive | ((value == 0) & ~np.signbit(value))
        negative = negative | ((value == 0) & np.signbit(value))
    return positive & negative
