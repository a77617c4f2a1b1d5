"""Inputs that are made up."""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto

import onnxfi
from onnxfi.errors import InputError
from onnxfi.injector.random_inputs import draw_inputs
from tests.support.small_graphs import model, node, value


def test_the_model_takes_them() -> None:
    proto = model(
        [
            node("Gather", "words tokens", "embedded"),
            node("Cast", "half", "single", to=TensorProto.FLOAT),
            node("Add", "embedded single", "sum"),
            node("Where", "mask sum default", "y"),
        ],
        [
            value("tokens", ["N", 4], TensorProto.INT64),
            value("half", [1, 4, 3], TensorProto.FLOAT16),
            value("mask", [], TensorProto.BOOL),
            value("default", [1]),
        ],
        [value("y", None)],
        {"words": np.ones((2, 3), np.float32), "default": np.zeros(1, np.float32)},
    )
    made = draw_inputs(onnxfi.load(proto), rng=np.random.default_rng(0))
    assert {name: x.shape for name, x in made.items()} == {
        "tokens": (1, 4),
        "half": (1, 4, 3),
        "mask": (),
    }
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (y,) = session.run(None, made)
    assert y.shape == (1, 4, 3)


@pytest.mark.parametrize("shape", [None, ["N", "T"], ["N", 3, None]])
def test_unknown_sizes_are_refused(shape: list[int | str] | None) -> None:
    proto = model([node("Relu", "x", "y")], [value("x", shape)], [value("y", None)])
    with pytest.raises(InputError, match="'x' is"):
        draw_inputs(onnxfi.load(proto), rng=np.random.default_rng(0))


def test_an_undefined_element_type_is_refused() -> None:
    proto = model([node("Relu", "x", "y")], [value("x", [1, 3], 0)], [value("y", None)])
    with pytest.raises(InputError, match="'x' is"):
        draw_inputs(onnxfi.load(proto), rng=np.random.default_rng(0))


def test_an_input_that_would_fill_the_memory_is_refused() -> None:
    proto = model([node("Relu", "x", "y")], [value("x", [2, 2**31 - 1, 6])], [value("y", None)])
    with pytest.raises(InputError, match=r"268,435,456 elements, and 'x' has the shape"):
        draw_inputs(onnxfi.load(proto), rng=np.random.default_rng(0))
