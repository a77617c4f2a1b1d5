"""Assigns each operator its rule, which follows the axis of the samples through it.

Injections do not share a batch in models with other operators: control flow, sequences, operators
that read all elements (NonZero, Unique, NonMaxSuppression, DynamicQuantizeLinear), custom
operators. RNN has no rule because its kernel gives a sample other bits in a batch of several.
"""

from collections.abc import Callable
from functools import partial

from onnxfi.graph.sample_axis import (
    along_axes,
    elementwise,
    images,
    moving,
    products,
    quantised,
    recurrent,
)
from onnxfi.graph.sample_axis.kernels import ELEMENTWISE, OWN_ELEMENTWISE
from onnxfi.graph.sample_axis.laned_node import LanedNode
from onnxfi.onnx_ir import ir

#: Returns the axis of the samples, for all outputs or for each.
Rule = Callable[[LanedNode], int | list[int]]


def find_rule(node: ir.Node) -> Rule | None:
    """Return the rule of a node; None if it has none."""
    return _RULES.get("" if node.domain == "ai.onnx" else node.domain, {}).get(node.op_type)


_REDUCTIONS = (
    *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean"),
    *("ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"),
)
_POOLINGS = (
    *("AveragePool", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "LpPool", "Conv"),
    *("ConvInteger", "ConvTranspose", "QLinearConv"),
)
_STANDARD: dict[str, Rule] = {
    **dict.fromkeys(ELEMENTWISE, elementwise.elementwise),
    **dict.fromkeys(_REDUCTIONS, along_axes.reduce),
    **dict.fromkeys(_POOLINGS, images.by_sample),
    **dict.fromkeys(["ArgMax", "ArgMin"], along_axes.argument),
    **dict.fromkeys(["CumProd", "CumSum"], along_axes.cumulative),
    **dict.fromkeys(["DequantizeLinear", "QuantizeLinear"], quantised.quantization),
    **dict.fromkeys(["GRU", "LSTM"], recurrent.recurrent),
    **dict.fromkeys(["Hardmax", "LogSoftmax", "Softmax"], along_axes.softmax),
    **dict.fromkeys(["GroupNormalization", "InstanceNormalization"], images.instance_normalization),
    **dict.fromkeys(
        ["LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"],
        along_axes.layer_normalization,
    ),
    **dict.fromkeys(["DepthToSpace", "SpaceToDepth"], images.by_sample),
    **dict.fromkeys(["Resize", "Upsample"], images.resize),
    **dict.fromkeys(["Scatter", "ScatterElements"], moving.scatter_elements),
    "Attention": products.attention,
    "BatchNormalization": images.batch_normalization,
    "CastLike": elementwise.first_input,
    "Concat": moving.concat,
    "DFT": images.spectrum,
    "DeformConv": partial(images.by_sample, positions=(0, 2, 4)),
    "Dropout": elementwise.dropout,
    "Einsum": products.einsum,
    "Expand": moving.expand,
    "Flatten": moving.flatten,
    "Gather": moving.gather,
    "GatherElements": moving.gather_elements,
    "GatherND": moving.gather_nd,
    "Gemm": products.gemm,
    "GridSample": partial(images.by_sample, positions=(0, 1)),
    "LRN": images.local_response,
    "LpNormalization": partial(moving.along_axis, default=-1),
    "MatMul": products.matmul,
    "MatMulInteger": products.matmul_integer,
    "MaxPool": images.max_pool,
    "MeanVarianceNormalization": along_axes.mean_variance_normalization,
    "OneHot": moving.one_hot,
    "Pad": moving.pad,
    "QLinearMatMul": products.qlinear_matmul,
    "Reshape": moving.reshape,
    "ReverseSequence": moving.reverse_sequence,
    "Shape": moving.shape_of,
    "Slice": moving.slice_,
    "Split": partial(moving.along_axis, default=0),
    "Squeeze": moving.squeeze,
    "Tile": moving.tile,
    "TopK": along_axes.top_k,
    "Transpose": moving.transpose,
    "Trilu": partial(moving.leading, worked_on=2),
    "Unsqueeze": moving.unsqueeze,
}
_OWN: dict[str, Rule] = {
    **dict.fromkeys(OWN_ELEMENTWISE, elementwise.elementwise),
    **dict.fromkeys(["QLinearAdd", "QLinearMul"], quantised.binary),
    **dict.fromkeys(["QLinearLeakyRelu", "QLinearSigmoid"], elementwise.first_input),
    **dict.fromkeys(["QLinearAveragePool", "QLinearGlobalAveragePool"], images.by_sample),
    **dict.fromkeys(
        ["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"],
        along_axes.skip_layer_normalization,
    ),
    "DequantizeLinear": quantised.quantization,
    "MatMulNBits": products.matmul_of_packed,
    "QGemm": quantised.gemm,
    "QLinearConcat": quantised.concat,
    "QLinearSoftmax": along_axes.qlinear_softmax,
    "QuantizeLinear": quantised.quantization,
}
# Operators on rows of features; each row is a sample.
_ML: dict[str, Rule] = dict.fromkeys(
    [
        *("ArrayFeatureExtractor", "Binarizer", "Imputer", "LabelEncoder", "LinearClassifier"),
        *("LinearRegressor", "Normalizer", "SVMClassifier", "SVMRegressor", "Scaler"),
        *("TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor"),
    ],
    partial(images.by_sample, positions=(0,)),
)
_RULES: dict[str, dict[str, Rule]] = {"": _STANDARD, "com.microsoft": _OWN, "ai.onnx.ml": _ML}
