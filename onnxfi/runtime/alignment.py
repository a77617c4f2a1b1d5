"""Arrays that begin where the vectors of kernels do."""

import numpy as np

# Bytes of a vector; NumPy's own arrays begin at a multiple of it. Kernels of ONNX Runtime that add
# up a row first take the elements up to such an address.
_VECTOR = 16


def aligned(array: np.ndarray) -> np.ndarray:
    """Return an array, or a copy if it begins elsewhere, as a part of another array may.

    Otherwise the last bits of a sum depend on where in memory an array is.
    """
    return array if array.ctypes.data % _VECTOR == 0 else array.copy(order="C")
