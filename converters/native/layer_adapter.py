"""Adapts the inputs and outputs of a layer call to the form in which translations compute.

A translation computes with the channels last in the order of Keras, in one type. The inputs of a
layer of mixed precision or with ``data_format="channels_first"`` are converted to that form, and
its outputs are converted back.
"""

from dataclasses import replace
from typing import Any

from onnxfi.converters.keras_files.values import leaves, map_leaves
from onnxfi.converters.translation.data_format import (
    as_channels_last,
    back_to_channels_first,
    is_channels_first,
)
from onnxfi.converters.translation.dtype_policy import compute_type, is_float
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerResult, Options
from onnxfi.converters.translation.layer_kind import InputCast, LayerKind
from onnxfi.converters.translation.operands import cast
from onnxfi.converters.translation.tensor import Tensor


class LayerAdapter:
    """The types and the data format of one layer call.

    Args:
        options: the layer.
        kind: its row in the layer table.
        arguments: its arguments, in any nesting.
        graph: the graph that grows.

    Attributes:
        float_type: type in which the layer computes.

    Raises:
        UnsupportedLayerError: the layer's policy or data format has no translation.
    """

    def __init__(
        self, options: Options, kind: LayerKind, arguments: Any, graph: GraphBuilder
    ) -> None:
        """Read the type and the data format that the layer states."""
        self._graph = graph
        self._kind = kind
        self._first = is_channels_first(options) and not kind.own_data_format
        self._origins: dict[str, str] = {}
        inputs = tuple(leaves(arguments, Tensor))
        self._batched = any(tensor.batch for tensor in inputs)
        if kind.operation:  # it has no policy: its inputs decide
            self._outside = next((x.dtype for x in inputs if is_float(x)), "float32")
        else:
            self._outside = compute_type(options)
        self.float_type = "float32" if kind.float32_inside else self._outside

    def enter(self, arguments: Any) -> Any:
        """Return arguments in any nesting, in the form that the translation expects."""
        return map_leaves(arguments, Tensor, self._enter)

    def leave(self, result: LayerResult) -> tuple[Tensor, ...]:
        """Return the outputs of a translation in the form that the next layers expect."""
        first, *others = map(self._leave, (result.tensor, *result.others))
        if not self._kind.operation and not self._batched:
            first = replace(first, batch=False)
        return (first, *others)

    def origin(self, tensor: Tensor) -> str:
        """Return the name of the tensor that an adapted argument was made from."""
        return self._origins.get(tensor.name, tensor.name)

    def _enter(self, tensor: Tensor) -> Tensor:
        adapted = tensor
        if self._casts(tensor):
            adapted = cast(cast(tensor, self._outside, self._graph), self.float_type, self._graph)
        if self._first:
            adapted = as_channels_last(adapted, self._graph)
        self._origins[adapted.name] = tensor.name
        return adapted

    def _casts(self, tensor: Tensor) -> bool:
        if self._kind.cast is InputCast.FLOATS:
            return is_float(tensor)
        return self._kind.cast is InputCast.ALL

    def _leave(self, tensor: Tensor) -> Tensor:
        if not self._kind.operation and is_float(tensor):
            made = replace(tensor, dtype=self.float_type)
            tensor = cast(made, self._outside, self._graph)
        return back_to_channels_first(tensor, self._graph) if self._first else tensor
