"""A network with a skip, a split, a decoder and many activations: pushed or not, the same bits."""

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.error_models import BitFlip, SpatialModel
from tests.support.small_graphs import model, node, value, weights

FEEDS = {"x": weights(1, 3, 24, 24, seed=99)}


def network() -> onnx.ModelProto:
    nodes = [
        node("Conv", "x w1", "c1", pads=[1, 1, 1, 1]),
        node("HardSwish", "c1", "h1"),
        node("MaxPool", "h1", "p1", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "p1 w2", "c2", pads=[1, 1, 1, 1]),
        node("Sigmoid", "c2", "s2"),
        node("Mul", "c2 s2", "m2"),
        node("Split", "m2", "a b", axis=1),
        node("Conv", "b w3", "c3", pads=[1, 1, 1, 1]),
        node("PRelu", "c3 slope", "r3"),
        node("Add", "r3 b", "d3"),
        node("Concat", "a d3", "e3", axis=1),
        node("Resize", "e3 - scales", "u3", mode="nearest"),
        node("Concat", "u3 h1", "k3", axis=1),
        node("Conv", "k3 w4", "c4", pads=[1, 1, 1, 1]),
        node("Relu", "c4", "r4"),
        node("ConvTranspose", "r4 w5", "t5", strides=[2, 2]),
        node("Sigmoid", "t5", "y"),
    ]
    shapes = {
        "w1": (8, 3, 3, 3),
        "w2": (8, 8, 3, 3),
        "w3": (4, 4, 3, 3),
        "w4": (8, 16, 3, 3),
        "w5": (8, 2, 2, 2),
        "slope": (4, 1, 1),
    }
    given = {name: weights(*shape, seed=i) / 3 for i, (name, shape) in enumerate(shapes.items())}
    given["scales"] = np.array([1, 1, 2, 2], np.float32)
    return model(nodes, [value("x", [1, 3, 24, 24])], [value("y", None)], given)


ALL = ["c1", "h1", "p1", "c2", "s2", "m2", "a", "b", "c3", "r3", "d3", "e3", "u3", "k3", "c4", "t5"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "target",
    [pytest.param(x, marks=[] if x in ("c1", "c2", "c3") else [pytest.mark.nightly]) for x in ALL],
)
def test_the_same_bits(target: str) -> None:
    loaded = onnxfi.load(network())
    found = []
    for propagation in (True, False):
        with onnxfi.Injector(
            loaded, target, provider="cpu", threads=1, propagation=propagation
        ) as injector:
            golden = injector.golden(FEEDS)
            found.append(
                [
                    (x.outcome, x.outputs["y"].tobytes())
                    for error_model in (BitFlip(), SpatialModel(model="conv"))
                    for x in injector.inject(golden, error_model, count=60)
                ]
            )
    assert found[0] == found[1]
