"""Aligns arrays with the vectors of ONNX Runtime's kernels."""

import numpy as np

# Bytes of a vector; NumPy's own arrays start at a multiple of it. ONNX Runtime's kernels that sum a
# row first add the elements up to such an address.
_VECTOR = 16


def aligned(array: np.ndarray) -> np.ndarray:
    """Return an array that is aligned, which is a copy if the given one is not.

    Otherwise the last bits of a sum depend on the address of an array.
    """
    return array if array.ctypes.data % _VECTOR == 0 else array.copy(order="C")
