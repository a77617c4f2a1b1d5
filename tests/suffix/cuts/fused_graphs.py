"""A small graph for each fusion of ONNX Runtime, with a cut that changes bits where one is known.

Products have one row: their kernel depends on whether ONNX Runtime has to transpose first.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx

from tests.support.small_graphs import model, node, value, weights


@dataclass(frozen=True)
class Fused:
    """A graph that ONNX Runtime fuses.

    Attributes:
        optimizer: the optimizer's file in `onnxfi.suffix.cuts`.
        proto: the graph; its output is ``y``.
        made: an operator of the optimised graph that stands for what was fused.
        held: names of results that must stay with their consumers.
        differing: those of them at which a cut changes the outputs.
    """

    optimizer: str
    proto: onnx.ModelProto
    made: str
    held: frozenset[str]
    differing: frozenset[str]

    def __str__(self) -> str:
        """Name the fusion in the tests' ids."""
        return f"{self.optimizer}-{self.made}"


def _between(nodes: list[onnx.NodeProto], **constants: float) -> onnx.ModelProto:
    """A MatMul to t, nodes from t and the graph input s to u, and a MatMul from u to y."""
    given = {name: np.array(x, np.float32) for name, x in constants.items()}
    given |= {"w": weights(24, 40), "v": weights(40, 8, seed=1)}
    return model(
        [node("MatMul", "x w", "t"), *nodes, node("MatMul", "u v", "y")],
        [value("x", [2, 5, 24]), value("s", [2, 5, 40])],
        [value("y", None)],
        given,
    )


def _gelu() -> onnx.ModelProto:
    nodes = [
        node("Div", "t root", "a"),
        node("Erf", "a", "b"),
        node("Add", "b one", "c"),
        node("Mul", "t c", "d"),
        node("Mul", "d half", "u"),
    ]
    return _between(nodes, root=np.sqrt(2.0), one=1.0, half=0.5)


def _fast_gelu() -> onnx.ModelProto:
    nodes = [
        node("Mul", "t half", "h"),
        node("Pow", "t three", "a"),
        node("Mul", "a k", "b"),
        node("Add", "t b", "c"),
        node("Mul", "c root", "d"),
        node("Tanh", "d", "e"),
        node("Add", "e one", "f"),
        node("Mul", "h f", "u"),
    ]
    root = np.sqrt(2 / np.pi)
    return _between(nodes, half=0.5, three=3.0, k=0.044715, root=root, one=1.0)


def _quick_gelu() -> onnx.ModelProto:
    nodes = [node("Mul", "t k", "a"), node("Sigmoid", "a", "b"), node("Mul", "t b", "u")]
    return _between(nodes, k=1.702)


def _silu() -> onnx.ModelProto:
    return _between([node("Sigmoid", "t", "b"), node("Mul", "t b", "u")])


def _layer_norm() -> onnx.ModelProto:
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
        node("Add", "i shift", "u"),
    ]
    given = {"two": np.array(2, np.float32), "epsilon": np.array(1e-5, np.float32)}
    return _normalized(nodes, given)


def _skip_layer_norm() -> onnx.ModelProto:
    nodes = [
        node("Add", "t bias", "a"),
        node("Add", "a s", "b"),
        node("LayerNormalization", "b gain shift", "u"),
    ]
    return _normalized(nodes, {"bias": weights(40, seed=4)})


def _normalized(nodes: list[onnx.NodeProto], given: dict[str, np.ndarray]) -> onnx.ModelProto:
    return model(
        [node("MatMul", "x w", "t"), *nodes, node("Neg", "u", "y")],
        [value("x", [2, 5, 24]), value("s", [2, 5, 40])],
        [value("y", None)],
        {"w": weights(24, 40), "gain": weights(40, seed=2), "shift": weights(40, seed=3), **given},
    )


def _product(before: list[onnx.NodeProto], op: str) -> onnx.ModelProto:
    """A Relu to t, nodes from t to u, and a product of one row with u."""
    return model(
        [node("Relu", "x", "t"), *before, node(op, "v u", "y")],
        [value("x", [33, 300])],
        [value("y", None)],
        {"v": weights(1, 300), "k": np.float32(0.3), "flat": np.array([300, 33])},
    )


def _transpose() -> list[onnx.NodeProto]:
    return [node("Transpose", "t", "u", perm=[1, 0])]


def _scaled() -> list[onnx.NodeProto]:
    return [node("Reshape", "t flat", "r"), node("Mul", "r k", "u")]


def _there_and_back() -> onnx.ModelProto:
    to, back = onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT
    return _between([node("Cast", "t", "a", to=to), node("Cast", "a", "u", to=back)])


def _reciprocal() -> onnx.ModelProto:
    return _between([node("Div", "one t", "a"), node("Mul", "a s", "u")], one=1.0)


def _pooled_normalization() -> onnx.ModelProto:
    given = {name: np.abs(weights(16, seed=seed)) for seed, name in enumerate("sbmv")}
    nodes = [
        node("Relu", "x", "t"),
        node("MaxPool", "t", "p", kernel_shape=[2, 2]),
        node("BatchNormalization", "p s b m v", "y", epsilon=1e-5),
    ]
    return model(nodes, [value("x", [1, 16, 12, 12])], [value("y", None)], given)


def _transposed_mean() -> onnx.ModelProto:
    nodes = [
        node("MatMul", "x w", "t"),
        node("Transpose", "t", "a", perm=[0, 2, 1]),
        node("ReduceMean", "a", "b", axes=[-1]),
        node("Sub", "a b", "c"),
        node("Softmax", "c", "d", axis=-1),
        node("Transpose", "d", "y", perm=[0, 2, 1]),
    ]
    given = {"w": weights(24, 40)}
    return model(nodes, [value("x", [2, 5, 24])], [value("y", None)], given)


def _quantised_softmax() -> onnx.ModelProto:
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("DequantizeLinear", "q s z", "d"),
        node("Softmax", "d", "e"),
        node("QuantizeLinear", "e o z", "r"),
        node("DequantizeLinear", "r o z", "y"),
    ]
    given: dict[str, np.generic] = {"s": np.float32(0.02), "o": np.float32(0.033), "z": np.int8(0)}
    return model(nodes, [value("x", [1, 16, 12, 12])], [value("y", None)], given)


def _fused(
    make: Callable[[], onnx.ModelProto], optimizer: str, made: str, held: str, differing: str = ""
) -> Fused:
    return Fused(optimizer, make(), made, frozenset(held.split()), frozenset(differing.split()))


FUSED = [
    _fused(_gelu, "gelu_fusion", "Gelu", "a b d u", "a b d"),
    _fused(_fast_gelu, "fast_gelu_fusion", "FastGelu", "a b c d e h u", "a b c d e h u"),
    _fused(_quick_gelu, "quick_gelu_fusion", "QuickGelu", "a b u"),
    _fused(_silu, "quick_gelu_fusion", "QuickGelu", "b u"),
    _fused(_layer_norm, "layer_norm_fusion", "SkipLayerNormalization", "a c d h", "a c d h"),
    _fused(_skip_layer_norm, "skip_layer_norm_fusion", "SkipLayerNormalization", "a b", "b"),
    _fused(
        *(lambda: _product(_transpose(), "MatMul"), "matmul_transpose_fusion", "FusedMatMul"),
        *("u", "u"),
    ),
    _fused(
        *(lambda: _product(_scaled(), "MatMul"), "matmul_scale_fusion", "FusedMatMul"),
        *("u", "u"),
    ),
    _fused(*(lambda: _product(_transpose(), "Gemm"), "gemm_transpose_fusion", "Gemm"), *("u", "u")),
    _fused(_there_and_back, "remove_duplicate_cast_transformer", "MatMul", "a u"),
    _fused(_reciprocal, "div_mul_fusion", "Div", "a u", "a"),
    _fused(_pooled_normalization, "nchwc_transformer", "ReorderOutput", "p", "p"),
    _fused(_transposed_mean, "transpose_optimizer", "Softmax", "a", "a"),
    _fused(
        *(_quantised_softmax, "qdq_selector_action_transformer", "QLinearSoftmax"),
        *("d q", "d q"),
    ),
]
