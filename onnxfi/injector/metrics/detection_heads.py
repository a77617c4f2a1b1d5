"""Decodes the raw heads of detectors into boxes, scores and classes.

Sources: YOLOv5 and YOLOv8 exports (Ultralytics), SSD (W. Liu et al., ECCV 2016), DETR (N. Carion et
al., ECCV 2020).
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np

from onnxfi.error_models.values import to_float64
from onnxfi.errors import InputError

#: ``boxes``: what a model gives after its own suppression. ``yolo5``: one output (N, boxes, 5 +
#: classes) of centre, size, objectness and classes. ``yolo8``: one output (N, 4 + classes, boxes).
#: ``ssd``: boxes (N, boxes, 4) and scores (N, boxes, 1 + classes), of which class 0 is the
#: background. ``detr``: boxes (N, queries, 4) and logits (N, queries, classes + 1), of which the
#: last class is no object.
Head = Literal["boxes", "yolo5", "yolo8", "ssd", "detr"]


class Decoded(NamedTuple):
    """The candidates of a head.

    Attributes:
        boxes: float64, shape ``(N, boxes, 4)``, in the format of the head.
        scores: float64, shape ``(N, boxes)``.
        classes: int64, shape ``(N, boxes)``.
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray


def decode_yolo5(found: np.ndarray) -> Decoded:
    """Decode an output of YOLOv5: a score is objectness times the probability of the class.

    Raises:
        InputError: its shape is another.
    """
    wide = _three_axes(found, 2, 6, "(N, boxes, 5 + classes)")
    classes, scores = _best(wide[..., 5:])
    with np.errstate(invalid="ignore", over="ignore"):
        return Decoded(wide[..., :4], wide[..., 4] * scores, classes)


def decode_yolo8(found: np.ndarray) -> Decoded:
    """Decode an output of YOLOv8: a score is the probability of the class.

    Raises:
        InputError: its shape is another.
    """
    wide = _three_axes(found, 1, 5, "(N, 4 + classes, boxes)").transpose(0, 2, 1)
    classes, scores = _best(wide[..., 4:])
    return Decoded(wide[..., :4], scores, classes)


def decode_ssd(boxes: np.ndarray, scores: np.ndarray) -> Decoded:
    """Decode the outputs of SSD: the background is class 0, and is no box.

    Raises:
        InputError: their shapes are others.
    """
    wide = _three_axes(scores, 2, 2, "(N, boxes, 1 + classes)")
    classes, best = _best(wide[..., 1:])
    return Decoded(_boxes(boxes, wide), best, classes + 1)


def decode_detr(boxes: np.ndarray, logits: np.ndarray) -> Decoded:
    """Decode the outputs of DETR: a score is the softmax over all classes and no object.

    Raises:
        InputError: their shapes are others.
    """
    wide = _three_axes(logits, 2, 2, "(N, queries, classes + 1)")
    with np.errstate(invalid="ignore", over="ignore"):
        shifted = np.exp(wide - wide.max(axis=2, keepdims=True))
        classes, scores = _best((shifted / shifted.sum(axis=2, keepdims=True))[..., :-1])
    return Decoded(_boxes(boxes, wide), scores, classes)


#: Decodes a head of one output, or of boxes and scores.
ONE_OUTPUT: Mapping[str, Callable[[np.ndarray], Decoded]] = {
    "yolo5": decode_yolo5,
    "yolo8": decode_yolo8,
}
TWO_OUTPUTS: Mapping[str, Callable[[np.ndarray, np.ndarray], Decoded]] = {
    "ssd": decode_ssd,
    "detr": decode_detr,
}


def suppress(
    boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray, *, limit: float, apart: bool
) -> np.ndarray:
    """Return which boxes stay: greedy suppression of those that a better one overlaps.

    Boxes are taken in order of falling score, of equal scores the earlier one first. A box whose
    IoU with a taken one is above the limit goes. An undefined IoU is 0.

    Args:
        boxes: corners, shape ``(K, 4)``.
        scores: shape ``(K,)``.
        classes: shape ``(K,)``.
        limit: the highest IoU of two boxes that stay.
        apart: whether boxes of different classes never suppress each other.

    Returns:
        The places of the boxes that stay, ascending: int64.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, others = order[0], order[1:]
        kept.append(int(best))
        gone = iou(boxes[best][None], boxes[others])[0] > limit
        if apart:
            gone &= classes[others] == classes[best]
        order = others[~gone]
    return np.array(sorted(kept), np.int64)


def iou(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the IoU of each pair of boxes, (K, 4) and (L, 4); 0 if it is undefined."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        low = np.maximum(before[:, None, :2], after[None, :, :2])
        high = np.minimum(before[:, None, 2:], after[None, :, 2:])
        common = np.prod(np.maximum(high - low, 0), axis=2)
        areas = [np.prod(x[:, 2:] - x[:, :2], axis=1) for x in (before, after)]
        overlaps = common / (areas[0][:, None] + areas[1][None] - common)
    return np.asarray(np.where(np.isfinite(overlaps), overlaps, 0.0))


def _best(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best class of each box and its score; a NaN never wins."""
    known = np.where(np.isnan(scores), -np.inf, scores)
    return known.argmax(axis=2), known.max(axis=2)


def _three_axes(found: np.ndarray, axis: int, least: int, wanted: str) -> np.ndarray:
    # One that has more numbers for each box than boxes has its axes the other way round.
    turned = least > 2 and found.ndim == 3 and found.shape[axis] > found.shape[3 - axis]
    if found.ndim != 3 or found.shape[axis] < least or turned:
        raise InputError(
            f"The output of this head must have the shape {wanted}, got {found.shape}. Choose "
            "another head, or another output."
        )
    return to_float64(found)


def _boxes(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    if boxes.shape != (*scores.shape[:2], 4):
        raise InputError(
            f"The boxes of this head must have the shape (N, boxes, 4) with as many boxes as "
            f"scores, got {boxes.shape} and {scores.shape}."
        )
    return to_float64(boxes)
