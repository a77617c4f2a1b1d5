"""TFOpLambda and SlicingOpLambda: functions of TensorFlow that Keras 2 lists among the layers.

Such a layer states the name of a function and all of its arguments. The functions here are plain
arithmetic: each is translated as the operation of Keras 3 that does the same, and none is called.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from onnxfi.converters.graph_builder import GraphBuilder
from onnxfi.converters.layer_call import LayerCall, LayerResult, Options
from onnxfi.converters.operation_table import OPERATIONS


@dataclass(frozen=True, slots=True)
class _Function:
    """How a function of TensorFlow is an operation of Keras 3.

    Attributes:
        operation: class of the operation.
        operands: names of the arguments that it is called on, in order.
        options: what the operation calls the other arguments.
        fixed: further options of the operation.
    """

    operation: str
    operands: tuple[str, ...] = ("x",)
    options: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)


_TWO = ("x", "y")
_OVER_AXES = {"axis": "axis", "keepdims": "keepdims"}
_IGNORED = ("name", "conjugate")

_FUNCTIONS: Mapping[str, _Function] = {
    "__operators__.add": _Function("Add", _TWO),
    "__operators__.getitem": _Function("GetItem", ("tensor",), {"slice_spec": "key"}),
    "cast": _Function("Cast", options={"dtype": "dtype"}),
    "clip_by_value": _Function(
        "Clip", ("t",), {"clip_value_min": "x_min", "clip_value_max": "x_max"}
    ),
    "compat.v1.pad": _Function(
        "Pad",
        ("tensor",),
        {"paddings": "pad_width", "mode": "mode", "constant_values": "constant_values"},
    ),
    "compat.v1.shape": _Function("Shape", ("input",), {"out_type": "dtype"}),
    "compat.v1.squeeze": _Function("Squeeze", ("input",), {"axis": "axis"}),
    "compat.v1.transpose": _Function("Transpose", ("a",), {"perm": "axes"}),
    "concat": _Function("Concatenate", ("values",), {"axis": "axis"}),
    "expand_dims": _Function("ExpandDims", ("input",), {"axis": "axis"}),
    "linalg.l2_normalize": _Function("Normalize", ("x",), {"axis": "axis"}, {"epsilon": 1e-6}),
    "linalg.matmul": _Function(
        "Matmul", ("a", "b"), {"transpose_a": "transpose_a", "transpose_b": "transpose_b"}
    ),
    "math.abs": _Function("Absolute"),
    "math.add": _Function("Add", _TWO),
    "math.argmax": _Function(
        "Argmax",
        ("input",),
        {"axis": "axis", "output_type": "output_type"},
        {"axis": 0, "output_type": "int64"},
    ),
    "math.ceil": _Function("Ceil"),
    "math.cos": _Function("Cos"),
    "math.divide": _Function("Divide", _TWO),
    "math.equal": _Function("Equal", _TWO),
    "math.erf": _Function("Erf"),
    "math.exp": _Function("Exp"),
    "math.floor": _Function("Floor"),
    "math.greater": _Function("Greater", _TWO),
    "math.greater_equal": _Function("GreaterEqual", _TWO),
    "math.l2_normalize": _Function("Normalize", ("x",), {"axis": "axis"}, {"epsilon": 1e-6}),
    "math.less": _Function("Less", _TWO),
    "math.less_equal": _Function("LessEqual", _TWO),
    "math.log": _Function("Log"),
    "math.logical_and": _Function("LogicalAnd", _TWO),
    "math.logical_not": _Function("LogicalNot"),
    "math.logical_or": _Function("LogicalOr", _TWO),
    "math.maximum": _Function("Maximum", _TWO),
    "math.minimum": _Function("Minimum", _TWO),
    "math.multiply": _Function("Multiply", _TWO),
    "math.negative": _Function("Negative"),
    "math.not_equal": _Function("NotEqual", _TWO),
    "math.pow": _Function("Power", _TWO),
    "math.reduce_all": _Function("All", ("input_tensor",), _OVER_AXES),
    "math.reduce_any": _Function("Any", ("input_tensor",), _OVER_AXES),
    "math.reduce_max": _Function("Max", ("input_tensor",), _OVER_AXES),
    "math.reduce_mean": _Function("Mean", ("input_tensor",), _OVER_AXES),
    "math.reduce_min": _Function("Min", ("input_tensor",), _OVER_AXES),
    "math.reduce_prod": _Function("Prod", ("input_tensor",), _OVER_AXES),
    "math.reduce_std": _Function("Std", ("input_tensor",), _OVER_AXES),
    "math.reduce_sum": _Function("Sum", ("input_tensor",), _OVER_AXES),
    "math.reduce_variance": _Function("Var", ("input_tensor",), _OVER_AXES),
    "math.rsqrt": _Function("Rsqrt"),
    "math.sigmoid": _Function("Sigmoid"),
    "math.sign": _Function("Sign"),
    "math.sin": _Function("Sin"),
    "math.softplus": _Function("Softplus", ("features",)),
    "math.sqrt": _Function("Sqrt"),
    "math.square": _Function("Square"),
    "math.squared_difference": _Function("SquaredDifference", _TWO),
    "math.subtract": _Function("Subtract", _TWO),
    "math.tanh": _Function("Tanh"),
    "math.truediv": _Function("TrueDivide", _TWO),
    "nn.elu": _Function("Elu", ("features",)),
    "nn.gelu": _Function("Gelu", ("features",), {"approximate": "approximate"}),
    "nn.leaky_relu": _Function("LeakyRelu", ("features",), {"alpha": "negative_slope"}),
    "nn.log_softmax": _Function("LogSoftmax", ("logits",), {"axis": "axis"}),
    "nn.relu": _Function("Relu", ("features",)),
    "nn.relu6": _Function("Relu6", ("features",)),
    "nn.selu": _Function("Selu", ("features",)),
    "nn.sigmoid": _Function("Sigmoid"),
    "nn.silu": _Function("Silu", ("features",)),
    "nn.softmax": _Function("Softmax", ("logits",), {"axis": "axis"}),
    "nn.softplus": _Function("Softplus", ("features",)),
    "nn.softsign": _Function("Softsign", ("features",)),
    "nn.swish": _Function("Silu", ("features",)),
    "nn.tanh": _Function("Tanh"),
    "ones_like": _Function("OnesLike", ("input",)),
    "reshape": _Function("Reshape", ("tensor",), {"shape": "newshape"}),
    "split": _Function(
        "Split", ("value",), {"num_or_size_splits": "indices_or_sections", "axis": "axis"}
    ),
    "squeeze": _Function("Squeeze", ("input",), {"axis": "axis"}),
    "stack": _Function("Stack", ("values",), {"axis": "axis"}),
    "stop_gradient": _Function("StopGradient", ("input",)),
    "tile": _Function("Tile", ("input",), {"multiples": "repeats"}),
    "transpose": _Function("Transpose", ("a",), {"perm": "axes"}),
    "where": _Function("Where", ("condition", *_TWO)),
    "zeros_like": _Function("ZerosLike", ("input",)),
}


def translate_tensorflow_function(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate the function of TensorFlow that a TFOpLambda or a SlicingOpLambda names."""
    name = call.options.get("function")
    function = _FUNCTIONS.get(name) if isinstance(name, str) else None
    if function is None:
        raise call.options.unsupported(f"calls the function {name!r}, which has no translation")
    positional: tuple[Any, ...] = call.arguments
    if function.operands == ("values",):  # Keras 2 lists the tensors one by one
        positional = (list(positional),)
    given = dict(zip(function.operands, positional, strict=False)) | dict(call.keywords)
    missing = [key for key in function.operands if key not in given]
    if missing:
        raise call.options.unsupported(f"calls {name} without {missing[0]!r}")
    arguments = tuple(given.pop(key) for key in function.operands)
    values = {"name": call.options.get("name"), **function.fixed}
    for key, value in given.items():
        if key in function.options:
            values[function.options[key]] = value
        elif key not in _IGNORED:
            raise call.options.unsupported(f"calls {name} with {key}={str(value)[:60]}")
    options = Options(
        call.options.path, f"ops.{function.operation}", values, call.options.keras_major
    )
    _require_meaning(options, name)
    translated = replace(call, options=options, arguments=arguments, keywords={})
    return OPERATIONS[options.layer_class](translated, graph)


def _require_meaning(options: Options, name: object) -> None:
    """Refuse arguments that mean another thing to TensorFlow than to Keras 3."""
    sizes = options.get("indices_or_sections")
    if options.layer_class == "ops.Split" and isinstance(sizes, list):
        raise options.unsupported(f"calls {name} with the sizes {sizes}")
    if options.layer_class == "ops.Normalize" and options.get("axis") is None:
        raise options.unsupported(f"calls {name} without an axis")
