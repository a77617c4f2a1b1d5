"""Compares detected boxes: lost, new or moved ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from onnxfi.error_models.values import to_float64
from onnxfi.errors import InputError
from onnxfi.injector.metrics.answers import pick_tensor
from onnxfi.injector.metrics.detection_heads import (
    ONE_OUTPUT,
    TWO_OUTPUTS,
    Decoded,
    Head,
    iou,
    suppress,
)
from onnxfi.injector.metrics.metric import ColumnType, MetricValue, Outputs

_COLUMNS: Mapping[str, ColumnType] = {
    "golden_boxes": int,
    "boxes": int,
    "lost": int,
    "new": int,
    "moved": int,
    "min_iou": float,
    "lost_share": float,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The answer is boxes with scores; it is wrong if any box is lost, new or moved.

    A box counts if its score reaches ``score``. Golden and faulty boxes of the same class and
    sample are matched one to one, in order of falling IoU (intersection over union), down to
    ``match``. Of equal IoUs the earlier golden and then the earlier faulty box comes first. A
    golden box without a match is lost, a faulty one is new; a match with an IoU below ``moved`` has
    moved. A box that is bit-equal to another has the IoU 1 with it; otherwise one with a NaN
    coordinate or without area matches none. Another number of samples is wrong.

    The columns, over all samples: ``golden_boxes``, ``boxes``, ``lost``, ``new``, ``moved``,
    ``min_iou`` of the matches, None if there is no match; and the severity of an image that is
    wrong (IVMOD, arXiv 2209.03225), with the golden boxes as the truth: ``lost_share``, the lost
    boxes over the golden ones, None without golden boxes. All but the first are None if the number
    of samples differs.

    Attributes:
        head: how the outputs hold boxes: ``boxes`` after the model's own suppression; or a raw
            head, ``yolo5``, ``yolo8``, ``ssd`` or ``detr``.
        output: the output of a head that has one: of yolo5 and yolo8; None for the first.
        boxes: the output with the boxes, shape (N, boxes, 4) or (boxes, 4).
        scores: the output with their scores, shape (N, boxes) or (boxes); with a last axis of
            classes, the highest score gives the score and the class.
        classes: the output with their classes, of the scores' shape; None for one class.
        format: of the heads boxes and ssd: ``corners`` for two opposite corners, x before y or y
            before x; ``size`` for a corner and the size; ``centre`` for the centre and the size.
        score: the lowest score of a box that counts.
        match: the lowest IoU of a match.
        moved: the IoU below which a match has moved.
        nms: the highest IoU of two boxes of a raw head that both count; better ones suppress
            others. DETR needs none.
        candidates: the most boxes of a sample that enter the suppression, those with the highest
            scores.
        class_wise: whether boxes of different classes never suppress each other.
    """

    head: Head = "boxes"
    output: str | None = None
    boxes: str | None = None
    scores: str | None = None
    classes: str | None = None
    format: Literal["corners", "size", "centre"] = "corners"
    score: float = 0.5
    match: Annotated[float, Field(gt=0, le=1)] = 0.5
    moved: Annotated[float, Field(ge=0, le=1)] = 0.95
    nms: Annotated[float, Field(ge=0, le=1)] = 0.45
    candidates: Annotated[int, Field(ge=1)] = 1000
    class_wise: bool = True

    def __post_init__(self) -> None:
        """Check that the outputs of the head are given.

        Raises:
            InputError: one is missing.
        """
        if self.head not in ONE_OUTPUT and (self.boxes is None or self.scores is None):
            raise InputError(
                f"The metric detection with head={self.head} needs the names of two outputs, boxes "
                "and scores."
            )

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
            "lost_share": (golden_boxes - len(matched)) / golden_boxes if golden_boxes else None,
        }

    def _samples(self, outputs: Outputs) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the corners (K, 4) and the classes (K,) of the boxes that count, by sample."""
        found, layout = self._decode(outputs)
        for boxes, scores, classes in zip(
            _corners(found.boxes, layout), found.scores, found.classes, strict=True
        ):
            counts = scores >= self.score
            boxes, scores, classes = boxes[counts], scores[counts], classes[counts]
            if self.head not in ("boxes", "detr"):
                best = np.argsort(-scores, kind="stable")[: self.candidates]
                boxes, scores, classes = boxes[best], scores[best], classes[best]
                kept = suppress(boxes, scores, classes, limit=self.nms, apart=self.class_wise)
                boxes, classes = boxes[kept], classes[kept]
            yield boxes, classes

    def _decode(self, outputs: Outputs) -> tuple[Decoded, str]:
        """Return all boxes, and how they are given."""
        if self.head in ONE_OUTPUT:
            return ONE_OUTPUT[self.head](pick_tensor(outputs, self.output)), "centre"
        tensors = pick_tensor(outputs, self.boxes), pick_tensor(outputs, self.scores)
        if self.head in TWO_OUTPUTS:
            layout = "centre" if self.head == "detr" else self.format
            return TWO_OUTPUTS[self.head](*tensors), layout
        return self._decode_boxes(outputs, *map(to_float64, tensors)), self.format

    def _decode_boxes(self, outputs: Outputs, boxes: np.ndarray, scores: np.ndarray) -> Decoded:
        """Return the boxes of a model that suppresses them itself."""
        if boxes.ndim == 2:
            boxes, scores = boxes[None], scores[None]
        if (
            boxes.ndim != 3
            or boxes.shape[2] != 4
            or scores.ndim not in (2, 3)
            or scores.shape[:2] != boxes.shape[:2]
            or 0 in scores.shape[2:]
        ):
            raise InputError(
                "The metric's boxes must have the shape (N, boxes, 4), and the scores (N, boxes) "
                f"or (N, boxes, classes), got {boxes.shape} and {scores.shape}."
            )
        if self.classes is not None:
            classes = pick_tensor(outputs, self.classes)
            if classes.size != boxes.shape[0] * boxes.shape[1]:
                raise InputError(
                    f"The metric's classes must be as many as the boxes, {boxes.shape[:2]}, got "
                    f"the shape {classes.shape}. Name another output."
                )
            classes = classes.reshape(boxes.shape[:2])
        else:
            classes = np.zeros(boxes.shape[:2], np.int64)
        if scores.ndim == 3:
            scores = np.where(np.isnan(scores), -np.inf, scores)
            classes, scores = scores.argmax(axis=2), scores.max(axis=2)
        return Decoded(boxes, scores, classes)

    def _match(
        self, before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray]
    ) -> list[float]:
        """Return the IoU of each match in one sample."""
        overlaps = iou(before[0], after[0])
        first, second = before[0][:, None], after[0][None]
        equal = (first == second) | (np.isnan(first) & np.isnan(second))
        overlaps[equal.all(axis=2)] = 1  # also without area, or not finite
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
