"""The channel axis: told by operators, followed through layouts, both ways."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import onnxfi
from onnxfi.graph.axis_links import axis_links
from onnxfi.graph.channel_axis import channel_axes
from tests.support.small_graphs import node, value, weights

KERAS_FILES = sorted(
    path
    for path in (Path(__file__).parents[1] / "converters" / "data").glob("*.h5")
    # Any operation may be called on any axis: of a model of operations the graph tells little.
    # What normalises over an inner axis says that the channels are there.
    if not any(x in path.name for x in (".weights", "operations", "inner_axes"))
)
SEQUENCE_LAYERS = {"Embedding", "GRU", "LSTM", "SimpleRNN", "RNN", "Bidirectional"}
UNTOLD_LAYERS = ("Adaptive", "ConvLSTM", "LocallyConnected", "Resizing")
# All different, so that an axis is known by its size.
A, B, C, D = 2, 3, 4, 5


def proto_of(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str]],
    constants: dict[str, np.ndarray] | None = None,
) -> onnx.ModelProto:
    """A model whose outputs are those of its last node, with the types that ONNX infers."""
    graph = helper.make_graph(
        nodes,
        "small",
        [value(name, shape) for name, shape in inputs.items()],
        [],
        [numpy_helper.from_array(x, name) for name, x in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", 23), helper.make_opsetid("com.microsoft", 1)]
    proto = helper.make_model(graph, opset_imports=opsets, ir_version=11)
    inferred = onnx.shape_inference.infer_shapes(proto, data_prop=True)
    proto.graph.output.extend(x for x in inferred.graph.value_info if x.name in nodes[-1].output)
    return proto


CONSTANTS = {
    "zero": np.array([0]),
    "last": np.array([-1]),
    "ends": np.array([0, -1]),
    "one": np.array(1),
    "backwards": np.arange(D)[::-1].copy(),
    "to_5d": np.array([A, 1, B, C, D]),
    "to_3d": np.array([0, 0, D]),
    "vector": weights(D),
    "plane": weights(C, 1),
}
# Operators that leave the size of every axis that stays.
MOVERS = [
    node("Relu", "x", "y"),
    node("Softmax", "x", "y", axis=1),
    node("Add", "x vector", "y"),
    node("Mul", "plane x", "y"),
    node("Transpose", "x", "y", perm=[0, 2, 3, 1]),
    node("Transpose", "x", "y", perm=[3, 0, 2, 1]),
    node("Transpose", "x", "y"),
    node("Unsqueeze", "x last", "y"),
    node("Unsqueeze", "x ends", "y"),
    node("Squeeze", "thin last", "y"),
    node("Squeeze", "thin", "y"),
    node("Reshape", "x to_5d", "y"),
    node("Reshape", "thin to_3d", "y"),
    node("ReduceMax", "x last", "y", keepdims=0),
    node("ReduceMean", "x ends", "y", keepdims=0),
    node("ReduceSum", "x ends", "y"),
    node("ArgMax", "x", "y", axis=1, keepdims=0),
    node("Gather", "x one", "y", axis=1),
    node("Gather", "x backwards", "y", axis=3),
    node("CumSum", "x one", "y"),
    node("LayerNormalization", "x vector", "y"),
]


@pytest.mark.parametrize("mover", MOVERS, ids=lambda x: " ".join((x.op_type, *x.input)))
def test_links_lead_to_the_axis_of_the_same_size(mover: onnx.NodeProto) -> None:
    shapes = {"x": [A, B, C, D], "thin": [A, B, D, 1]}
    source = "thin" if "thin" in mover.input else "x"
    constants = {name: x for name, x in CONSTANTS.items() if name in mover.input}
    proto = proto_of([mover], {source: shapes[source]}, constants)
    y = np.asarray(*ReferenceEvaluator(proto).run(None, {source: weights(*shapes[source])}))
    (loaded,) = onnxfi.load(proto).graph
    for link in axis_links(loaded):
        assert link.source.shape is not None
        sizes = list(link.source.shape)
        expected = {
            axis: y.shape.index(size)
            for axis, size in enumerate(sizes)
            if size != 1 and size in y.shape
        }
        assert {a: b for a, b in link.forward.items() if sizes[a] != 1} == expected
        assert {a: b for b, a in link.backward.items() if sizes[a] != 1} == expected


@pytest.mark.parametrize(
    ("before", "shape", "forward", "backward"),
    [
        # Features merged from channels and positions, as by Flatten.
        (["N", B, C, D], [0, -1], {0: 0, 1: 1, 2: 1, 3: 1}, {0: 0}),
        (["N", B, C, D], [-1, B * C * D], {0: 0, 1: 1, 2: 1, 3: 1}, {0: 0}),
        (["N", B, 1, 1], [0, -1], {0: 0, 1: 1}, {0: 0, 1: 1}),
        # An image as a sequence of patches.
        (["N", B, C, D], [0, B, -1], {0: 0, 1: 1, 2: 2, 3: 2}, {0: 0, 1: 1}),
        # Features split into heads, and merged again.
        (["N", "T", 12], [0, 0, B, C], {0: 0, 1: 1}, {0: 0, 1: 1, 2: 2, 3: 2}),
        (["N", "T", B, C], [0, 0, 12], {0: 0, 1: 1, 2: 2, 3: 2}, {0: 0, 1: 1}),
        # Nothing is left as it was.
        ([12], [B, C], {}, {0: 0, 1: 0}),
        ([B, C], [C, B], {}, {}),
    ],
)
def test_reshape(
    before: list[int | str], shape: list[int], forward: dict[int, int], backward: dict[int, int]
) -> None:
    proto = proto_of([node("Reshape", "x shape", "y")], {"x": before}, {"shape": np.array(shape)})
    (link,) = axis_links(onnxfi.load(proto).graph[0])
    assert (link.forward, link.backward) == (forward, backward)


@pytest.mark.parametrize(("axis", "forward"), [(1, {0: 0, 1: 1, 2: 1}), (2, {0: 0, 1: 0, 2: 1})])
def test_flatten(axis: int, forward: dict[int, int]) -> None:
    proto = proto_of([node("Flatten", "x", "y", axis=axis)], {"x": [A, B, C]})
    (link,) = axis_links(onnxfi.load(proto).graph[0])
    assert link.forward == forward


def axes_of(proto: onnx.ModelProto) -> dict[str, int]:
    return dict(channel_axes(onnxfi.load(proto).graph))


# Weights of which each channel makes one channel of the output, and nothing else.
FILTERS = [
    (node("Conv", "x w b", "y"), {"x": [A, B, 6, 7], "w": [C, B, 2, 3], "b": [C]}),
    (node("Conv", "x w b", "y"), {"x": [A, B, 6], "w": [C, B, 2], "b": [C]}),
    (node("ConvTranspose", "x w b", "y"), {"x": [A, B, 6, 7], "w": [B, C, 2, 3], "b": [C]}),
    (node("Gemm", "x w b", "y"), {"x": [A, B], "w": [B, C], "b": [C]}),
    (node("Gemm", "x w b", "y", transA=1, transB=1), {"x": [B, A], "w": [C, B], "b": [1, C]}),
    (node("MatMul", "x w", "y"), {"x": [A, D, B], "w": [B, C]}),
    (node("MatMul", "w x", "y"), {"x": [A, B, D], "w": [C, B]}),
    (node("BatchNormalization", "x w b m v", "y"), {"x": [A, C, D], **{x: [C] for x in "wbmv"}}),
    (node("InstanceNormalization", "x w b", "y"), {"x": [A, C, D], "w": [C], "b": [C]}),
    (node("LayerNormalization", "x w b", "y"), {"x": [A, D, C], "w": [C], "b": [C]}),
    (node("PRelu", "x w", "y"), {"x": [A, C, D, B], "w": [C, 1, 1]}),
]


@pytest.mark.parametrize(("operator", "shapes"), FILTERS, ids=lambda x: getattr(x, "op_type", ""))
def test_a_channel_of_a_weight_makes_a_channel_of_the_output(
    operator: onnx.NodeProto, shapes: dict[str, list[int]]
) -> None:
    arrays = {name: 0.5 + np.abs(weights(*shape)) for name, shape in shapes.items()}
    arrays["x"] -= 1  # PRelu looks at negative values only
    names = [name for name in shapes if name != "x"]
    nodes = [operator]
    if operator.op_type == "PRelu":  # says nothing itself, so a neighbour must
        nodes.append(node("BatchNormalization", "y c c c c", "z"))
    constants = {name: arrays[name] for name in names} | {"c": np.ones(C, np.float32)}
    axes = axes_of(proto_of(nodes, {"x": shapes["x"]}, constants))
    proto = proto_of([operator], shapes)
    proto.graph.output[0].name = "y"
    reference = ReferenceEvaluator(proto)
    golden = np.asarray(*reference.run(None, arrays))
    for name in names:
        for channel in range(C):
            changed = arrays[name].copy()
            np.moveaxis(changed, axes[name], 0)[channel] *= 2
            faulty = np.asarray(*reference.run(None, arrays | {name: changed}))
            differing = np.unique(np.nonzero(faulty != golden)[axes["y"]])
            assert differing.tolist() == [channel], name


@pytest.mark.parametrize("operator", ["LSTM", "GRU", "RNN"])
def test_recurrent(operator: str) -> None:
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[operator]
    states = " initial_c P" if operator == "LSTM" else ""
    outputs = "Y Y_h Y_c" if operator == "LSTM" else "Y Y_h"
    recurrent = node(
        operator, f"X W R B - initial_h{states}", outputs, hidden_size=D, direction="bidirectional"
    )
    proto = proto_of(
        [recurrent],
        {"X": [A, B, C], "initial_h": [2, B, D]} | ({"initial_c": [2, B, D]} if states else {}),
        {
            "W": weights(2, gates * D, C),
            "R": weights(2, gates * D, D),
            "B": weights(2, 2 * gates * D),
            "P": weights(2, 3 * D),
        },
    )
    expected = {"X": 2, "W": 1, "R": 1, "B": 1, "initial_h": 2, "Y": 3, "Y_h": 2}
    if states:
        expected |= {"initial_c": 2, "P": 1, "Y_c": 2}
    assert axes_of(proto) == expected


def test_an_encoder() -> None:
    """Features are the last axis; the scores have a channel for each head."""
    proto = proto_of(
        [
            node("Cast", "indices", "tokens", to=onnx.TensorProto.INT64),
            node("Gather", "table tokens", "e"),
            node("Add", "e positions", "x"),
            node("MatMul", "x wq", "q2"),
            node("Reshape", "q2 heads", "q3"),
            node("Transpose", "q3", "q", perm=[0, 2, 1, 3]),
            node("Transpose", "q3", "k", perm=[0, 2, 3, 1]),
            node("MatMul", "q k", "scores"),
            node("Add", "scores mask", "masked"),
            node("Softmax", "masked", "attention"),
            node("MatMul", "attention q", "c"),
            node("Transpose", "c", "c2", perm=[0, 2, 1, 3]),
            node("Reshape", "c2 merged", "context"),
            node("MatMul", "context wo", "o"),
            node("Add", "o x", "s"),
            node("LayerNormalization", "s scale bias", "n"),
            node("ReduceMean", "n one", "pooled", keepdims=0),
            node("Gemm", "pooled wc", "y"),
        ],
        {"indices": ["N", 7], "mask": ["N", 1, 1, 7]},
        {
            "table": weights(11, 12),
            "positions": weights(7, 12),
            "heads": np.array([0, 0, 3, 4]),
            "merged": np.array([0, 0, 12]),
            "one": np.array([1]),
            "wq": weights(12, 12),
            "wo": weights(12, 12),
            "wc": weights(12, 2),
            "scale": weights(12),
            "bias": weights(12),
        },
    )
    assert axes_of(proto) == {
        **dict.fromkeys(["table", "positions", "wq", "wo", "wc", "pooled", "y"], 1),
        **dict.fromkeys(["e", "x", "q2", "context", "o", "s", "n"], 2),
        **dict.fromkeys(["q3", "c2"], 2),
        **dict.fromkeys(["q", "k", "scores", "masked", "attention", "c"], 1),
        **dict.fromkeys(["scale", "bias"], 0),
    }


def test_layer_normalization_counts_where_nothing_else_tells() -> None:
    norm = node("LayerNormalization", "x s", "n")
    assert axes_of(proto_of([norm], {"x": [A, B, C]}, {"s": weights(C)}))["x"] == 2
    # Over the positions of an image.
    conv = node("Conv", "i k", "x")
    shapes = {"i": [A, B, C, D]}
    axes = axes_of(proto_of([conv, norm], shapes, {"k": weights(B, B, 1, 1), "s": weights(D)}))
    assert (axes["x"], axes["n"]) == (1, 1)


@pytest.mark.parametrize(
    ("shape", "heads", "axis"),
    [([A, 6, 8], {"q_num_heads": 2, "kv_num_heads": 2}, 2), ([A, 2, 6, 4], {}, 1)],
)
def test_attention_operator(shape: list[int | str], heads: dict[str, int], axis: int) -> None:
    attention = node("Attention", "q k v", "y", **heads)
    axes = axes_of(proto_of([attention], {"q": shape, "k": shape, "v": shape}))
    assert axes == dict.fromkeys(["q", "k", "v", "y"], axis)


def test_channels_last_inputs_are_told_by_what_reads_them() -> None:
    proto = proto_of(
        [
            node("Sub", "image mean", "centred"),
            node("Transpose", "centred", "t", perm=[0, 3, 1, 2]),
            node("Conv", "t k", "c"),
            node("Transpose", "c", "back", perm=[0, 2, 3, 1]),
            node("Relu", "back", "y"),
        ],
        {"image": ["N", C, D, B]},
        {"k": weights(A, B, 1, 1), "mean": weights(B)},
    )
    assert axes_of(proto) == {
        "image": 3,
        "mean": 0,
        "centred": 3,
        "t": 1,
        "k": 0,
        "c": 1,
        "back": 3,
        "y": 3,
    }


def test_quantised_weights_through_their_dequantisation() -> None:
    proto = proto_of(
        [
            node("DequantizeLinear", "q scale zero", "w", axis=0),
            node("Conv", "x w", "c"),
            node("QuantizeLinear", "c s", "cq"),
            node("DequantizeLinear", "cq s", "y"),
        ],
        {"x": ["N", B, C, D]},
        {
            "q": np.ones((C, B, 1, 1), np.int8),
            "scale": np.ones(C, np.float32),
            "zero": np.zeros(C, np.int8),
            "s": np.array(1, np.float32),
        },
    )
    axes = axes_of(proto)
    assert axes == {"x": 1, "q": 0, "scale": 0, "zero": 0, "w": 0, "c": 1, "cq": 1, "y": 1}


def test_what_nobody_tells_is_unknown() -> None:
    proto = proto_of([node("Relu", "x", "a")], {"x": ["N", A, B, C]})
    proto.graph.node.append(helper.make_node("Conv", ["a"], ["b"], domain="my.domain"))
    proto.opset_import.append(helper.make_opsetid("my.domain", 1))
    assert axes_of(proto) == {}


@pytest.mark.thorough
@pytest.mark.parametrize("path", KERAS_FILES, ids=lambda x: x.stem)
def test_layers_of_keras_models_without_their_layer_map(path: Path) -> None:
    """The converter knows the axis of each layer's output; the graph alone must tell the same.

    Of sequences it may tell nothing, nor of adaptive pooling, nor where images are only resized:
    the steps of a Loop, slices, and Resize show no channels.
    """
    loaded = onnxfi.load(path)
    axes = channel_axes(loaded.graph)
    has_steps = any(
        x.layer_class in SEQUENCE_LAYERS or x.layer_class.startswith(UNTOLD_LAYERS)
        for x in loaded.layers
    )
    for layer in loaded.layers:
        # Permute has Keras call another axis the last, which is not where the channels went; and
        # Keras names no axis of (samples, features).
        if layer.layer_class != "Permute" and layer.channel_axis is not None:
            value = loaded.values[layer.tensor]
            may_be_untold = has_steps or (value.shape is not None and len(value.shape) < 4)
            untold = {None} if may_be_untold else set()
            assert axes.get(layer.tensor) in {layer.channel_axis, *untold}, layer.path
