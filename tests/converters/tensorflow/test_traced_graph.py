"""Tests finding layers in graphs like those of tf2onnx, and the layers of scopes."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from onnxfi.converters.metadata.scopes import ScopedNode, common_root, scope_outputs, scopes_of
from onnxfi.converters.tensorflow.traced_graph import TracedOutput, plain_model

NHWC, NCHW = [0, 2, 3, 1], [0, 3, 1, 2]


@pytest.fixture
def traced() -> onnx.ModelProto:
    """Return a convolution, a Relu and a mean, with each layer's output as an output."""

    def transpose(source: str, result: Any, perm: Any, number: int) -> onnx.NodeProto:
        return helper.make_node("Transpose", [source], [result], f"Transpose__{number}", perm=perm)

    nodes = [
        transpose("image", "first", NCHW, 1),
        helper.make_node("Pad", ["first", "pads"], ["padded"], "pad/Pad"),
        transpose("padded", "padded_last", NHWC, 2),
        helper.make_node("Identity", ["padded_last"], ["trace_pad"], "Identity"),
        helper.make_node("Conv", ["first", "kernel"], ["conv:0"], "conv/Conv2D", pads=[1] * 4),
        transpose("conv:0", "conv_last", NHWC, 3),
        helper.make_node("Identity", ["conv_last"], ["trace_before"], "Identity_1"),
        transpose("conv_last", "conv_first", NCHW, 4),
        helper.make_node("Relu", ["conv_first"], ["relu:0"], "conv/Relu"),
        transpose("relu:0", "relu_last", NHWC, 5),
        helper.make_node("Identity", ["relu_last"], ["trace_conv"], "Identity_2"),
        helper.make_node("Identity", ["trace_conv"], ["trace_drop"], "Identity_3"),
        helper.make_node("ReduceMean", ["relu_last"], ["mean:0"], "mean", axes=[1, 2], keepdims=0),
        helper.make_node("Identity", ["mean:0"], ["trace_mean"], "Identity_4"),
        helper.make_node("Identity", ["mean:0"], ["output_0"], "Identity_5"),
    ]
    shapes = {
        **{name: [None, 4, 4, 3] for name in ("trace_before", "trace_conv", "trace_drop")},
        "trace_pad": [None, 6, 6, 2],
        "trace_mean": [None, 3],
        "output_0": [None, 3],
    }
    kernel = np.random.default_rng(0).normal(size=(3, 2, 3, 3)).astype(np.float32)
    pads = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [None, 4, 4, 2])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, s) for x, s in shapes.items()],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(pads, "pads")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


OUTPUTS = [
    TracedOutput("trace_pad", "pad", "ZeroPadding2D", 3),
    TracedOutput("trace_conv", "conv", "Conv2D", 3, "trace_before"),
    TracedOutput("trace_drop", "drop", "Dropout", 3),
    TracedOutput("trace_mean", "mean", "GlobalAveragePooling2D", None),
]


def test_layers_are_found_where_the_graph_computes_them(traced: onnx.ModelProto) -> None:
    plain, layers, absent = plain_model(traced, OUTPUTS)
    onnx.checker.check_model(plain, full_check=True)
    assert [node.op_type for node in plain.graph.node] == [
        *("Transpose", "Conv", "Relu", "Transpose", "ReduceMean")
    ]
    assert [(x.path, x.tensor, x.operator_tensor, x.channel_axis, x.layout) for x in layers] == [
        ("conv", "conv", "conv/Conv", 1, "channels_first"),
        ("drop", "conv", None, 1, "channels_first"),
        ("mean", "mean", None, None, "source"),
    ]
    assert [(x.path, x.layer_class) for x in absent] == [("pad", "ZeroPadding2D")]
    assert [value.name for value in plain.graph.output] == ["mean"]


def test_the_model_computes_the_same(traced: onnx.ModelProto) -> None:
    plain, layers, _ = plain_model(traced, OUTPUTS)
    image = np.random.default_rng(1).normal(size=(2, 4, 4, 2)).astype(np.float32)
    names = [x.name for x in traced.graph.output]
    golden = dict(zip(names, ReferenceEvaluator(traced).run(None, {"image": image}), strict=True))
    plain.graph.output.append(helper.make_empty_tensor_value_info("conv"))
    mean, conv = map(np.asarray, ReferenceEvaluator(plain).run(None, {"image": image}))
    np.testing.assert_array_equal(mean, golden["output_0"])
    assert layers[0].channel_axis is not None
    np.testing.assert_array_equal(
        np.moveaxis(conv, layers[0].channel_axis, 3), golden["trace_conv"]
    )


def scoped(scope: str, inputs: Any, outputs: Any) -> ScopedNode:
    return ScopedNode(scopes_of(f"{scope}/op"), tuple(inputs), tuple(outputs))


def test_scopes_share_outputs_and_are_called_again() -> None:
    nodes = [
        scoped("net/a", "x", "p"),
        scoped("net/a", "p", "q"),
        scoped("net", "q", "r"),
        scoped("net/a", "r", "s"),
        scoped("head", "s", ["h", "t"]),
        scoped("head", "h", "u"),
    ]
    found = scope_outputs(nodes, {"u", "t"}, innermost_first=True)
    assert [(x.path, x.tensor) for x in found] == [
        *(("net/a", "q"), ("net/a@1", "s"), ("net", "s")),
        *(("head:1", "t"), ("head", "u")),
    ]
    outermost = scope_outputs(nodes, {"u", "t"}, innermost_first=False)
    assert [x.path for x in outermost][:3] == ["net/a", "net", "net/a@1"]
    assert "t" not in {
        x.tensor for x in scope_outputs(nodes, {"u", "t"}, innermost_first=True, sizes={"t"})
    }


def test_the_root_that_all_scopes_share() -> None:
    assert common_root([("a", "a/b"), ("a", "a/b", "a/b/c"), ()]) == "a/b/"
    assert common_root([("a",), ("b",)]) == common_root([()]) == ""
