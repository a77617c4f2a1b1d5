"""Outputs have the same bits with propagation and without, whatever is rewritten."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.error_models import BitFlip
from tests.support.record_checks import assert_same
from tests.support.small_graphs import model, node, random_inputs, value

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


def sequences(nodes: list[onnx.NodeProto], **constants: np.ndarray) -> onnx.ModelProto:
    """A MatMul of a sequence to t, and some nodes from t and the graph input s to y."""
    weights = {
        "w": RNG.standard_normal((24, 40)).astype(np.float32),
        "k": RNG.standard_normal((1, 4, 10, 7)).astype(np.float32),
        "heads": np.array([2, 5, 4, 10]),
        **constants,
    }
    inputs = [value("x", [2, 5, 24]), value("s", [2, 5, 40])]
    return model([node("MatMul", "x w", "t"), *nodes], inputs, [value("y", None)], weights)


def scaled_product() -> onnx.ModelProto:
    nodes = [
        node("Mul", "t scale", "a"),
        node("Reshape", "a heads", "b"),
        node("Transpose", "b", "c", perm=[0, 2, 1, 3]),
        node("MatMul", "c k", "y"),
    ]
    return sequences(nodes, scale=np.float32(0.3))


def divided_product() -> onnx.ModelProto:
    nodes = [
        node("Reshape", "t heads", "a"),
        node("Transpose", "a", "b", perm=[0, 2, 1, 3]),
        node("Div", "b root", "c"),
        node("Transpose", "b", "d", perm=[0, 1, 3, 2]),
        node("MatMul", "c d", "y"),
    ]
    return sequences(nodes, root=np.float32(3.1))


def transposed_product() -> onnx.ModelProto:
    v = RNG.standard_normal((9, 40)).astype(np.float32)
    nodes = [node("Transpose", "t", "a", perm=[0, 2, 1]), node("MatMul", "v a", "y")]
    return sequences(nodes, v=v)


def transposed_gemm() -> onnx.ModelProto:
    v = RNG.standard_normal((9, 40)).astype(np.float32)
    nodes = [
        node("Reshape", "t flat", "a"),
        node("Transpose", "a", "b", perm=[1, 0]),
        node("Gemm", "v b", "y"),
    ]
    return sequences(nodes, v=v, flat=np.array([10, 40]))


def normalized_sum() -> onnx.ModelProto:
    nodes = [
        node("Add", "t bias", "a"),
        node("Add", "a s", "b"),
        node("LayerNormalization", "b gain shift", "y"),
    ]
    bias, gain, shift = RNG.standard_normal((3, 40)).astype(np.float32)
    return sequences(nodes, bias=bias, gain=gain, shift=shift)


def normalized_by_hand() -> onnx.ModelProto:
    nodes = [
        node("Add", "t s", "a"),
        node("ReduceMean", "a", "b", axes=[-1]),
        node("Sub", "a b", "c"),
        node("Pow", "c two", "d"),
        node("ReduceMean", "d", "e", axes=[-1]),
        node("Add", "e epsilon", "f"),
        node("Sqrt", "f", "g"),
        node("Div", "c g", "h"),
        node("Mul", "h gain", "i"),
        node("Add", "i shift", "y"),
    ]
    gain, shift = RNG.standard_normal((2, 40)).astype(np.float32)
    two, epsilon = np.float32(2), np.float32(1e-5)
    return sequences(nodes, gain=gain, shift=shift, two=two, epsilon=epsilon)


def transposed_mean() -> onnx.ModelProto:
    nodes = [
        node("Transpose", "t", "a", perm=[0, 2, 1]),
        node("ReduceMean", "a", "b", axes=[-1]),
        node("Sub", "a b", "c"),
        node("Softmax", "c", "d", axis=-1),
        node("Transpose", "d", "y", perm=[0, 2, 1]),
    ]
    return sequences(nodes)


def reciprocal() -> onnx.ModelProto:
    nodes = [node("Div", "one t", "a"), node("Mul", "a s", "y")]
    return sequences(nodes, one=np.float32(1))


GRAPHS = [
    *(gelu, gelu_of_tanh, quick_gelu, silu, there_and_back, scaled_product, divided_product),
    *(transposed_product, transposed_gemm, transposed_mean, normalized_sum, normalized_by_hand),
    reciprocal,
]


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_same_bits(graph: Callable[[], onnx.ModelProto]) -> None:
    proto = graph()
    loaded, feeds = onnxfi.load(proto), random_inputs(proto)
    for target in loaded.targets(kind="activation"):
        found = []
        for how in ({}, {"propagation": False, "lanes": 1}):
            with onnxfi.Injector(loaded, target, provider="cpu", threads=1, **how) as injector:
                golden = injector.golden(feeds)
                injections = list(injector.inject(golden, BitFlip(), count=40))
            found.append((golden.outputs["y"].tobytes(), injections))
        assert found[0][0] == found[1][0], target.tensor
        assert_same(found[0][1], found[1][1])
