"""Low precision and coarse rounding are found."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto

import onnxfi
from onnxfi.graph.precision import has_low_precision, rounds_coarsely
from tests.support.small_graphs import chain, model, node, value


def graph(*ops: onnx.NodeProto, element: int = TensorProto.FLOAT) -> onnxfi.Model:
    inputs, outputs = [value("x", [4], element)], [value("y", [4], element)]
    scale: dict[str, np.ndarray] = {
        "s": np.array(0.5, np.float32),
        "z": np.array(0, np.int8),
    }
    return onnxfi.load(model(list(ops), inputs, outputs, scale))


def test_plain_float32() -> None:
    loaded = onnxfi.load(chain())
    assert not has_low_precision(loaded.graph)
    assert not rounds_coarsely(loaded.graph)


@pytest.mark.parametrize(
    ("loaded", "low"),
    [
        (graph(node("Neg", "x", "y"), element=TensorProto.FLOAT16), True),
        (graph(node("Neg", "x", "y"), element=TensorProto.INT8), False),  # such as an image
        (
            graph(node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "y")),
            True,
        ),
    ],
)
def test_low_precision(loaded: onnxfi.Model, low: bool) -> None:
    assert has_low_precision(loaded.graph) is low
    assert loaded.is_low_precision is low


@pytest.mark.parametrize("op", ["Floor", "Sign", "Hardmax"])
def test_coarse_rounding(op: str) -> None:
    loaded = graph(node(op, "x", "y"))
    assert rounds_coarsely(loaded.graph)
    assert not has_low_precision(loaded.graph)
