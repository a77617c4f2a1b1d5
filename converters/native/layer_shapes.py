"""Infers the output shapes of a model's layers by a conversion that reads no weights.

The translations derive every shape from the shapes of inputs and weights. So they run with weights
that have a shape and no values, on a graph that keeps no weights.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.keras_files.hdf5 import StoredWeight
from onnxfi.converters.keras_files.model import KerasModel
from onnxfi.converters.native.layer_names import names_of
from onnxfi.converters.native.walk import Walk
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.errors import OnnxfiError

_OPSET = 17  # any opset gives the same shapes


def layer_shapes(
    model: KerasModel, weights: Mapping[str, tuple[StoredWeight, ...]], keras_major: int
) -> dict[str, tuple[int | None, ...]]:
    """Return the output shape of each layer call, by its path in the layer map.

    If a layer cannot be translated, it and the calls after it are left out.

    Args:
        model: the model.
        weights: the weights of each layer by its path.
        keras_major: 2 or 3.
    """
    unread = {
        path: tuple(_Unread(x.name, x.shape, x.dtype, x.nbytes, x.dataset, x.path) for x in stored)
        for path, stored in weights.items()
    }
    walk = Walk(model, unread, keras_major, _WithoutWeights(_OPSET, names_of(model)))
    with contextlib.suppress(OnnxfiError):
        walk.run()
    return {path: tensor.shape for path, tensor in walk.tensors.items()}


@dataclass(frozen=True, slots=True)
class _Unread(StoredWeight):
    def read(self) -> NDArray[np.float32]:
        return np.broadcast_to(np.float32(0), self.shape)


class _WithoutWeights(GraphBuilder):
    def weight(self, path: str, role: str, value: NDArray[np.float32]) -> str:
        return f"{path}/{role}"
