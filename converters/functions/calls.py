"""Translates TFOpLambda and SlicingOpLambda: TensorFlow functions among the layers of Keras 2.

Such a layer states the name of a function and all of its arguments. Each supported function is
translated as the operation that computes the same; none is called.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from onnxfi.converters.functions.table import FUNCTIONS
from onnxfi.converters.operations.table import OPERATIONS, TENSORFLOW_OPERATIONS
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options
from onnxfi.converters.translation.layer_kind import InputCast, LayerKind, rows
from onnxfi.converters.translation.operands import shown
from onnxfi.converters.translation.tensor import Tensor
from onnxfi.errors import UnsupportedLayerError

# Arguments that do not affect the numbers: a name, hints for kernels, checks.
_IGNORED = ("bad_indices_policy", "conjugate", "name", "partition_strategy", "use_cudnn_on_gpu")

# Operations whose only operand is a list; Keras 2 stores its items one by one.
_OF_LISTS = ("AddN", "Concatenate", "Fill", "Ones", "Stack", "Zeros")

# The operations among them whose list may be one tensor.
_MAKING = ("Fill", "Ones", "Zeros")

# Functions for which Keras 2 stores only the first argument.
_LOST = ("einsum", "meshgrid")


def translate_tensorflow_function(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate the TensorFlow function that a TFOpLambda or a SlicingOpLambda names."""
    name = call.options.get("function")
    if name in _LOST:
        raise UnsupportedLayerError(
            f"A file must hold the tensors of each function, but Keras stores none for {name}: "
            f"layer {call.options.path!r} has no inputs in the file, and Keras cannot load it "
            "either. Build the model with keras.layers.EinsumDense or other layers, or write it "
            "with model.export('folder') and convert the folder.",
            layer=call.options.path,
            layer_class=call.options.layer_class,
        )
    return translate_function(call, name, call.arguments, call.keywords, graph)


def translate_function(
    call: LayerCall,
    name: object,
    positional: tuple[Any, ...],
    keywords: Mapping[str, Any],
    graph: GraphBuilder,
) -> LayerResult:
    """Translate a call of a function of TensorFlow.

    Args:
        call: the call of the layer.
        name: the function, such as ``math.add``.
        positional: its positional arguments.
        keywords: its keyword arguments.
        graph: the graph that grows.

    Raises:
        UnsupportedLayerError: the function, or an argument of it, has no translation.
    """
    function = FUNCTIONS.get(name) if isinstance(name, str) else None
    if function is None:
        raise call.options.unsupported(f"calls the function {name!r}, which has no translation")
    if function.operation in _OF_LISTS:
        whole = len(positional) == 1 and isinstance(positional[0], Tensor) and positional[0].rank
        positional = positional if whole and function.operation in _MAKING else (list(positional),)
    given = dict(zip(function.operands, positional, strict=False)) | dict(keywords)
    missing = [key for key in function.operands if key not in given]
    if missing:
        raise call.options.unsupported(f"calls {name} without {missing[0]!r}")
    arguments = tuple(given.pop(key) for key in function.operands)
    values = {"name": call.options.get("name"), **function.fixed}
    for key, value in given.items():
        if key in function.options:
            values[function.options[key]] = value
        elif key not in _IGNORED:
            raise call.options.unsupported(f"calls {name} with {key}={shown(value)}")
    options = Options(
        call.options.path, f"ops.{function.operation}", values, call.options.keras_major
    )
    translated = replace(call, options=options, arguments=arguments, keywords={})
    if options.layer_class in OPERATIONS:
        return OPERATIONS[options.layer_class].translate(translated, graph)
    return TENSORFLOW_OPERATIONS[options.layer_class](translated, graph)


LAYERS: Mapping[str, LayerKind] = rows(
    "SlicingOpLambda TFOpLambda",
    LayerKind(
        translate=translate_tensorflow_function,
        options=layer_options(
            "function", idle={"dtype": "functions compute in the type of their input"}
        ),
        any_type=True,
        cast=InputCast.NONE,
        operation=True,
    ),
)
"""The layers of this module, by class."""
