"""Lists the TensorFlow graph operators that convert, each as a TensorFlow function."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DTYPES: Mapping[object, str] = {
    "DT_BOOL": "bool",
    "DT_FLOAT": "float32",
    "DT_HALF": "float16",
    "DT_INT32": "int32",
    "DT_INT64": "int64",
    1: "float32",
    3: "int32",
    9: "int64",
    10: "bool",
    19: "float16",
}
"""The types of TensorFlow, by their name and by their number in a graph."""


@dataclass(frozen=True, slots=True)
class GraphOperator:
    """The function that computes an operator.

    Attributes:
        function: the function.
        inputs: the inputs, in order, as arguments of the function; ``*`` for the remaining ones.
        attributes: the attributes that matter, by name, to arguments of the function.
    """

    function: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)


_ONE, _TWO, _FEATURES = ("x",), ("x", "y"), ("features",)

GRAPH_OPERATORS: Mapping[str, GraphOperator] = {
    "Abs": GraphOperator("math.abs", _ONE),
    "Acos": GraphOperator("math.acos", _ONE),
    "Acosh": GraphOperator("math.acosh", _ONE),
    "Add": GraphOperator("math.add", _TWO),
    "AddN": GraphOperator("math.add_n", ("*",)),
    "AddV2": GraphOperator("math.add", _TWO),
    "All": GraphOperator("math.reduce_all", ("input_tensor", "axis"), {"keep_dims": "keepdims"}),
    "Any": GraphOperator("math.reduce_any", ("input_tensor", "axis"), {"keep_dims": "keepdims"}),
    "ArgMax": GraphOperator("math.argmax", ("input", "axis"), {"output_type": "output_type"}),
    "ArgMin": GraphOperator("math.argmin", ("input", "axis"), {"output_type": "output_type"}),
    "Asin": GraphOperator("math.asin", _ONE),
    "Asinh": GraphOperator("math.asinh", _ONE),
    "Atan": GraphOperator("math.atan", _ONE),
    "Atanh": GraphOperator("math.atanh", _ONE),
    "AvgPool": GraphOperator(
        "compat.v1.nn.avg_pool",
        ("value",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "BatchMatMul": GraphOperator(
        "linalg.matmul", ("a", "b"), {"adj_x": "transpose_a", "adj_y": "transpose_b"}
    ),
    "BatchMatMulV2": GraphOperator(
        "linalg.matmul", ("a", "b"), {"adj_x": "transpose_a", "adj_y": "transpose_b"}
    ),
    "BiasAdd": GraphOperator("nn.bias_add", ("value", "bias"), {"data_format": "data_format"}),
    "BroadcastTo": GraphOperator("broadcast_to", ("input", "shape")),
    "Cast": GraphOperator("cast", _ONE, {"DstT": "dtype"}),
    "Ceil": GraphOperator("math.ceil", _ONE),
    "ClipByValue": GraphOperator("clip_by_value", ("t", "clip_value_min", "clip_value_max")),
    "ConcatV2": GraphOperator("concat", ("*", "axis")),
    "Conv2D": GraphOperator(
        "nn.conv2d",
        ("input", "filters"),
        {
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
            "dilations": "dilations",
        },
    ),
    "Cos": GraphOperator("math.cos", _ONE),
    "Cosh": GraphOperator("math.cosh", _ONE),
    "Cumsum": GraphOperator(
        "math.cumsum", ("x", "axis"), {"exclusive": "exclusive", "reverse": "reverse"}
    ),
    "DepthToSpace": GraphOperator(
        "nn.depth_to_space", ("input",), {"block_size": "block_size", "data_format": "data_format"}
    ),
    "DepthwiseConv2dNative": GraphOperator(
        "nn.depthwise_conv2d",
        ("input", "filter"),
        {
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
            "dilations": "dilations",
        },
    ),
    "Div": GraphOperator("math.divide", _TWO),
    "DivNoNan": GraphOperator("math.divide_no_nan", _TWO),
    "Einsum": GraphOperator("einsum", ("*",), {"equation": "equation"}),
    "Elu": GraphOperator("nn.elu", _FEATURES),
    "Equal": GraphOperator("math.equal", _TWO),
    "Erf": GraphOperator("math.erf", _ONE),
    "EuclideanNorm": GraphOperator(
        "math.reduce_euclidean_norm", ("input_tensor", "axis"), {"keep_dims": "keepdims"}
    ),
    "Exp": GraphOperator("math.exp", _ONE),
    "ExpandDims": GraphOperator("expand_dims", ("input", "axis")),
    "Expm1": GraphOperator("math.expm1", _ONE),
    "Fill": GraphOperator("fill", ("dims", "value")),
    "Floor": GraphOperator("math.floor", _ONE),
    "FloorDiv": GraphOperator("math.floordiv", _TWO),
    "FloorMod": GraphOperator("math.floormod", _TWO),
    "Gather": GraphOperator("gather", ("params", "indices")),
    "GatherNd": GraphOperator("gather_nd", ("params", "indices")),
    "GatherV2": GraphOperator(
        "gather", ("params", "indices", "axis"), {"batch_dims": "batch_dims"}
    ),
    "Greater": GraphOperator("math.greater", _TWO),
    "GreaterEqual": GraphOperator("math.greater_equal", _TWO),
    "Identity": GraphOperator("identity", ("input",)),
    "Inv": GraphOperator("math.reciprocal", _ONE),
    "IsFinite": GraphOperator("math.is_finite", _ONE),
    "IsInf": GraphOperator("math.is_inf", _ONE),
    "IsNan": GraphOperator("math.is_nan", _ONE),
    "LRN": GraphOperator(
        "nn.local_response_normalization",
        ("input",),
        {"depth_radius": "depth_radius", "bias": "bias", "alpha": "alpha", "beta": "beta"},
    ),
    "LeakyRelu": GraphOperator("nn.leaky_relu", _FEATURES, {"alpha": "alpha"}),
    "Less": GraphOperator("math.less", _TWO),
    "LessEqual": GraphOperator("math.less_equal", _TWO),
    "Log": GraphOperator("math.log", _ONE),
    "Log1p": GraphOperator("math.log1p", _ONE),
    "LogSoftmax": GraphOperator("nn.log_softmax", ("logits",)),
    "LogicalAnd": GraphOperator("math.logical_and", _TWO),
    "LogicalNot": GraphOperator("math.logical_not", _ONE),
    "LogicalOr": GraphOperator("math.logical_or", _TWO),
    "MatMul": GraphOperator(
        "linalg.matmul", ("a", "b"), {"transpose_a": "transpose_a", "transpose_b": "transpose_b"}
    ),
    "MatrixBandPart": GraphOperator("linalg.band_part", ("input", "num_lower", "num_upper")),
    "Max": GraphOperator("math.reduce_max", ("input_tensor", "axis"), {"keep_dims": "keepdims"}),
    "MaxPool": GraphOperator(
        "nn.max_pool",
        ("input",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "Maximum": GraphOperator("math.maximum", _TWO),
    "Mean": GraphOperator("math.reduce_mean", ("input_tensor", "axis"), {"keep_dims": "keepdims"}),
    "Min": GraphOperator("math.reduce_min", ("input_tensor", "axis"), {"keep_dims": "keepdims"}),
    "Minimum": GraphOperator("math.minimum", _TWO),
    "MirrorPad": GraphOperator("pad", ("tensor", "paddings"), {"mode": "mode"}),
    "Mul": GraphOperator("math.multiply", _TWO),
    "MulNoNan": GraphOperator("math.multiply_no_nan", _TWO),
    "Neg": GraphOperator("math.negative", _ONE),
    "NotEqual": GraphOperator("math.not_equal", _TWO),
    "OneHot": GraphOperator(
        "one_hot", ("indices", "depth", "on_value", "off_value"), {"axis": "axis", "T": "dtype"}
    ),
    "OnesLike": GraphOperator("ones_like", ("input",)),
    "Pack": GraphOperator("stack", ("*",), {"axis": "axis"}),
    "Pad": GraphOperator("pad", ("tensor", "paddings")),
    "PadV2": GraphOperator("pad", ("tensor", "paddings", "constant_values")),
    "Pow": GraphOperator("math.pow", _TWO),
    "Prod": GraphOperator("math.reduce_prod", ("input_tensor", "axis"), {"keep_dims": "keepdims"}),
    "Rank": GraphOperator("rank", ("input",)),
    "RealDiv": GraphOperator("math.divide", _TWO),
    "Reciprocal": GraphOperator("math.reciprocal", _ONE),
    "Relu": GraphOperator("nn.relu", _FEATURES),
    "Relu6": GraphOperator("nn.relu6", _FEATURES),
    "Reshape": GraphOperator("reshape", ("tensor", "shape")),
    "ResizeBilinear": GraphOperator(
        "compat.v1.image.resize_bilinear",
        ("images", "size"),
        {"align_corners": "align_corners", "half_pixel_centers": "half_pixel_centers"},
    ),
    "ResizeNearestNeighbor": GraphOperator(
        "compat.v1.image.resize_nearest_neighbor",
        ("images", "size"),
        {"align_corners": "align_corners", "half_pixel_centers": "half_pixel_centers"},
    ),
    "ReverseV2": GraphOperator("reverse", ("tensor", "axis")),
    "Rint": GraphOperator("math.rint", _ONE),
    "Roll": GraphOperator("roll", ("input", "shift", "axis")),
    "Round": GraphOperator("math.round", _ONE),
    "Rsqrt": GraphOperator("math.rsqrt", _ONE),
    "Select": GraphOperator("where", ("condition", "x", "y")),
    "SelectV2": GraphOperator("where", ("condition", "x", "y")),
    "Selu": GraphOperator("nn.selu", _FEATURES),
    "Shape": GraphOperator("shape", ("input",), {"out_type": "out_type"}),
    "Sigmoid": GraphOperator("math.sigmoid", _ONE),
    "Sign": GraphOperator("math.sign", _ONE),
    "Sin": GraphOperator("math.sin", _ONE),
    "Sinh": GraphOperator("math.sinh", _ONE),
    "Size": GraphOperator("size", ("input",), {"out_type": "out_type"}),
    "Slice": GraphOperator("slice", ("input_", "begin", "size")),
    "Softmax": GraphOperator("nn.softmax", ("logits",)),
    "Softplus": GraphOperator("nn.softplus", _FEATURES),
    "Softsign": GraphOperator("nn.softsign", _FEATURES),
    "SpaceToDepth": GraphOperator(
        "nn.space_to_depth", ("input",), {"block_size": "block_size", "data_format": "data_format"}
    ),
    "Split": GraphOperator("split", ("axis", "value"), {"num_split": "num_or_size_splits"}),
    "SplitV": GraphOperator("split", ("value", "num_or_size_splits", "axis")),
    "Sqrt": GraphOperator("math.sqrt", _ONE),
    "Square": GraphOperator("math.square", _ONE),
    "SquaredDifference": GraphOperator("math.squared_difference", _TWO),
    "Squeeze": GraphOperator("squeeze", ("input",), {"squeeze_dims": "axis"}),
    "StopGradient": GraphOperator("stop_gradient", ("input",)),
    "StridedSlice": GraphOperator(
        "strided_slice",
        ("input_", "begin", "end", "strides"),
        {
            "begin_mask": "begin_mask",
            "end_mask": "end_mask",
            "ellipsis_mask": "ellipsis_mask",
            "new_axis_mask": "new_axis_mask",
            "shrink_axis_mask": "shrink_axis_mask",
        },
    ),
    "Sub": GraphOperator("math.subtract", _TWO),
    "Sum": GraphOperator("math.reduce_sum", ("input_tensor", "axis"), {"keep_dims": "keepdims"}),
    "Tan": GraphOperator("math.tan", _ONE),
    "Tanh": GraphOperator("math.tanh", _ONE),
    "Tile": GraphOperator("tile", ("input", "multiples")),
    "TopKV2": GraphOperator("math.top_k", ("input", "k"), {"sorted": "sorted"}),
    "Transpose": GraphOperator("transpose", ("a", "perm")),
    "Unpack": GraphOperator("unstack", ("value",), {"num": "num", "axis": "axis"}),
    "ZerosLike": GraphOperator("zeros_like", ("input",)),
}
"""The function of each operator; all other operators are refused by name."""
