"""Moves the axes of multi-head attention so that two matrix products compute it."""

import math
from dataclasses import replace

import numpy as np

from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall
from onnxfi.converters.translation.tensor import Tensor


class AttentionAxes:
    """The order of the axes of queries, keys and values: (other axes, heads, attention, size).

    Args:
        call: the call.
        axes: the axes of attention, in their order.
        rank: rank of queries, keys and values: (batch, axes, heads, size).
    """

    def __init__(self, call: LayerCall, axes: list[int], rank: int) -> None:
        """Work out the order."""
        self._call = call
        self._axes = axes
        self._outer = [axis for axis in range(rank - 1) if axis not in axes]
        self._size = rank - 1

    def rows(self, tensor: Tensor, graph: GraphBuilder, *, turned: bool = False) -> str:
        """Return a tensor with a row for each position of attention; turned, with a column."""
        if len(self._axes) == 1:
            last = [self._size, *self._axes] if turned else [*self._axes, self._size]
            return graph.operator("Transpose", [tensor.name], perm=[*self._outer, *last])
        order = [*self._outer, *self._axes, self._size]
        name = graph.operator("Transpose", [tensor.name], perm=order)
        kept = [0] * len(self._outer)
        shape = graph.integers("rows", [*kept, -1, self._call.features(tensor)])
        name = graph.operator("Reshape", [name, shape])
        if not turned:
            return name
        count = len(kept)
        return graph.operator("Transpose", [name], perm=[*range(count), count + 1, count])

    def score_shape(self, queries: Tensor, keys: Tensor) -> tuple[int | None, ...]:
        """Return the shape of the scores, with the axes of attention as one each."""
        outer = tuple(queries.shape[axis] for axis in self._outer)
        return (*outer, *(_product(x, self._axes) for x in (queries, keys)))

    def back(self, name: str, queries: Tensor, values: Tensor, graph: GraphBuilder) -> Tensor:
        """Return a product of scores and values in the order of the queries."""
        size = self._call.features(values)
        if len(self._axes) > 1:
            kept = [0] * len(self._outer)
            target = graph.integers("apart", [*kept, *self._sizes(queries), size])
            name = graph.operator("Reshape", [name, target])
        order = np.argsort([*self._outer, *self._axes, self._size])
        name = graph.operator("Transpose", [name], perm=order.tolist())
        return Tensor(name, (*queries.shape[:-1], size))

    def apart(self, scores: Tensor, queries: Tensor, keys: Tensor, graph: GraphBuilder) -> Tensor:
        """Return the scores with an axis for each axis of attention."""
        if len(self._axes) == 1:
            return scores
        sizes = [*self._sizes(queries), *self._sizes(keys)]
        target = graph.integers("apart", [*[0] * len(self._outer), *sizes])
        name = graph.operator("Reshape", [scores.name, target])
        shape = (*scores.shape[: len(self._outer)], *sizes)
        return replace(scores, name=name, shape=shape)

    def _sizes(self, tensor: Tensor) -> list[int]:
        sizes = [size for size in (tensor.shape[x] for x in self._axes) if size is not None]
        if len(sizes) != len(self._axes):
            raise self._call.options.unsupported(f"attends along unknown sizes of {tensor.shape}")
        return sizes


def _product(tensor: Tensor, axes: list[int]) -> int | None:
    sizes = [size for size in (tensor.shape[axis] for axis in axes) if size is not None]
    return math.prod(sizes) if len(sizes) == len(axes) else None
