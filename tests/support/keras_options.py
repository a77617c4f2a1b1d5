"""Other values for the options of layers, and what a conversion makes of a layer that has them."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.keras_files.file import open_keras_file
from onnxfi.converters.keras_files.graph import parse_model
from onnxfi.converters.keras_files.hdf5 import StoredWeight
from onnxfi.converters.keras_files.model import KerasLayer, KerasModel
from onnxfi.converters.keras_files.wrappers import inner_layers
from onnxfi.converters.native.layer_names import names_of
from onnxfi.converters.native.model_checks import require_supported
from onnxfi.converters.native.walk import Walk
from onnxfi.converters.native.weight_assignment import weights_by_path
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.tensor import Tensor

OTHER_VALUES: Mapping[str, Sequence[Any]] = {
    "activation": ["relu", "tanh", {"class_name": "ELU", "config": {"alpha": 0.5}}],
    "attention_axes": [[2]],
    "axes": [2, [1, 1]],
    "axis": [1, -2, [1, 2]],
    "bias_axes": [None, "abcde"],
    "cropping": [0, [1, 1]],
    "data_format": ["channels_first", "channels_last"],
    "dilation_rate": [2, 3],
    "dims": [[1, 2], [2, 1], [1, 3, 2]],
    "dtype": ["float16", "int8", {"class_name": "DTypePolicy", "config": {"name": "bfloat16"}}],
    "equation": ["abc,cd->adb"],
    "function": ["math.negative"],
    "interpolation": ["nearest", "bilinear", "lanczos3"],
    "kernel_size": [1, 5],
    "key": [0],
    "merge_mode": ["sum", "mul", None],
    "mode": ["reflect", "edge"],
    "newshape": [[-1, 2]],
    "order": [1],
    "output_padding": [0, 1],
    "output_shape": [7],
    "output_size": [1],
    "pad_width": [[[0, 0], [0, 0], [0, 0], [1, 1]]],
    "padding": ["same", "valid", "causal", [[0, 1], [0, 0]]],
    "pool_size": [1, 3],
    "recurrent_activation": ["tanh", "hard_sigmoid"],
    "repeats": [[1, 1, 2, 1], 3],
    "score_mode": ["concat", "cosine"],
    "shared_axes": [[1], [2]],
    "size": [3],
    "strides": [1, 2],
    "subscripts": ["abcd,abed->abec"],
    "target_shape": [[-1, 1]],
}
"""Values of options that are no flags and no numbers; one that the layer has already is skipped."""


def other_values(key: str, value: Any) -> Iterator[Any]:
    """Yield values that an option might have instead of `value`; the first are of its own kind."""
    for other in OTHER_VALUES.get(key, ()):
        if other != value and [other] != value:
            yield other
    if isinstance(value, bool):
        yield from (not value, int(not value))
    elif isinstance(value, int | float) and key not in OTHER_VALUES:
        yield value + 1
    elif isinstance(value, list) and value and all(type(x) is int for x in value):
        yield [x + 1 for x in value]
    if key not in OTHER_VALUES and not isinstance(value, bool):
        yield "unheard_of"
    yield {"class_name": "Unheard", "config": {"of": 1}}


# Layers whose options are those of the layers inside.
_MADE_OF_OPTIONS = ("GroupedQueryAttention", "MultiHeadAttention")


class Kept(StoredWeight):
    """A weight that was read already."""

    def read(self) -> NDArray[np.float32]:
        """Return its values."""
        return np.asarray(self.dataset, np.float32)


class LayerProbe(Walk):
    """A conversion that can be run anew at each of its layer calls, with other options.

    Attributes:
        calls: each layer call: the layer, its path, and what it is called on.
    """

    def __init__(self, path: Path) -> None:
        """Convert a file and keep all calls of its layers."""
        self.calls: list[tuple[KerasLayer, str, tuple[Any, ...], Mapping[str, Any]]] = []
        with open_keras_file(path) as file:
            model = parse_model(file.configuration)
            weights = {
                name: tuple(
                    Kept(x.name, x.shape, x.dtype, x.nbytes, x.read(), x.path) for x in stored
                )
                for name, stored in weights_by_path(model, file.weights, file.keras_major).items()
            }
            self.major = file.keras_major
        super().__init__(model, weights, self.major, GraphBuilder(17, names_of(model)))
        self.run()

    def again(
        self,
        layer: KerasLayer,
        path: str,
        arguments: tuple[Any, ...],
        keywords: Mapping[str, Any],
    ) -> Any:
        """Run one call on a graph of its own; return something that is the same for the same graph.

        Raises:
            OnnxfiError: the layer, as it is, is refused.
        """
        if layer.layer_class in _MADE_OF_OPTIONS:
            inner = tuple(
                KerasLayer(x["config"]["name"], x["class_name"], x["config"])
                for x in inner_layers(path, layer.layer_class, layer.options)
            )
            layer = replace(layer, inner=inner)
        alone = replace(layer, name=path)
        require_supported(KerasModel("", (), (alone,), (), ()), self.major)
        self.graph = GraphBuilder(17)
        self.notes = []
        before, masks = len(self.calls), self._masks
        self._masks = deepcopy(masks)  # some layers take the masks of their inputs away
        try:
            outputs = super()._run_layer(layer, path, 0, arguments, keywords)
        finally:
            self._masks = masks
            del self.calls[before:]
        for tensor in outputs:
            self.graph.add_output(tensor)
        model = self.graph.build("again")
        return (outputs, self.notes, model.SerializeToString(deterministic=True))

    def _run_layer(
        self,
        layer: KerasLayer,
        path: str,
        number: int,
        arguments: tuple[Any, ...],
        keywords: Mapping[str, Any],
    ) -> tuple[Tensor, ...]:
        self.calls.append((layer, path, arguments, keywords))
        return super()._run_layer(layer, path, number, arguments, keywords)
