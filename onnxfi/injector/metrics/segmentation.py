"""Compares the class of each pixel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from onnxfi.errors import InputError
from onnxfi.injector.metrics.answers import best_classes, by_sample, pick_tensor
from onnxfi.injector.metrics.metric import ColumnType, MetricValue, Outputs

# Classes. Beyond that many, only those that occur are counted.
_MOST_CLASSES = 1 << 16
_COLUMNS: Mapping[str, ColumnType] = {"iou": float, "pixels_changed": float}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """The answer is a class for each pixel; it is wrong if it overlaps the golden one too little.

    The overlap of a sample is the mean, over the classes that either answer has, of the
    intersection over the union of their pixels. A NaN among the scores never wins, and of equal
    scores the lower class does. Answers of another shape than the golden one are wrong.

    The columns: ``iou``, the lowest overlap of any sample; ``pixels_changed``, the share of the
    pixels of all samples that have another class. They are None if the shapes differ.

    Attributes:
        output: the output that holds the scores, shape (N, classes, …), or the classes themselves
            as integers, shape (N, …); None means the first output. With one class, a score above
            0.5 is class 1, else 0.
        class_axis: the axis of the classes in scores.
        min_iou: the lowest overlap, from 0 to 1, of an answer that is not wrong.
    """

    output: str | None = None
    class_axis: int = 1
    min_iou: Annotated[float, Field(ge=0, le=1)] = 0.95

    @property
    def column_types(self) -> Mapping[str, ColumnType]:
        """The columns that the class describes."""
        return _COLUMNS

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> bool:
        """Return whether the overlap of any sample is too small."""
        overlap = self.columns(golden, faulty)["iou"]
        return overlap is None or overlap < self.min_iou

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, MetricValue]:
        """Return the columns that the class describes."""
        scores = pick_tensor(golden, self.output), pick_tensor(faulty, self.output)
        if scores[0].shape != scores[1].shape:
            return {"iou": None, "pixels_changed": None}
        before, after = map(self._classes, scores)
        if not before.size:
            return {"iou": 1.0, "pixels_changed": 0.0}
        overlaps = [_mean_iou(x, y) for x, y in zip(before, after, strict=True)]
        return {"iou": min(overlaps), "pixels_changed": float(np.mean(before != after))}

    def _classes(self, tensor: np.ndarray) -> np.ndarray:
        """Return the classes, shape (N, pixels)."""
        if tensor.dtype.kind in "biu":
            return by_sample(tensor)
        if not 0 < self.class_axis < tensor.ndim:
            raise InputError(
                f"The metric's class_axis must be an axis of the output, from 1 to "
                f"{tensor.ndim - 1}, got {self.class_axis}."
            )
        return by_sample(best_classes(tensor, self.class_axis))


def _mean_iou(before: np.ndarray, after: np.ndarray) -> float:
    """Return the mean IoU of the classes of two samples, shape (pixels,) each."""
    if np.array_equal(before, after):
        return 1.0
    both = np.concatenate([before, after])
    if both.dtype.kind != "i" or both.min() < 0 or both.max() > _MOST_CLASSES:
        both = np.unique(both, return_inverse=True)[1]
    classes = int(both.max()) + 1
    first, second = both[: before.size], both[before.size :]
    common = np.bincount(first[first == second], minlength=classes)
    counts = [np.bincount(x, minlength=classes) for x in (first, second)]
    union = counts[0] + counts[1] - common
    occurs = union > 0
    return float(np.mean(common[occurs] / union[occurs]))
