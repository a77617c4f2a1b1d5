"""Tensors that NumPy lacks keep their bits on the way to ONNX Runtime and back."""

import ml_dtypes
import numpy as np
import pytest

from onnxfi.errors import InputError
from onnxfi.runtime.ort_values import (
    copy_from_runtime,
    dtype_beyond_numpy,
    dtype_of_number,
    to_numpy,
    to_ort_value,
)


@pytest.mark.parametrize("count", [0, 1, 3, 8])
@pytest.mark.parametrize("name", ["bfloat16", "float8e5m2", "int4", "uint4"])
def test_there_and_back(name: str, count: int) -> None:
    dtype = dtype_beyond_numpy(f"tensor({name})")
    assert dtype is not None
    assert dtype_of_number(dtype.value) == dtype
    array = np.arange(count).astype(dtype.numpy()).reshape(1, count)
    back = to_numpy(to_ort_value(array, dtype), dtype)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


def test_numpys_own_dtypes_need_none() -> None:
    assert dtype_beyond_numpy("tensor(float)") is None
    array = np.arange(6, dtype=np.float32).reshape(2, 3).T
    np.testing.assert_array_equal(to_numpy(to_ort_value(array)), array)


def test_another_dtype_is_refused() -> None:
    dtype = dtype_beyond_numpy("tensor(bfloat16)")
    with pytest.raises(InputError, match="must be bfloat16, got float32"):
        to_ort_value(np.zeros(2, np.float32), dtype)


def test_copies_are_apart() -> None:
    array = np.zeros(2, ml_dtypes.bfloat16)
    values = {"a": array, "s": [array], "absent": None}
    copies = copy_from_runtime(values)  # type: ignore[arg-type]  # sequences and optionals
    array[:] = 1
    assert not copies["a"].any()
    assert not copies["s"][0].any()
    assert copies["absent"] is None
