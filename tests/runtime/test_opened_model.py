"""Opening a prepared model: what a child process needs for it."""

import subprocess
import sys

import onnx_ir as ir
import pytest

from onnxfi.runtime.ort_values import dtype_beyond_numpy, dtype_of_number

BEYOND_NUMPY = [x for x in ir.DataType if x != ir.DataType.UNDEFINED and x.numpy().isbuiltin != 1]


@pytest.mark.parametrize("dtype", BEYOND_NUMPY, ids=lambda x: x.name)
def test_dtypes_are_those_of_onnx(dtype: ir.DataType) -> None:
    found = dtype_beyond_numpy(f"tensor({dtype.name.lower()})")
    assert found is dtype_of_number(dtype.value)
    assert found is not None
    assert (found.numpy(), found.bitwidth) == (dtype.numpy(), dtype.bitwidth)
    assert found.itemsize == dtype.itemsize


def test_numpy_dtypes_are_not_among_them() -> None:
    assert dtype_beyond_numpy("tensor(float16)") is None
    assert dtype_of_number(ir.DataType.FLOAT16.value) is None


@pytest.mark.thorough
def test_opening_needs_nothing_that_reads_graphs() -> None:
    code = "import sys, onnxfi.runtime.opened_model; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"onnx", "onnx_ir", "onnxfi.graph"} & set(run.stdout.split())
