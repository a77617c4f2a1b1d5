"""Spreads image places through transposed convolutions and enlargements."""

from dataclasses import dataclass

import numpy as np

from onnxfi.suffix.windows.boxes import Boxes


@dataclass(frozen=True, eq=False, slots=True)
class Spreading:
    """Each place of the input reaches several places of the output; fields as in `Sliding`.

    Attributes:
        kernel: the number of output places that one input place reaches.
        stride: step in the output from one place of the input to the next.
        dilation: step from one reached place to the next.
        pad: places cut off before the first output.
        end_pad: places cut off after the last output; negative if places are added.
    """

    kernel: np.ndarray
    stride: np.ndarray
    dilation: np.ndarray
    pad: np.ndarray
    end_pad: np.ndarray

    @property
    def reach(self) -> np.ndarray:
        """The distance from the first place that one place reaches to the last one."""
        reach: np.ndarray = (self.kernel - 1) * self.dilation
        return reach

    def readers(self, boxes: Boxes) -> Boxes:
        """Return the places that any place in the boxes reaches."""
        low = boxes.low * self.stride - self.pad
        return Boxes(low, (boxes.high - 1) * self.stride - self.pad + self.reach + 1)

    def read(self, boxes: Boxes) -> Boxes:
        """Return the places that reach any place in the boxes."""
        low = -((self.reach - self.pad - boxes.low) // self.stride)
        return Boxes(low, (boxes.high - 1 + self.pad) // self.stride + 1)

    def output_length(self, length: np.ndarray) -> np.ndarray:
        """Return the number of outputs for an input of a length."""
        count: np.ndarray = (length - 1) * self.stride + self.reach + 1 - self.pad - self.end_pad
        return count

    def grid(self, step: np.ndarray) -> np.ndarray:
        """Return the step of the output's grid from the step of the input's grid."""
        finer: np.ndarray = step / self.stride
        return finer
