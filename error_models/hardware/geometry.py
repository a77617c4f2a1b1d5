"""Describes which operands each output of a convolution or of a matrix product reads.

Every operator is a set of matrix products, one for each group: an output is a sum of products over
input channels and kernel taps. Indices are sums of offsets, so nothing of the size of an im2col
matrix is stored, except one table of positions and taps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

Shape = tuple[int, ...]
PADDING = -1
"""The index of an input that lies in the padding: its product is left out."""


@dataclass(frozen=True, eq=False)
class Places:
    """Outputs of an operator, by their coordinates; arrays of int64 that broadcast.

    Attributes:
        group: the group of a convolution, or the matrix of a stack of products.
        batch: the sample, of operators that use the same weights for all of them.
        position: the place in the image, in C order; the row of a matrix product.
        channel: the channel in the group; the column of a matrix product.
    """

    group: np.ndarray
    batch: np.ndarray
    position: np.ndarray
    channel: np.ndarray

    @classmethod
    def of(cls, group: object, batch: object, position: object, channel: object) -> "Places":
        """Broadcast coordinates, and flatten them."""
        arrays = np.broadcast_arrays(*(np.asarray(x) for x in (group, batch, position, channel)))
        return cls(*(x.reshape(-1).astype(np.int64) for x in arrays))

    def some(self, chosen: np.ndarray) -> "Places":
        """Return the places that a mask or indices select."""
        arrays = (self.group, self.batch, self.position, self.channel)
        return Places(*(x[chosen] for x in arrays))

    def __len__(self) -> int:
        """Return the number of places."""
        return int(self.group.size)


@dataclass(frozen=True, eq=False)
class Readers:
    """The products that read one input, but for the output channel.

    Attributes:
        group, batch, position: as in `Places`.
        term: the number of the product in the sum of the output.
    """

    group: np.ndarray
    batch: np.ndarray
    position: np.ndarray
    term: np.ndarray


@dataclass(frozen=True, eq=False)
class Geometry:
    """Which input and weight each product of each output reads.

    The flat index of an operand or output is the sum of one entry of each of its tables.

    Attributes:
        y_shape: shape of the output.
        row: number of positions in a row of the image, or of rows in a matrix product.
        channel_step: channels of the output from one group to the next; 0 for matrix products.
        x_group, x_batch, x_channel: offsets of the input.
        window: shape ``(positions, taps)``, offsets of the input, or `PADDING`.
        w_group, w_channel, w_tap, w_out: offsets of the weight.
        y_group, y_batch, y_position, y_channel: offsets of the output.
    """

    y_shape: Shape
    row: int
    channel_step: int
    x_group: np.ndarray
    x_batch: np.ndarray
    x_channel: np.ndarray
    window: np.ndarray
    w_group: np.ndarray
    w_channel: np.ndarray
    w_tap: np.ndarray
    w_out: np.ndarray
    y_group: np.ndarray
    y_batch: np.ndarray
    y_position: np.ndarray
    y_channel: np.ndarray

    @property
    def taps(self) -> int:
        """Number of kernel taps; 1 for matrix products."""
        return int(self.w_tap.size)

    @property
    def terms(self) -> int:
        """Number of products in each output's sum, those of the padding included."""
        return int(self.w_channel.size) * self.taps

    def outputs(self, at: Places) -> np.ndarray:
        """Return the flat indices of outputs."""
        found: np.ndarray = (
            self.y_group[at.group]
            + self.y_batch[at.batch]
            + self.y_position[at.position]
            + self.y_channel[at.channel]
        )
        return found

    def channels(self, at: Places) -> np.ndarray:
        """Return the channel of each output among those of all groups."""
        found: np.ndarray = at.group * self.channel_step + at.channel
        return found

    def inputs(self, at: Places, term: np.ndarray) -> np.ndarray:
        """Return the flat index of the input of one product of each output, or `PADDING`.

        Args:
            at: the outputs.
            term: the numbers of the products: tap by tap of one channel after the other.
        """
        channel, tap = np.divmod(term, self.taps)
        inside = self.window[at.position, tap]
        index = self.x_group[at.group] + self.x_batch[at.batch] + self.x_channel[channel] + inside
        return np.where(inside == PADDING, PADDING, index)

    def weights(self, at: Places, term: np.ndarray) -> np.ndarray:
        """Return the flat index of the weight of one product of each output; see `inputs`."""
        channel, tap = np.divmod(term, self.taps)
        found: np.ndarray = (
            self.w_group[at.group]
            + self.w_channel[channel]
            + self.w_tap[tap]
            + self.w_out[at.channel]
        )
        return found

    def readers(self, index: int) -> Readers:
        """Return the products that read the input of a flat index; none if no window covers it."""
        offsets = self.x_group[:, None, None] + self.x_batch[:, None] + self.x_channel
        inside = index - offsets.reshape(-1)
        order, covered = self._sorted_window
        first = np.searchsorted(covered, inside, "left")
        counts = np.searchsorted(covered, inside, "right") - first
        counts[inside < 0] = 0  # PADDING is no offset
        found = np.flatnonzero(counts)
        group, batch, channel = np.unravel_index(np.repeat(found, counts[found]), offsets.shape)
        spans = [order[first[x] : first[x] + counts[x]] for x in found]
        cells = np.concatenate(spans) if spans else np.empty(0, np.int64)
        position, tap = np.divmod(cells, self.taps)
        return Readers(group, batch, position, channel * self.taps + tap)

    @cached_property
    def _sorted_window(self) -> tuple[np.ndarray, np.ndarray]:
        """The cells of the window table by ascending offset, and the offsets."""
        flat = self.window.reshape(-1)
        order = np.argsort(flat, kind="stable")
        return order, flat[order]


def convolution(
    x: Shape,
    w: Shape,
    *,
    group: int = 1,
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[int],
) -> Geometry:
    """Describe a convolution.

    Args:
        x: shape ``(N, C, D1, ...)``.
        w: shape ``(M, C / group, k1, ...)``.
        group: number of groups.
        strides: of each spatial axis.
        dilations: of each spatial axis.
        pads: at the begin of each spatial axis, then at the end of each.
    """
    axes, size = len(x) - 2, []
    tables = []
    for axis in range(axes):
        length, kernel = x[2 + axis], w[2 + axis]
        reach = (kernel - 1) * dilations[axis] + 1
        outputs = (length + pads[axis] + pads[axes + axis] - reach) // strides[axis] + 1
        size.append(max(outputs, 0))
        starts = np.arange(size[-1])[:, None] * strides[axis] - pads[axis]
        at = starts + np.arange(kernel) * dilations[axis]
        tables.append(np.where((at < 0) | (at >= length), PADDING, at))
    return _images(
        x,
        (x[0], w[0], *size),
        _window(tables, x[2:]),
        group,
        (w[0] // group * prod(w[1:]), prod(w[2:]), 1, prod(w[1:])),
        (w[1], prod(w[2:]), w[0] // group),
    )


def transposed_convolution(
    x: Shape,
    w: Shape,
    y: Shape,
    *,
    group: int = 1,
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[int],
) -> Geometry:
    """Describe a transposed convolution.

    Args:
        x: shape ``(N, C, D1, ...)``.
        w: shape ``(C, M / group, k1, ...)``.
        y: shape of the output.
        group: number of groups.
        strides: of each spatial axis.
        dilations: of each spatial axis.
        pads: as for `convolution`; only those at the begin matter, beside the shape of the output.
    """
    tables = []
    for axis in range(len(x) - 2):
        shift = np.arange(y[2 + axis])[:, None] + pads[axis]
        at, rest = np.divmod(shift - np.arange(w[2 + axis]) * dilations[axis], strides[axis])
        outside = (rest != 0) | (at < 0) | (at >= x[2 + axis])
        tables.append(np.where(outside, PADDING, at))
    return _images(
        x,
        y,
        _window(tables, x[2:]),
        group,
        (w[0] // group * prod(w[1:]), prod(w[1:]), 1, prod(w[2:])),
        (w[0] // group, prod(w[2:]), w[1]),
    )


def product(
    x: Shape, w: Shape, *, transposed_x: bool = False, transposed_w: bool = False
) -> Geometry:
    """Describe a matrix product, or a stack of them as MatMul broadcasts it.

    Args:
        x: shape ``(..., M, K)``, or ``(K,)``; ``(K, M)`` if transposed.
        w: shape ``(..., K, N)``, or ``(K,)``; ``(N, K)`` if transposed.
        transposed_x: whether x is transposed.
        transposed_w: whether w is transposed.
    """
    one_row, one_column = len(x) == 1, len(w) == 1
    x, w = (1, *x) if one_row else x, (*w, 1) if one_column else w
    rows, inner = (x[-1], x[-2]) if transposed_x else (x[-2], x[-1])
    columns = w[-2] if transposed_w else w[-1]
    stack = np.broadcast_shapes(x[:-2], w[:-2])
    size = rows * columns
    x_stack, y_stack = _stacked(x, stack), np.arange(prod(stack)) * size
    shared = len(w) == 2
    none = np.zeros(1, np.int64)
    return Geometry(
        y_shape=(*stack, *(() if one_row else (rows,)), *(() if one_column else (columns,))),
        row=rows,
        channel_step=0,
        x_group=none if shared else x_stack,
        x_batch=x_stack if shared else none,
        x_channel=np.arange(inner) * (rows if transposed_x else 1),
        window=(np.arange(rows) * (1 if transposed_x else inner))[:, None],
        w_group=none if shared else _stacked(w, stack),
        w_channel=np.arange(inner) * (1 if transposed_w else columns),
        w_tap=none,
        w_out=np.arange(columns) * (inner if transposed_w else 1),
        y_group=none if shared else y_stack,
        y_batch=y_stack if shared else none,
        y_position=np.arange(rows) * columns,
        y_channel=np.arange(columns),
    )


def _stacked(shape: Shape, stack: Shape) -> np.ndarray:
    """Return the offset of each matrix of a broadcast stack."""
    own = np.arange(prod(shape[:-2])).reshape(shape[:-2]) * prod(shape[-2:])
    return np.broadcast_to(own, stack).reshape(-1)


def _window(tables: Sequence[np.ndarray], lengths: Shape) -> np.ndarray:
    """Combine the tables of the axes, shape ``(outputs, taps)``, to one of all positions."""
    window = np.zeros((1, 1), np.int64)
    for table, length in zip(tables, lengths, strict=True):
        one, other = window[:, None, :, None], table[None, :, None, :]
        inside = np.where((one == PADDING) | (other == PADDING), PADDING, one * length + other)
        shape = window.shape[0] * table.shape[0], window.shape[1] * table.shape[1]
        window = inside.reshape(shape)
    return window


def _images(
    x: Shape,
    y: Shape,
    window: np.ndarray,
    group: int,
    steps: tuple[int, int, int, int],
    counts: tuple[int, int, int],
) -> Geometry:
    """Describe an operator on images.

    Args:
        x: shape of the input.
        y: shape of the output.
        window: the table of positions and taps.
        group: number of groups.
        steps: distances in the weight between groups, input channels, taps and output channels.
        counts: input channels of a group, taps, and output channels of a group.
    """
    inputs, taps, outputs = counts
    x_plane, y_plane = prod(x[2:]), prod(y[2:])
    return Geometry(
        y_shape=y,
        row=y[-1] if len(y) > 2 else 1,
        channel_step=outputs,
        x_group=np.arange(group) * inputs * x_plane,
        x_batch=np.arange(x[0]) * x[1] * x_plane,
        x_channel=np.arange(inputs) * x_plane,
        window=window,
        w_group=np.arange(group) * steps[0],
        w_channel=np.arange(inputs) * steps[1],
        w_tap=np.arange(taps) * steps[2],
        w_out=np.arange(outputs) * steps[3],
        y_group=np.arange(group) * outputs * y_plane,
        y_batch=np.arange(x[0]) * y[1] * y_plane,
        y_position=np.arange(y_plane),
        y_channel=np.arange(outputs) * y_plane,
    )
