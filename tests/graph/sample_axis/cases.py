"""Nodes that samples of a batch may share, and nodes that make them meet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper

from tests.support.small_graphs import model, node, value, weights

NO_WEIGHTS: Mapping[str, np.ndarray] = {}


@dataclass(frozen=True)
class Case:
    """Nodes from ``x``, of a shape for each sample, to ``y``."""

    nodes: list[onnx.NodeProto]
    shape: tuple[int, ...] = (4, 16)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    opset: int = 20

    def proto(self, batch: int | str = 1) -> onnx.ModelProto:
        """Return the model for a batch of some size."""
        inputs = [value("x", [batch, *self.shape])]
        proto = model(self.nodes, inputs, [value("y", None)], self.weights)
        proto.opset_import[0].CopyFrom(helper.make_opsetid("", self.opset))
        return proto


def one(
    op: str,
    inputs: str = "x",
    shape: tuple[int, ...] = (4, 16),
    weights: Mapping[str, np.ndarray] = NO_WEIGHTS,
    opset: int = 20,
    **attributes: Any,
) -> Case:
    """Return the case of one node."""
    return Case([node(op, inputs, "y", **attributes)], shape, weights, opset)


def ints(*values: int) -> dict[str, np.ndarray]:
    return {"k": np.array(values, np.int64)}


def floats(*values: float) -> dict[str, np.ndarray]:
    return {"k": np.array(values, np.float32)}


def steps_first(op: str, gates: int) -> Case:
    """Make samples the second axis for a recurrent operator, as exporters do."""
    nodes = [
        node("Transpose", "x", "t", perm=[1, 0, 2]),
        node(op, "t w r", "s", hidden_size=3),
        node("Transpose", "s", "y", perm=[2, 0, 1, 3]),
    ]
    given = {"w": weights(1, 3 * gates, 16), "r": weights(1, 3 * gates, 3)}
    return Case(nodes, weights=given)


def there_and_back() -> Case:
    """Reshape a sequence of images with the batch in the middle."""
    nodes = [
        node("Transpose", "x", "t", perm=[1, 0, 2]),
        node("Reshape", "t k", "r"),
        node("Transpose", "r", "y", perm=[1, 0, 2, 3]),
    ]
    return Case(nodes, weights=ints(4, 1, 2, 8))


M, N = weights(16, 5), weights(5, 4)
APART = {
    "Relu": one("Relu"),
    "Elu": one("Elu"),
    "Add, samples first": one("Add", "x k", weights={"k": weights(16)}),
    "Add of one for all": one("Add", "k x", weights={"k": weights(1, 1, 16)}),
    "Softmax": one("Softmax", axis=-1),
    "Softmax of two axes": one("Softmax", axis=1, opset=12),
    "LogSoftmax": one("LogSoftmax", axis=2, opset=12),
    "ReduceSum": one("ReduceSum", "x k", weights=ints(-1)),
    "ReduceMean": one("ReduceMean", axes=[1, 2], keepdims=0, opset=13),
    "ReduceMax": one("ReduceMax", "x k", weights=ints(2), keepdims=0),
    "ReduceSum of no axes": one("ReduceSum", noop_with_empty_axes=1),
    "ArgMax": Case([node("ArgMax", "x", "i", axis=1, keepdims=0), node("Cast", "i", "y", to=1)]),
    "LayerNormalization": one("LayerNormalization", "x k", weights={"k": weights(16)}),
    "CumSum": one("CumSum", "x k", weights=ints(1)),
    "Transpose and back": there_and_back(),
    "Flatten": one("Flatten", axis=1),
    "Reshape": one("Reshape", "x k", weights=ints(-1, 64)),
    "Reshape to a batch of 1": one("Reshape", "x k", weights=ints(1, 2, 32)),
    "Concat": one("Concat", "x x", axis=2),
    "Gather": one("Gather", "x k", axis=2, weights=ints(0, 3)),
    "Slice": one(
        "Slice", "x b e a", weights={"b": np.array([1]), "e": np.array([3]), "a": np.array([1])}
    ),
    "Slice of all samples": one(
        "Slice", "x b e", weights={"b": np.array([0, 1]), "e": np.array([1 << 40, 3])}
    ),
    "Pad": one("Pad", "x k", weights=ints(0, 1, 0, 0, 0, 2)),
    "Tile": one("Tile", "x k", weights=ints(1, 2, 1)),
    "Expand": one("Expand", "x k", (1, 16), weights=ints(1, 4, 16)),
    "Unsqueeze": one("Unsqueeze", "x k", weights=ints(2, -1)),
    "Squeeze": one("Squeeze", "x k", (1, 16), weights=ints(1)),
    "MatMul": one("MatMul", "x k", weights={"k": M}),
    "MatMul of matrices on the right": one("MatMul", "k x", weights={"k": N}),
    "MatMul of itself": Case(
        [node("Transpose", "x", "t", perm=[0, 2, 1]), node("MatMul", "x t", "y")]
    ),
    "Gemm": one("Gemm", "x k b", (16,), weights={"k": M, "b": weights(5)}),
    "Einsum": one("Einsum", "x k", equation="abc,cd->abd", weights={"k": M}),
    "Conv": one("Conv", "x k", (2, 5, 5), weights={"k": weights(3, 2, 2, 2)}),
    "MaxPool": one("MaxPool", "x", (2, 5, 5), kernel_shape=[2, 2]),
    "InstanceNormalization": one(
        "InstanceNormalization", "x k k", (4, 2, 2), weights={"k": weights(4)}
    ),
    "LRN": one("LRN", "x", (4, 2, 2), size=3),
    "BatchNormalization": one(
        "BatchNormalization",
        "x k k k v",
        (4, 5),
        weights={"k": weights(4), "v": np.ones(4, np.float32)},
    ),
    "Resize": one("Resize", "x - k", (2, 3, 3), weights=floats(1, 1, 2, 2)),
    "Trilu": one("Trilu", "x", (4, 4)),
    "LpNormalization": one("LpNormalization", axis=-1),
    "OneHot": Case(
        [node("Cast", "x", "i", to=7), node("OneHot", "i d k", "y", axis=1)],
        weights={"d": np.array(4), **floats(0, 1)},
    ),
    "QuantizeLinear": Case(
        [node("QuantizeLinear", "x k", "q", axis=1), node("DequantizeLinear", "q k", "y", axis=1)],
        weights=floats(0.1, 0.2, 0.3, 0.4),
    ),
    "LSTM": steps_first("LSTM", 4),
    "GRU": steps_first("GRU", 3),
    "Shape of the others": Case(
        [
            node("Shape", "x", "s", start=1),
            node("ConstantOfShape", "s", "c"),
            node("Add", "x c", "y"),
        ]
    ),
}
# Nothing is computed otherwise, but a sample is no longer what lies along the first axis.
LAID_OUT_ANEW = {
    "Flatten": (one("Flatten", axis=0), "merges the samples with another axis"),
    "Reshape": (one("Reshape", "x k", weights=ints(-1)), "merges the samples with another axis"),
    "Reshape to columns": (
        one("Reshape", "x k", (4,), weights=ints(4, -1)),
        "merges the samples with another axis",
    ),
    "Squeeze": (one("Squeeze"), "drops every axis of size 1"),
}
MIXED = {
    "Add, lower rank": (
        Case(
            [node("ReduceL1", "x", "m", axes=[1], keepdims=0), node("Add", "x m", "y")],
            (1, 4),
            opset=13,
        ),
        "aligns the samples of one input",
    ),
    "Add to a batch of constants": (
        one("Add", "x k", weights={"k": weights(5, 1, 1)}),
        "an axis of a shared input",
    ),
    "Softmax": (one("Softmax", axis=0), "works along the axis of the samples"),
    "Softmax of all axes": (
        one("Softmax", axis=0, opset=12),
        "works along the axis of the samples",
    ),
    "ReduceMean": (one("ReduceMean"), "reduces along the axis of the samples"),
    "CumSum": (one("CumSum", "x k", weights=ints(0)), "accumulates along the axis of the samples"),
    "MeanVarianceNormalization": (
        one("MeanVarianceNormalization", "x", (4, 2, 2)),
        "normalizes along the axis",
    ),
    "LpNormalization": (one("LpNormalization", axis=0), "works along the axis of the samples"),
    "Transpose": (one("Transpose"), "does not have the samples along its first axis"),
    "Concat": (one("Concat", "x x", axis=0), "concatenates along the axis of the samples"),
    "Gather": (
        one("Gather", "x k", axis=0, weights=ints(0)),
        "gathers along the axis of the samples",
    ),
    "Slice": (
        one("Slice", "x b e", weights={"b": np.array([0]), "e": np.array([1])}),
        "selects some of the samples",
    ),
    "Pad": (one("Pad", "x k", weights=ints(1, 0, 0, 0, 0, 0)), "pads the samples"),
    "Tile": (one("Tile", "x k", weights=ints(2, 1, 1)), "repeats the samples"),
    "TopK": (
        Case([node("TopK", "x k", "y i", axis=0)], weights=ints(1)),
        "sorts along the axis of the samples",
    ),
    "MatMul": (
        Case(
            [node("Transpose", "x", "t", perm=[1, 2, 0]), node("MatMul", "t k", "y")],
            weights={"k": weights(1, 3)},
        ),
        "sums along the axis",
    ),
    "MatMul on the right": (
        one("MatMul", "k x", (4,), weights={"k": weights(2, 1)}),
        "sums along the axis",
    ),
    "Gemm": (
        one("Gemm", "x k", (4,), weights={"k": weights(1, 3)}, transA=1),
        "sums along the axis",
    ),
    "Einsum": (one("Einsum", "x", equation="abc->bc"), "sums along the axis"),
    "Dropout in training": (
        one("Dropout", "x r t", weights={"r": np.array(0.5, np.float32), "t": np.array(True)}),
        "may draw random numbers",
    ),
    "DynamicQuantizeLinear": (
        Case([node("DynamicQuantizeLinear", "x", "q s z"), node("DequantizeLinear", "q s z", "y")]),
        "The DynamicQuantizeLinear .* has no rule for samples",
    ),
    "NonZero": (
        Case([node("NonZero", "x", "i"), node("Cast", "i", "y", to=1)]),
        "has no rule for samples",
    ),
    "QuantizeLinear": (
        Case(
            [
                node("QuantizeLinear", "x k", "q", axis=0),
                node("DequantizeLinear", "q k", "y", axis=0),
            ],
            weights=floats(0.1, 0.2),
        ),
        "has scales along the axis of the samples",
    ),
    "MaxPool's indices": (
        Case([node("MaxPool", "x", "m y", kernel_shape=[2])]),
        "indices that count through all samples",
    ),
    "sizes of batches": (
        Case(
            [
                node("Shape", "x", "s"),
                node("Cast", "s", "f", to=1),
                node("ReduceMax", "f", "m", keepdims=0),
                node("Mul", "x m", "y"),
            ],
            (2, 2),
        ),
        "reads the number of samples",
    ),
    "BatchNormalization in training": (
        Case(
            [node("BatchNormalization", "x k k k k", "y a b", training_mode=1)],
            weights=floats(1, 2, 1, 2),
        ),
        "as in training",
    ),
    "other bits in an RNN": (steps_first("RNN", 1), "The RNN .* has no rule for samples"),
    "sums of the middle": (
        one("ReduceSum", "x k", (16, 64), weights=ints(1)),
        "in another order than several",
    ),
    "sums of odd rows": (one("ReduceSum", "x k", (37,), weights=ints(-1)), "not a multiple of 16"),
    "logarithms of odd rows": (
        Case([node("Abs", "x", "a"), node("Log", "a", "y")], (3, 5)),
        "not a multiple of 16",
    ),
    "Elu of odd rows": (one("Elu", "x", (3, 5)), "not a multiple of 16"),
    "Softplus of images": (one("Softplus", "x", (3, 7, 7)), "not a multiple of 16"),
}
