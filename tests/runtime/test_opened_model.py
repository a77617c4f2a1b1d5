"""Opening a prepared model: what a child process needs for it."""

import subprocess
import sys

import numpy as np
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from onnxfi.errors import InputError
from onnxfi.runtime.opened_model import OpenedModel, PreparedModel
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


def test_messages_of_several_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some builds of ONNX Runtime add a stack trace to what they refuse."""
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy")
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    opened = OpenedModel(PreparedModel(model.SerializeToString(), {}, "cpu", 1, True, True))

    class Refusing:
        def run(self, names: object, feeds: object) -> None:
            raise ort_errors.RuntimeException(
                "Failed to allocate memory\nStacktrace:\n\n  at f()\n"
            )

    monkeypatch.setattr(opened, "_session", Refusing())
    with pytest.raises(InputError) as caught:
        opened.run({"x": np.zeros(1, np.float32)})
    assert str(caught.value).endswith("inputs: Failed to allocate memory Stacktrace: at f()")


@pytest.mark.thorough
def test_opening_needs_nothing_that_reads_graphs() -> None:
    code = "import sys, onnxfi.runtime.opened_model; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"onnx", "onnx_ir", "onnxfi.graph"} & set(run.stdout.split())
