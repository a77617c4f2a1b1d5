"""Maps the axes of any tensor to samples, channels, rows and columns."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from onnxfi.errors import ErrorModelError

Shape = tuple[int, int, int]
"""Channels, rows and columns of one sample of the golden tensor."""


@dataclass(frozen=True, slots=True)
class CanonicalLayout:
    """A view of each sample of a tensor as ``C`` channels of ``H`` rows of ``W`` values.

    - Axis 0 is the batch axis, unless it is the channel axis: then the tensor is one sample.
    - Of the axes that are neither batch nor channels, the last runs along a row. The others,
      flattened in order, count the rows. So (N, C, H, W) and (N, H, W, C) are CxHxW,
      (N, C, D, H, W) is Cx(D*H)xW, and (N, C, L) is Cx1xL.
    - (N, F) and (F,) are Fx1x1, with or without a channel axis: a feature of a dense layer is a
      channel, as if the layer were a 1x1 convolution of a 1x1 feature map. So patterns over
      several channels hit several features, and blocks hit adjacent features.
    - A tensor of rank 3 or more without a channel axis is 1xHxW. Only patterns that need no
      channels can be drawn in it.

    A canonical site is ``(c * H + h) * W + w``; an injection site is an index into the tensor.

    Attributes:
        samples: size of the batch axis; 1 if there is none.
        shape: ``(C, H, W)``.
        inner: number of elements between neighbours on the channel axis: its stride.
        has_channels: False in the last case above.
    """

    samples: int
    shape: Shape
    inner: int
    has_channels: bool

    @classmethod
    def of(cls, shape: tuple[int, ...], channel_axis: int | None) -> Self:
        """Make the layout of a tensor.

        Args:
            shape: the tensor's shape.
            channel_axis: its channel axis, which may count from the end, or None.

        Raises:
            ErrorModelError: the tensor has no such axis.
        """
        rank = len(shape)
        if channel_axis is None:
            if rank > 2:
                rows, columns = math.prod(shape[1:-1]), shape[-1]
                return cls(shape[0], (1, rows, columns), rows * columns, has_channels=False)
            if rank == 0:
                return cls(1, (1, 1, 1), 1, has_channels=True)
            channel_axis = rank - 1
        if not -rank <= channel_axis < rank:
            raise ErrorModelError(
                f"the channel axis must be one of the {rank} axes of the target, "
                f"got channel_axis={channel_axis} for the shape {shape}"
            )
        axis = channel_axis % rank
        first = 0 if axis == 0 else 1
        spatial = (*shape[first:axis], *shape[axis + 1 :])
        return cls(
            samples=shape[0] if axis else 1,
            shape=(shape[axis], math.prod(spatial[:-1]), spatial[-1] if spatial else 1),
            inner=math.prod(shape[axis + 1 :]),
            has_channels=True,
        )

    @property
    def keeps_order(self) -> bool:
        """Whether ascending canonical sites of a sample are ascending injection sites."""
        return self.inner == self.shape[1] * self.shape[2]

    def injection_sites(self, canonical: np.ndarray, *, sample: int | np.ndarray) -> np.ndarray:
        """Return the injection sites of canonical sites.

        Args:
            canonical: int64, shape ``(K,)``, ascending.
            sample: the sample of the batch, of all sites or of each.

        Returns:
            int64, shape ``(K,)``; one for each canonical site.
        """
        channels, rows, columns = self.shape
        area = rows * columns
        if self.keeps_order:  # only the batch axis comes before the channels
            return canonical + sample * channels * area
        channel, position = np.divmod(canonical, area)
        outer, inner = np.divmod(position, self.inner)
        outer += sample * (area // self.inner)
        sites: np.ndarray = (outer * channels + channel) * self.inner + inner
        return sites


def canonical_view(tensor: np.ndarray, channel_axis: int) -> np.ndarray:
    """Return a tensor as samples, channels, rows and columns, as defined by ``CanonicalLayout``.

    Args:
        tensor: of rank 1 or more.
        channel_axis: its channel axis; may count from the end.

    Returns:
        Shape ``(N, C, H, W)``; a view if possible.

    Raises:
        ErrorModelError: the tensor has no such axis.
    """
    layout = CanonicalLayout.of(tensor.shape, channel_axis)
    axis = channel_axis % tensor.ndim
    moved = np.moveaxis(tensor if axis else tensor[None], axis or 1, 1)
    return moved.reshape(layout.samples, *layout.shape)
