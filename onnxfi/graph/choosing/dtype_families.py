"""Matches dtypes by family (``float``, ``int``, ``uint``, ``bool``) or by exact name."""

import numpy as np

from onnxfi.errors import InputError
from onnxfi.onnx_ir import ir

_PREFIXES = {
    "float": ("float", "bfloat"),
    "int": ("int", "uint"),
    "uint": ("uint",),
    "bool": ("bool",),
    "complex": ("complex",),
}
_NAMES = frozenset(
    x.numpy().name for x in ir.DataType if x not in (ir.DataType.UNDEFINED, ir.DataType.STRING)
)


def check_dtype_name(name: str) -> str:
    """Return the name of a dtype or of a family of dtypes.

    Raises:
        InputError: it is neither.
    """
    if name not in _NAMES and name not in _PREFIXES:
        raise InputError(
            f"A dtype must be one of the families {', '.join(_PREFIXES)}, or a name such as "
            f"float32 or int8, got {name!r}."
        )
    return name


def is_of_dtype(dtype: np.dtype[np.generic], name: str) -> bool:
    """Return whether a dtype has a name or belongs to a family; ``int`` includes ``uint``."""
    return dtype.name == name or dtype.name.startswith(_PREFIXES.get(name, name + " "))
