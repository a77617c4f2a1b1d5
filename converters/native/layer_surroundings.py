"""What happens around every layer call: its inputs get the layer's type and the order of channels.

The translations compute with the channels last in the order of Keras, in one type. Here the inputs
of a layer of mixed precision or with ``data_format="channels_first"`` are brought into that form,
and its outputs out of it.
"""

from dataclasses import replace
from typing import Any

from onnxfi.converters.keras_files.values import leaves, map_leaves
from onnxfi.converters.native.argument_checks import is_operation
from onnxfi.converters.translation.data_format import (
    as_channels_last,
    back_to_channels_first,
    is_channels_first,
)
from onnxfi.converters.translation.dtype_policy import compute_type, inner_type, is_float
from onnxfi.converters.translation.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.translation.layer_call import LayerResult, Options
from onnxfi.converters.translation.operands import cast

# Layers whose inputs are numbers of rows, and keep their type.
_OWN_TYPE = {"Embedding"}
# Layers that make floating-point numbers of whole ones, such as the pixels of an image.
_OF_PIXELS = {"Normalization", "Rescaling"}


class LayerSurroundings:
    """The types and the order of channels of one layer call.

    Args:
        options: the layer.
        arguments: its arguments, in any nesting.
        graph: the graph that grows.

    Attributes:
        float_type: type in which the layer computes inside.

    Raises:
        UnsupportedLayerError: the layer's policy or data format has no translation.
    """

    def __init__(self, options: Options, arguments: Any, graph: GraphBuilder) -> None:
        """Read the type and the data format that the layer states."""
        self._graph = graph
        self._operation = is_operation(options.layer_class)
        self._converts = not self._operation and options.layer_class not in _OWN_TYPE
        self._of_pixels = options.layer_class in _OF_PIXELS
        self._first = is_channels_first(options)
        self._origins: dict[str, str] = {}
        if self._operation:  # it has no policy: its inputs decide
            types = (x.dtype for x in leaves(arguments, Tensor) if is_float(x))
            self._outside = next(types, "float32")
        else:
            self._outside = compute_type(options)
        self.float_type = inner_type(options.layer_class, self._outside)

    def inside(self, arguments: Any) -> Any:
        """Return arguments in any nesting, as the translation of the layer wants them."""
        return map_leaves(arguments, Tensor, self._enter)

    def outside(self, result: LayerResult) -> LayerResult:
        """Return what a translation returned, as the layers that follow want it."""
        others = tuple(map(self._leave, result.others))
        return replace(result, tensor=self._leave(result.tensor), others=others)

    def origin(self, tensor: Tensor) -> str:
        """Return the name of the tensor that an argument was made from."""
        return self._origins.get(tensor.name, tensor.name)

    def _enter(self, tensor: Tensor) -> Tensor:
        changed = tensor
        if self._converts and (is_float(tensor) or self._of_pixels):
            changed = cast(cast(tensor, self._outside, self._graph), self.float_type, self._graph)
        if self._first:
            changed = as_channels_last(changed, self._graph)
        self._origins[changed.name] = tensor.name
        return changed

    def _leave(self, tensor: Tensor) -> Tensor:
        if not self._operation and is_float(tensor):
            made = replace(tensor, dtype=self.float_type)
            tensor = cast(made, self._outside, self._graph)
        return back_to_channels_first(tensor, self._graph) if self._first else tensor
