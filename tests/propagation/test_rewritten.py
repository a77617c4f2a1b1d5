"""Golden outputs have the same bits with propagation and without, whatever is rewritten."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from small_graphs import model, node, value

import onnxfi

RNG = np.random.default_rng(0)


def dense(before: list[onnx.NodeProto], **constants: np.ndarray) -> onnx.ModelProto:
    """A MatMul, some nodes from t to u, and a MatMul."""
    weights = {
        "w": RNG.standard_normal((24, 40)).astype(np.float32),
        "v": RNG.standard_normal((40, 8)).astype(np.float32),
        **{name: np.asarray(x, np.float32) for name, x in constants.items()},
    }
    nodes = [node("MatMul", "x w", "t"), *before, node("MatMul", "u v", "y")]
    return model(nodes, [value("x", [5, 24])], [value("y", [5, 8])], weights)


def gelu() -> onnx.ModelProto:
    nodes = [
        node("Div", "t root", "a"),
        node("Erf", "a", "b"),
        node("Add", "b one", "c"),
        node("Mul", "t c", "d"),
        node("Mul", "d half", "u"),
    ]
    return dense(nodes, root=np.sqrt(2.0), one=1.0, half=0.5)


def gelu_of_tanh() -> onnx.ModelProto:
    nodes = [
        node("Pow", "t three", "a"),
        node("Mul", "a k", "b"),
        node("Add", "t b", "c"),
        node("Mul", "c root", "d"),
        node("Tanh", "d", "e"),
        node("Add", "e one", "f"),
        node("Mul", "t f", "g"),
        node("Mul", "g half", "u"),
    ]
    return dense(nodes, three=3.0, k=0.044715, root=np.sqrt(2 / np.pi), one=1.0, half=0.5)


def quick_gelu() -> onnx.ModelProto:
    nodes = [node("Mul", "t k", "a"), node("Sigmoid", "a", "b"), node("Mul", "t b", "u")]
    return dense(nodes, k=1.702)


def silu() -> onnx.ModelProto:
    return dense([node("Sigmoid", "t", "b"), node("Mul", "t b", "u")])


def there_and_back() -> onnx.ModelProto:
    to, back = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    return dense([node("Cast", "t", "a", to=to), node("Cast", "a", "u", to=back)])


@pytest.mark.parametrize("graph", [gelu, gelu_of_tanh, quick_gelu, silu, there_and_back])
def test_golden_outputs(graph: Callable[[], onnx.ModelProto]) -> None:
    loaded = onnxfi.load(graph())
    (graph_input,) = loaded.graph.inputs
    feeds = {"x": RNG.standard_normal(graph_input.shape.numpy()).astype(np.float32)}
    for target in loaded.targets(kind="activation"):
        found = []
        for propagation in (False, True):
            with onnxfi.Injector(
                loaded, target, provider="cpu", threads=1, propagation=propagation
            ) as injector:
                found.append(injector.golden(feeds).outputs["y"].tobytes())
        assert found[0] == found[1], target.tensor
