"""Translates TensorFlowOpLayer: one TensorFlow operator, as the function that makes it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from onnxfi.converters.functions.calls import translate_function
from onnxfi.converters.functions.node_definition import node_of
from onnxfi.converters.functions.operators import GRAPH_OPERATORS
from onnxfi.converters.operations.product import translate_einsum_operation
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import InputCast, LayerKind
from onnxfi.converters.translation.tensor import Tensor


def translate_tensorflow_operator(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate a TensorFlowOpLayer."""
    name, attributes = node_of(call.options)
    operator = GRAPH_OPERATORS.get(name)
    if operator is None:
        raise call.options.unsupported(f"is the operator {name!r}, which has no translation")
    values = [_known(value, graph) for value in _inputs(call)]
    roles = list(operator.inputs)
    positional: list[Any] = []
    if "*" in roles:
        count = len(values) - (len(roles) - 1)
        positional, values = values[:count], values[count:]
        roles.remove("*")
    if len(values) > len(roles):
        raise call.options.unsupported(f"is the operator {name!r} with {len(values)} inputs")
    given = dict(zip(roles, values, strict=False))
    given |= {
        key: attributes[stored]
        for stored, key in operator.attributes.items()
        if attributes.get(stored) is not None
    }
    if operator.function == "einsum":
        equation = {"subscripts": given.get("equation")}
        options = replace(call.options, layer_class="ops.Einsum", values=equation)
        einsum = replace(call, options=options, arguments=tuple(positional))
        return translate_einsum_operation(einsum, graph)
    if name == "Select" and len({_rank(given.get(key)) for key in ("condition", "x", "y")}) > 1:
        raise call.options.unsupported("is the operator 'Select' on tensors of different ranks")
    return translate_function(call, operator.function, tuple(positional), given, graph)


def _inputs(call: LayerCall) -> list[Any]:
    """Return the inputs of the operator: the tensors, with the constants in their positions."""
    values: list[Any] = list(call.inputs)
    constants = call.options.get("constants", {})
    if not isinstance(constants, dict) or not all(str(x).isdecimal() for x in constants):
        raise call.options.wrong("constants", constants, "constants by the number of the input")
    for place in sorted(constants, key=int):
        values.insert(int(place), constants[place])
    return values


def _rank(value: Any) -> int:
    return value.rank if isinstance(value, Tensor) else np.ndim(value)


def _known(value: Any, graph: GraphBuilder) -> Any:
    """Return the numbers of a tensor of sizes if the file states them all."""
    known = graph.contents.get(value.name) if isinstance(value, Tensor) else None
    if known is None or not all(isinstance(size, int) for size in known):
        return value
    return list(known) if value.rank else known[0]


LAYERS: Mapping[str, LayerKind] = {
    "TensorFlowOpLayer": LayerKind(
        translate=translate_tensorflow_operator,
        options=layer_options(
            "node_def", "constants", idle={"dtype": "operators state their own types"}
        ),
        any_type=True,
        cast=InputCast.NONE,
        operation=True,
    ),
}
"""The layers of this module, by class."""
