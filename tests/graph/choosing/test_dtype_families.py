"""Dtypes match names and families."""

import ml_dtypes
import numpy as np
import pytest

from onnxfi.errors import InputError
from onnxfi.graph.choosing.dtype_families import check_dtype_name, is_of_dtype


@pytest.mark.parametrize(
    ("dtype", "name", "expected"),
    [
        (np.float32, "float", True),
        (ml_dtypes.bfloat16, "float", True),
        (ml_dtypes.float8_e4m3fn, "float", True),
        (np.uint8, "int", True),
        (np.int8, "uint", False),
        (np.int8, "int8", True),
        (np.int16, "int8", False),
        (np.bool_, "bool", True),
        (np.float32, "int", False),
    ],
)
def test_families_and_names(dtype: type, name: str, expected: bool) -> None:
    assert is_of_dtype(np.dtype(dtype), name) is expected


def test_known_names() -> None:
    for name in ("float", "uint", "bfloat16", "int4", "complex"):
        assert check_dtype_name(name) == name
    with pytest.raises(InputError, match=r"families float, int, uint, bool, complex.*'double'"):
        check_dtype_name("double")
