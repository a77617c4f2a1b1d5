"""Compares detected boxes: lost, new or moved ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from onnxfi.error_models.values import to_float64
from onnxfi.errors import InputError
from onnxfi.injector.metrics.answers import pick_tensor
from onnxfi.injector.metrics.metric import ColumnType, MetricValue, Outputs

_COLUMNS: Mapping[str, ColumnType] = {
    "golden_boxes": int,
    "boxes": int,
    "lost": int,
    "new": int,
    "moved": int,
    "min_iou": float,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The answer is boxes with scores; it is wrong if any box is lost, new or moved.

    A box counts if its score reaches ``score``. Golden and faulty boxes of the same class and
    sample are matched one to one, in order of falling IoU (intersection over union), down to
    ``match``. Of equal IoUs the earlier golden and then the earlier faulty box comes first. A
    golden box without a match is lost, a faulty one is new; a match with an IoU below ``moved`` has
    moved. A box with a NaN coordinate or without area matches none. Another number of samples is
    wrong.

    The columns, over all samples: ``golden_boxes``, ``boxes``, ``lost``, ``new``, ``moved``, and
    ``min_iou`` of the matches, None if there is no match. All but the first are None if the number
    of samples differs.

    Attributes:
        boxes: the output with the boxes, shape (N, boxes, 4) or (boxes, 4).
        scores: the output with their scores, shape (N, boxes) or (boxes); with a last axis of
            classes, the highest score gives the score and the class.
        classes: the output with their classes, of the scores' shape; None for one class.
        format: ``corners`` for two opposite corners, x before y or y before x; ``size`` for a
            corner and the size; ``centre`` for the centre and the size.
        score: the lowest score of a box that counts.
        match: the lowest IoU of a match.
        moved: the IoU below which a match has moved.
    """

    boxes: str
    scores: str
    classes: str | None = None
    format: Literal["corners", "size", "centre"] = "corners"
    score: float = 0.5
    match: Annotated[float, Field(gt=0, le=1)] = 0.5
    moved: Annotated[float, Field(ge=0, le=1)] = 0.95

    @property
    def column_types(self) -> Mapping[str, ColumnType]:
        """The columns that the class describes."""
        return _COLUMNS

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> bool:
        """Return whether any box is lost, new or moved."""
        found = self.columns(golden, faulty)
        return any(found[name] is None or bool(found[name]) for name in ("lost", "new", "moved"))

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, MetricValue]:
        """Return the columns that the class describes."""
        before, after = list(self._samples(golden)), list(self._samples(faulty))
        golden_boxes = sum(len(boxes) for boxes, _ in before)
        if len(before) != len(after):
            return dict.fromkeys(_COLUMNS) | {"golden_boxes": golden_boxes}
        boxes = sum(len(boxes) for boxes, _ in after)
        matched = [x for pair in zip(before, after, strict=True) for x in self._match(*pair)]
        return {
            "golden_boxes": golden_boxes,
            "boxes": boxes,
            "lost": golden_boxes - len(matched),
            "new": boxes - len(matched),
            "moved": sum(x < self.moved for x in matched),
            "min_iou": min(matched, default=None),
        }

    def _samples(self, outputs: Outputs) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the corners (K, 4) and the classes (K,) of the boxes that count, by sample."""
        boxes = to_float64(pick_tensor(outputs, self.boxes))
        scores = to_float64(pick_tensor(outputs, self.scores))
        if boxes.ndim == 2:
            boxes, scores = boxes[None], scores[None]
        if boxes.ndim != 3 or boxes.shape[2] != 4 or scores.shape[:2] != boxes.shape[:2]:
            raise InputError(
                "The metric's boxes must have the shape (N, boxes, 4), and the scores (N, boxes) "
                f"or (N, boxes, classes), got {boxes.shape} and {scores.shape}."
            )
        if self.classes is not None:
            classes = pick_tensor(outputs, self.classes).reshape(boxes.shape[:2])
        else:
            classes = np.zeros(boxes.shape[:2], np.int64)
        if scores.ndim == 3:
            scores = np.where(np.isnan(scores), -np.inf, scores)
            classes, scores = scores.argmax(axis=2), scores.max(axis=2)
        for of_sample, score, kind in zip(
            _corners(boxes, self.format), scores, classes, strict=True
        ):
            counts = score >= self.score
            yield of_sample[counts], kind[counts]

    def _match(
        self, before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray]
    ) -> list[float]:
        """Return the IoU of each match in one sample."""
        overlaps = _iou(before[0], after[0])
        overlaps[before[1][:, None] != after[1][None]] = 0
        rows, columns = np.nonzero(overlaps >= self.match)
        order = np.argsort(-overlaps[rows, columns], kind="stable")
        matched: list[float] = []
        used_rows, used_columns = set(), set()
        for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
            if row not in used_rows and column not in used_columns:
                used_rows.add(row)
                used_columns.add(column)
                matched.append(float(overlaps[row, column]))
        return matched


def _corners(boxes: np.ndarray, layout: str) -> np.ndarray:
    """Return boxes (…, 4) as their lower and their upper corners."""
    first, second = boxes[..., :2], boxes[..., 2:]
    with np.errstate(invalid="ignore", over="ignore"):
        if layout == "centre":
            first = first - second / 2
        if layout != "corners":
            second = first + second
    return np.concatenate([np.minimum(first, second), np.maximum(first, second)], axis=-1)


def _iou(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the IoU of each pair of boxes, (K, 4) and (L, 4); 0 if it is undefined."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        low = np.maximum(before[:, None, :2], after[None, :, :2])
        high = np.minimum(before[:, None, 2:], after[None, :, 2:])
        common = np.prod(np.maximum(high - low, 0), axis=2)
        areas = [np.prod(x[:, 2:] - x[:, :2], axis=1) for x in (before, after)]
        overlaps = common / (areas[0][:, None] + areas[1][None] - common)
    return np.asarray(np.where(np.isfinite(overlaps), overlaps, 0.0))
