"""Tests the choice of the push region."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.suffix.phases.region import find_push_region
from tests.support.small_graphs import model as small_model
from tests.support.small_graphs import node, value


def scaled() -> onnxfi.Model:
    """Return Relu, then Mul with the weights ``w``, which are one for each channel."""
    shape = [1, 3, 4, 5]
    weights = np.array([0.5, -2.0, 3.0], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Relu", ["x"], ["hidden"]),
            helper.make_node("Unsqueeze", ["w", "axes"], ["scale"]),
            helper.make_node("Mul", ["hidden", "scale"], ["y"]),
        ],
        "scaled",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.array([1, 2]), "axes")],
    )
    opset = helper.make_opsetid("", 17)
    return onnxfi.load(helper.make_model(graph, opset_imports=[opset], ir_version=8))


def test_what_is_computed_from_weights_alone_is_known() -> None:
    model = scaled()
    stage = onnxfi.split(model, "hidden").stages[0]
    assert [step.output for step in find_push_region(stage).nodes] == ["y"]

    x = np.random.default_rng(0).standard_normal((1, 3, 4, 5)).astype(np.float32)
    scale = np.array([0.5, -2.0, 3.0], np.float32)[:, None, None]
    with onnxfi.Injector(model, "hidden", provider="cpu") as injector:
        golden = injector.golden({"x": x})
        np.testing.assert_array_equal(golden.outputs["y"], np.maximum(x, 0) * scale)
        for injection in injector.inject(golden, BitFlip(bit=30), count=40):
            with np.errstate(all="ignore"):  # flips of the highest bit of an exponent
                expected = injection.corruption.apply(golden.target) * scale
            outputs = {**golden.outputs, **(injection.outputs or {})}
            np.testing.assert_array_equal(outputs["y"], expected)


@pytest.mark.parametrize(("stride", "frontier"), [(1, ("r", "n")), (2, ("r",))])
def test_an_image_of_another_size_beside_its_own_is_left_to_the_rest(
    stride: int, frontier: tuple[str, ...]
) -> None:
    """As in a U-Net: windows begin with images of one size, and no corruption is masked there."""
    nodes = [
        node("Conv", "x w", "t"),
        node("Relu", "t", "r"),
        node("MaxPool", "r", "p", kernel_shape=[1, 1], strides=[stride, stride]),
        node("Neg", "p", "n"),
        node("GlobalAveragePool", "n", "small"),
        node("GlobalAveragePool", "r", "large"),
        node("Add", "small large", "y"),
    ]
    weights = {"w": np.ones((2, 1, 1, 1), np.float32)}
    inputs, outputs = [value("x", [1, 1, 6, 6])], [value("y", [1, 2, 1, 1])]
    stage = onnxfi.split(onnxfi.load(small_model(nodes, inputs, outputs, weights)), "t").stages[0]
    assert find_push_region(stage).entry == frontier
