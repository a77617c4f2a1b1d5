"""The options of the operations of Keras 3, by the class of the operation."""

from collections.abc import Mapping
from typing import Any

_SHRINK = ("threshold",)
_REDUCTION = ("axis", "keepdims")
_EXTREME = (*_REDUCTION, "initial")

OPERATION_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "All": _REDUCTION,
    "Amax": _REDUCTION,
    "Amin": _REDUCTION,
    "Any": _REDUCTION,
    "Argmax": _REDUCTION,
    "Argmin": _REDUCTION,
    "Argsort": ("axis",),
    "Cast": ("dtype",),
    "Celu": ("alpha",),
    "Clip": ("x_min", "x_max"),
    "Concatenate": ("axis",),
    "ConvertToTensor": ("dtype",),
    "Cumsum": ("axis",),
    "Einsum": ("subscripts",),
    "Elu": ("alpha",),
    "ExpandDims": ("axis",),
    "Flip": ("axis",),
    "Gelu": ("approximate",),
    "GetItem": ("key",),
    "Glu": ("axis",),
    "HardShrink": _SHRINK,
    "LeakyRelu": ("negative_slope",),
    "LogSoftmax": ("axis",),
    "Logsumexp": _REDUCTION,
    "Max": _EXTREME,
    "Mean": _REDUCTION,
    "Min": _EXTREME,
    "Moveaxis": ("source", "destination"),
    "Normalize": ("axis", "order", "epsilon"),
    "OneHot": ("num_classes", "axis", "dtype", "sparse"),
    "OnesLike": ("dtype",),
    "Pad": ("pad_width", "mode", "constant_values"),
    "Prod": _REDUCTION,
    "RMSNorm": ("axis", "epsilon"),
    "Repeat": ("repeats", "axis"),
    "Reshape": ("newshape",),
    "Roll": ("shift", "axis"),
    "SoftShrink": _SHRINK,
    "Softmax": ("axis",),
    "Sort": ("axis",),
    "Sparsemax": ("axis",),
    "Split": ("indices_or_sections", "axis"),
    "Squareplus": ("b",),
    "Squeeze": ("axis",),
    "Stack": ("axis",),
    "Std": _REDUCTION,
    "Sum": _REDUCTION,
    "Swapaxes": ("axis1", "axis2"),
    "Take": ("axis",),
    "Tile": ("repeats",),
    "TopK": ("k", "sorted"),
    "Transpose": ("axes",),
    "Unstack": ("num", "axis"),
    "Var": _REDUCTION,
    "ZerosLike": ("dtype",),
}
"""The options of each operation of Keras 3 that are read."""

FIXED_IN_OPERATIONS: Mapping[str, Mapping[str, Any]] = {"Round": {"decimals": 0}}
"""The options that have one value in what is translated; another is refused."""
