"""Boxes in the two spatial axes of a tensor, one for each lane, and sliding windows."""

from dataclasses import dataclass
from typing import Self

import numpy as np

# Beyond the size of any tensor, and small enough to compute with.
_FAR = 1 << 30


@dataclass(frozen=True, eq=False, slots=True)
class Boxes:
    """For each lane, the rows and columns from `low` up to, but not including, `high`.

    Attributes:
        low: int64, shape ``(lanes, 2)``.
        high: int64, shape ``(lanes, 2)``; at or below `low` where the box is empty.
    """

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def empty(cls, lanes: int) -> Self:
        """Return boxes without an element."""
        return cls(np.full((lanes, 2), _FAR), np.full((lanes, 2), -_FAR))

    @property
    def lengths(self) -> np.ndarray:
        """Rows and columns, shape ``(lanes, 2)``."""
        lengths: np.ndarray = self.high - self.low
        return lengths

    def union(self, other: Self) -> Self:
        """Return the smallest boxes that hold both."""
        return type(self)(np.minimum(self.low, other.low), np.maximum(self.high, other.high))

    def clipped(self, size: np.ndarray) -> Self:
        """Return the parts of the boxes that lie in a tensor of a size; empty boxes stay empty."""
        return type(self)(np.maximum(self.low, 0), np.minimum(self.high, size))


@dataclass(frozen=True, eq=False, slots=True)
class Sliding:
    """The sliding windows of a convolution or a pooling; arrays are int64, of shape ``(2,)``.

    Attributes:
        kernel: size of the window.
        stride: step from one window to the next.
        dilation: step from one element of a window to the next.
        pad: padding before the first element.
        end_pad: padding after the last element.
        ceil: whether the number of outputs is rounded up.
    """

    kernel: np.ndarray
    stride: np.ndarray
    dilation: np.ndarray
    pad: np.ndarray
    end_pad: np.ndarray
    ceil: bool

    @property
    def reach(self) -> np.ndarray:
        """The distance from the first element of a window to its last one."""
        reach: np.ndarray = (self.kernel - 1) * self.dilation
        return reach

    def readers(self, boxes: Boxes) -> Boxes:
        """Return the outputs whose windows reach into the boxes."""
        low = -((self.reach - self.pad - boxes.low) // self.stride)
        return Boxes(low, (boxes.high - 1 + self.pad) // self.stride + 1)

    def read(self, boxes: Boxes) -> Boxes:
        """Return the elements that any output in the boxes reads."""
        low = boxes.low * self.stride - self.pad
        return Boxes(low, (boxes.high - 1) * self.stride - self.pad + self.reach + 1)

    def output_length(self, length: np.ndarray) -> np.ndarray:
        """Return the number of outputs for an input of a length."""
        steps = length + self.pad + self.end_pad - self.reach - 1
        count: np.ndarray = (-(-steps // self.stride) if self.ceil else steps // self.stride) + 1
        return count

    def grid(self, step: np.ndarray) -> np.ndarray:
        """Return the step of the output's grid from the step of the input's grid."""
        coarser: np.ndarray = step * self.stride
        return coarser
