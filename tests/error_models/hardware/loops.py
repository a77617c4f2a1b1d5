"""Computes operators by plain loops over the definition in the ONNX specification.

Every output is a list of products, each of an index of the input and one of the weight: the oracle
of the tests corrupts what a register holds and sums the products again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

Coordinates = tuple[int, ...]
Term = tuple[int | None, int]
Change = Callable[[int, Term, int], tuple[int | float | None, int | float | None]]


@dataclass(frozen=True)
class Looped:
    """An operator by loops.

    Attributes:
        y_shape: shape of the output.
        terms: for each output, by its flat index, the flat indices of input and weight of each
            product; None for the input in the padding.
        channel: the output channel of each output, among all groups.
    """

    y_shape: Coordinates
    terms: list[list[Term]]
    channel: list[int]


def flat(at: Coordinates, shape: Coordinates) -> int:
    """Return the flat index of coordinates."""
    index = 0
    for one, size in zip(at, shape, strict=True):
        index = index * size + one
    return index


def each(shape: Coordinates) -> Iterator[Coordinates]:
    """Yield all coordinates in C order."""
    return product(*map(range, shape))


def convolution(
    x: Coordinates,
    w: Coordinates,
    group: int,
    strides: Coordinates,
    dilations: Coordinates,
    pads: Coordinates,
) -> Looped:
    """Loop over a convolution."""
    axes = len(x) - 2
    spatial = tuple(
        (x[2 + a] + pads[a] + pads[axes + a] - (w[2 + a] - 1) * dilations[a] - 1) // strides[a] + 1
        for a in range(axes)
    )
    y, terms, channel = (x[0], w[0], *spatial), [], []
    for n, m, *place in each(y):
        found: list[Term] = []
        for c, *tap in each(w[1:]):
            at = [place[a] * strides[a] - pads[a] + tap[a] * dilations[a] for a in range(axes)]
            inside = all(0 <= at[a] < x[2 + a] for a in range(axes))
            source = m // (w[0] // group) * w[1] + c
            found.append((flat((n, source, *at), x) if inside else None, flat((m, c, *tap), w)))
        terms.append(found)
        channel.append(m)
    return Looped(y, terms, channel)


def transposed_convolution(
    x: Coordinates,
    w: Coordinates,
    group: int,
    strides: Coordinates,
    dilations: Coordinates,
    pads: Coordinates,
    output_padding: Coordinates,
) -> Looped:
    """Loop over a transposed convolution: each input adds to the outputs it reaches."""
    axes = len(x) - 2
    spatial = tuple(
        strides[a] * (x[2 + a] - 1) + output_padding[a] + (w[2 + a] - 1) * dilations[a] + 1
        - pads[a] - pads[axes + a]
        for a in range(axes)
    )  # fmt: skip
    y = (x[0], w[1] * group, *spatial)
    inputs = w[0] // group
    terms: list[list[Term]] = []
    for n, m, *place in each(y):
        found: list[Term] = []
        for c, *tap in product(range(inputs), *map(range, w[2:])):
            source = m // w[1] * inputs + c
            hits = [
                at
                for at in each(x[2:])
                if all(
                    at[a] * strides[a] + tap[a] * dilations[a] - pads[a] == place[a]
                    for a in range(axes)
                )
            ]
            index = flat((n, source, *hits[0]), x) if hits else None
            found.append((index, flat((source, m % w[1], *tap), w)))
        terms.append(found)
    return Looped(y, terms, [at[1] for at in each(y)])


def matrix_product(x: Coordinates, w: Coordinates, *, tx: bool = False, tw: bool = False) -> Looped:
    """Loop over a product of matrices or of stacks of them."""
    x_index, w_index = np.arange(prod(x)).reshape(x), np.arange(prod(w)).reshape(w)
    x_index = x_index[None] if x_index.ndim == 1 else x_index
    w_index = w_index[:, None] if w_index.ndim == 1 else w_index
    x_index = np.swapaxes(x_index, -1, -2) if tx else x_index
    w_index = np.swapaxes(w_index, -1, -2) if tw else w_index
    stack = np.broadcast_shapes(x_index.shape[:-2], w_index.shape[:-2])
    x_index = np.broadcast_to(x_index, stack + x_index.shape[-2:])
    w_index = np.broadcast_to(w_index, stack + w_index.shape[-2:])
    rows, inner, columns = x_index.shape[-2], x_index.shape[-1], w_index.shape[-1]
    terms: list[list[Term]] = []
    channel = []
    for *s, i, j in each((*stack, rows, columns)):
        one, other = x_index[tuple(s)], w_index[tuple(s)]
        terms.append([(int(one[i, k]), int(other[k, j])) for k in range(inner)])
        channel.append(j)
    y = (*stack, *((rows,) if len(x) > 1 else ()), *((columns,) if len(w) > 1 else ()))
    return Looped(y, terms, channel)
