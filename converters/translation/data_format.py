"""Runs layers with ``data_format="channels_first"`` as channels_last layers on the same values.

A tensor (batch, channels, rows, columns) of such a layer has the layout that ONNX expects. So it is
the tensor (batch, rows, columns, channels) of a channels_last layer, stored channels first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from onnxfi.converters.keras_files.model import KerasLayer
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import Options
from onnxfi.converters.translation.tensor import Tensor

_LAST, _FIRST = "channels_last", "channels_first"


def is_channels_first(options: Options) -> bool:
    """Return whether a layer has the channels behind the batch.

    Raises:
        UnsupportedLayerError: its data_format is neither of the two.
    """
    return options.choice("data_format", _LAST, _LAST, _FIRST) == _FIRST


def has_channels_first(layers: Iterable[KerasLayer]) -> bool:
    """Return whether all layers of a model that state a data format have the channels first."""
    formats = set(_formats(layers))
    return formats == {_FIRST}


def _formats(layers: Iterable[KerasLayer]) -> Iterator[object]:
    for layer in layers:
        yield from _formats(layer.parts)
        if "data_format" in layer.options:
            yield layer.options["data_format"]


def as_channels_last(tensor: Tensor, graph: GraphBuilder) -> Tensor:
    """Return (batch, channels, rows, columns) as the same values with the channels last."""
    if tensor.rank < 3:
        return tensor
    batch, channels, *sizes = tensor.shape
    stored = graph.channels_last(tensor)
    return replace(stored, shape=(batch, *sizes, channels), channels_first=True, channels=-1)


def back_to_channels_first(tensor: Tensor, graph: GraphBuilder) -> Tensor:
    """Return (batch, rows, columns, channels) as the same values with the channels second."""
    if tensor.rank < 3:
        return tensor
    batch, *sizes, channels = tensor.shape
    stored = graph.channels_first(tensor)
    return replace(stored, shape=(batch, channels, *sizes), channels_first=False, channels=1)
