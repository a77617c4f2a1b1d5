"""Lists the TensorFlow functions that convert."""

from collections.abc import Mapping

from onnxfi.converters.functions.function import Function
from onnxfi.converters.functions.network_table import NETWORK_FUNCTIONS

_TWO = ("x", "y")
_OVER_AXES = {"axis": "axis", "keepdims": "keepdims"}
FUNCTIONS: Mapping[str, Function] = {
    **NETWORK_FUNCTIONS,
    "__operators__.add": Function("Add", _TWO),
    "__operators__.getitem": Function("GetItem", ("tensor",), {"slice_spec": "key"}),
    "argsort": Function(
        "Argsort", ("values",), {"axis": "axis", "direction": "direction"}, {"axis": -1}
    ),
    "broadcast_to": Function("BroadcastTo", ("input",), {"shape": "shape"}),
    "cast": Function("Cast", options={"dtype": "dtype"}),
    "clip_by_value": Function(
        "Clip", ("t",), {"clip_value_min": "x_min", "clip_value_max": "x_max"}
    ),
    "compat.v1.floor_div": Function("FloorDivide", _TWO),
    "compat.v1.gather": Function(
        "Gather", ("params", "indices"), {"axis": "axis", "batch_dims": "batch_dims"}
    ),
    "compat.v1.gather_nd": Function(
        "GatherNd", ("params", "indices"), {"batch_dims": "batch_dims"}
    ),
    "compat.v1.norm": Function(
        "TfNorm", ("tensor",), {"ord": "ord", "axis": "axis", "keepdims": "keepdims"}
    ),
    "compat.v1.pad": Function(
        "Pad",
        ("tensor",),
        {"paddings": "pad_width", "mode": "mode", "constant_values": "constant_values"},
    ),
    "compat.v1.shape": Function("Shape", ("input",), {"out_type": "dtype"}),
    "compat.v1.size": Function("Size", ("input",), {"out_type": "dtype"}),
    "compat.v1.squeeze": Function("Squeeze", ("input",), {"axis": "axis", "squeeze_dims": "axis"}),
    "compat.v1.transpose": Function("Transpose", ("a",), {"perm": "axes"}),
    "concat": Function("Concatenate", ("values",), {"axis": "axis"}),
    "expand_dims": Function("ExpandDims", ("input",), {"axis": "axis"}),
    "fill": Function("Fill", ("dims",), {"value": "value"}),
    "gather": Function(
        "Gather", ("params", "indices"), {"axis": "axis", "batch_dims": "batch_dims"}
    ),
    "gather_nd": Function("GatherNd", ("params", "indices"), {"batch_dims": "batch_dims"}),
    "identity": Function("Copy", ("input",)),
    "linalg.band_part": Function(
        "BandPart", ("input",), {"num_lower": "num_lower", "num_upper": "num_upper"}
    ),
    "linalg.l2_normalize": Function("Normalize", ("x",), {"axis": "axis"}, {"epsilon": 1e-6}),
    "linalg.matmul": Function(
        "Matmul", ("a", "b"), {"transpose_a": "transpose_a", "transpose_b": "transpose_b"}
    ),
    "linalg.norm": Function(
        "TfNorm", ("tensor",), {"ord": "ord", "axis": "axis", "keepdims": "keepdims"}
    ),
    "math.abs": Function("Absolute"),
    "math.accumulate_n": Function("AddN", ("inputs",)),
    "math.acos": Function("Arccos"),
    "math.acosh": Function("Arccosh"),
    "math.add": Function("Add", _TWO),
    "math.add_n": Function("AddN", ("inputs",)),
    "math.argmax": Function(
        "Argmax",
        ("input",),
        {"axis": "axis", "output_type": "output_type"},
        {"axis": 0, "output_type": "int64"},
    ),
    "math.argmin": Function(
        "Argmin",
        ("input",),
        {"axis": "axis", "output_type": "output_type"},
        {"axis": 0, "output_type": "int64"},
    ),
    "math.asin": Function("Arcsin"),
    "math.asinh": Function("Arcsinh"),
    "math.atan": Function("Arctan"),
    "math.atanh": Function("Arctanh"),
    "math.ceil": Function("Ceil"),
    "math.cos": Function("Cos"),
    "math.cosh": Function("Cosh"),
    "math.count_nonzero": Function("CountNonzero", ("input",), {**_OVER_AXES, "dtype": "dtype"}),
    "math.cumsum": Function(
        "Cumsum",
        ("x",),
        {"axis": "axis", "exclusive": "exclusive", "reverse": "reverse"},
        {"axis": 0},
    ),
    "math.divide": Function("Divide", _TWO),
    "math.divide_no_nan": Function("DivideNoNan", _TWO),
    "math.equal": Function("Equal", _TWO),
    "math.erf": Function("Erf"),
    "math.exp": Function("Exp"),
    "math.expm1": Function("Expm1"),
    "math.floor": Function("Floor"),
    "math.floordiv": Function("FloorDivide", _TWO),
    "math.floormod": Function("Mod", _TWO),
    "math.greater": Function("Greater", _TWO),
    "math.greater_equal": Function("GreaterEqual", _TWO),
    "math.is_finite": Function("Isfinite"),
    "math.is_inf": Function("Isinf"),
    "math.is_nan": Function("Isnan"),
    "math.l2_normalize": Function("Normalize", ("x",), {"axis": "axis"}, {"epsilon": 1e-6}),
    "math.less": Function("Less", _TWO),
    "math.less_equal": Function("LessEqual", _TWO),
    "math.log": Function("Log"),
    "math.log1p": Function("Log1p"),
    "math.log_sigmoid": Function("LogSigmoid"),
    "math.logical_and": Function("LogicalAnd", _TWO),
    "math.logical_not": Function("LogicalNot"),
    "math.logical_or": Function("LogicalOr", _TWO),
    "math.logical_xor": Function("LogicalXor", _TWO),
    "math.maximum": Function("Maximum", _TWO),
    "math.minimum": Function("Minimum", _TWO),
    "math.multiply": Function("Multiply", _TWO),
    "math.multiply_no_nan": Function("MultiplyNoNan", _TWO),
    "math.negative": Function("Negative"),
    "math.not_equal": Function("NotEqual", _TWO),
    "math.pow": Function("Power", _TWO),
    "math.reciprocal": Function("Reciprocal"),
    "math.reduce_all": Function("All", ("input_tensor",), _OVER_AXES),
    "math.reduce_any": Function("Any", ("input_tensor",), _OVER_AXES),
    "math.reduce_euclidean_norm": Function("TfNorm", ("input_tensor",), _OVER_AXES),
    "math.reduce_logsumexp": Function("Logsumexp", ("input_tensor",), _OVER_AXES),
    "math.reduce_max": Function("Max", ("input_tensor",), _OVER_AXES),
    "math.reduce_mean": Function("Mean", ("input_tensor",), _OVER_AXES),
    "math.reduce_min": Function("Min", ("input_tensor",), _OVER_AXES),
    "math.reduce_prod": Function("Prod", ("input_tensor",), _OVER_AXES),
    "math.reduce_std": Function("Std", ("input_tensor",), _OVER_AXES),
    "math.reduce_sum": Function("Sum", ("input_tensor",), _OVER_AXES),
    "math.reduce_variance": Function("Var", ("input_tensor",), _OVER_AXES),
    "math.rint": Function("Round"),
    "math.round": Function("Round"),
    "math.rsqrt": Function("Rsqrt"),
    "math.sigmoid": Function("Sigmoid"),
    "math.sign": Function("Sign"),
    "math.sin": Function("Sin"),
    "math.sinh": Function("Sinh"),
    "math.softplus": Function("Softplus", ("features",)),
    "math.softsign": Function("Softsign", ("features",)),
    "math.sqrt": Function("Sqrt"),
    "math.square": Function("Square"),
    "math.squared_difference": Function("SquaredDifference", _TWO),
    "math.subtract": Function("Subtract", _TWO),
    "math.tan": Function("Tan"),
    "math.tanh": Function("Tanh"),
    "math.top_k": Function("TopK", ("input",), {"k": "k", "sorted": "sorted"}),
    "math.truediv": Function("TrueDivide", _TWO),
    "norm": Function("TfNorm", ("tensor",), {"ord": "ord", "axis": "axis", "keepdims": "keepdims"}),
    "one_hot": Function(
        "OneHot",
        ("indices",),
        {
            "depth": "num_classes",
            "axis": "axis",
            "dtype": "dtype",
            "on_value": "on_value",
            "off_value": "off_value",
        },
    ),
    "ones": Function("Ones", ("shape",), {"dtype": "dtype"}),
    "ones_like": Function("OnesLike", ("input",), {"dtype": "dtype"}),
    "pad": Function(
        "Pad",
        ("tensor",),
        {"paddings": "pad_width", "mode": "mode", "constant_values": "constant_values"},
    ),
    "rank": Function("Rank", ("input",)),
    "repeat": Function("Repeat", ("input",), {"repeats": "repeats", "axis": "axis"}),
    "reshape": Function("Reshape", ("tensor",), {"shape": "newshape"}),
    "reverse": Function("Flip", ("tensor",), {"axis": "axis"}),
    "roll": Function("Roll", ("input",), {"shift": "shift", "axis": "axis"}),
    "round": Function("Round"),
    "sequence_mask": Function("SequenceMask", ("lengths",), {"maxlen": "maxlen", "dtype": "dtype"}),
    "shape": Function("Shape", ("input",), {"out_type": "dtype"}),
    "size": Function("Size", ("input",), {"out_type": "dtype"}),
    "slice": Function("TfSlice", ("input_",), {"begin": "begin", "size": "size"}),
    "sort": Function("Sort", ("values",), {"axis": "axis", "direction": "direction"}, {"axis": -1}),
    "split": Function(
        "Split", ("value",), {"num_or_size_splits": "num_or_size_splits", "axis": "axis"}
    ),
    "squeeze": Function("Squeeze", ("input",), {"axis": "axis"}),
    "stack": Function("Stack", ("values",), {"axis": "axis"}),
    "stop_gradient": Function("StopGradient", ("input",)),
    "strided_slice": Function(
        "StridedSlice",
        ("input_",),
        {
            "begin": "begin",
            "end": "end",
            "strides": "strides",
            "begin_mask": "begin_mask",
            "end_mask": "end_mask",
            "ellipsis_mask": "ellipsis_mask",
            "new_axis_mask": "new_axis_mask",
            "shrink_axis_mask": "shrink_axis_mask",
        },
    ),
    "tensordot": Function("TfTensordot", ("a", "b"), {"axes": "axes"}),
    "tile": Function("Tile", ("input",), {"multiples": "repeats"}),
    "transpose": Function("Transpose", ("a",), {"perm": "axes"}),
    "unstack": Function("Unstack", ("value",), {"num": "num", "axis": "axis"}, {"axis": 0}),
    "where": Function("Where", ("condition", *_TWO)),
    "zeros": Function("Zeros", ("shape",), {"dtype": "dtype"}),
    "zeros_like": Function("ZerosLike", ("input",), {"dtype": "dtype"}),
}
"""The operation of each function; all other functions are refused by name."""
