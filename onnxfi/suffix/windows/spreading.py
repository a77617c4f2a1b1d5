"""How transposed convolutions and resizings spread the places of an image."""

from dataclasses import dataclass

import numpy as np

from onnxfi.suffix.windows.boxes import Boxes


@dataclass(frozen=True, eq=False, slots=True)
class Spreading:
    """Each place of the input counts for some places of the output; fields as in `Sliding`.

    Attributes:
        kernel: how many places of the output one place of the input reaches.
        stride: step in the output from one place of the input to the next.
        dilation: step from one reached place to the next.
        pad: places that the output lacks before its first one.
        end_pad: places that it lacks after its last one; negative where there are more.
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
        """Return how many outputs an input of a length has."""
        count: np.ndarray = (length - 1) * self.stride + self.reach + 1 - self.pad - self.end_pad
        return count

    def grid(self, step: np.ndarray) -> np.ndarray:
        """Return the step of the output's grid, from that of the input's."""
        finer: np.ndarray = step / self.stride
        return finer
