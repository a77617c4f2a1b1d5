"""Raw heads of detectors, against decoding and suppressing box by box."""

import math
from typing import Any

import numpy as np
import pytest

from onnxfi.errors import ConfigurationError, InputError
from onnxfi.injector.metrics import Detection
from onnxfi.injector.metrics.registry import load_metric
from tests.injector.metrics.test_detection import iou

CLASSES, BOXES = 3, 40
Box = tuple[list[float], float, int]


def centre(box: Any) -> list[float]:
    x, y, w, h = (float(v) for v in box)
    return [x - w / 2, y - h / 2, x + w / 2, y + h / 2]


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (2, BOXES, 4) of centres and sizes that overlap, and class scores."""
    rng = np.random.default_rng(seed)
    place = rng.integers(0, 4, (2, BOXES, 2)) * 10 + rng.normal(0, 1.5, (2, BOXES, 2))
    boxes = np.concatenate([place, rng.uniform(6, 10, (2, BOXES, 2))], axis=2)
    return boxes, rng.random((2, BOXES, CLASSES))


def yolo5(boxes: np.ndarray, scores: np.ndarray, sample: int) -> list[Box]:
    objectness = np.linspace(0.5, 1, BOXES)
    found = []
    for k in range(BOXES):
        best = max(range(CLASSES), key=lambda c: scores[sample, k, c])
        found.append(
            (centre(boxes[sample, k]), float(objectness[k] * scores[sample, k, best]), best)
        )
    return found


def yolo8(boxes: np.ndarray, scores: np.ndarray, sample: int) -> list[Box]:
    return [
        (
            centre(boxes[sample, k]),
            float(scores[sample, k].max()),
            int(scores[sample, k].argmax()),
        )
        for k in range(BOXES)
    ]


def ssd(boxes: np.ndarray, scores: np.ndarray, sample: int) -> list[Box]:
    return [
        (
            centre(boxes[sample, k]),
            float(scores[sample, k, 1:].max()),
            1 + int(scores[sample, k, 1:].argmax()),
        )
        for k in range(BOXES)
    ]


def detr(boxes: np.ndarray, scores: np.ndarray, sample: int) -> list[Box]:
    found = []
    for k in range(BOXES):
        logits = 6 * scores[sample, k]
        parts = [math.exp(x) for x in logits]
        shares = [x / sum(parts) for x in parts][:-1]
        best = max(range(len(shares)), key=shares.__getitem__)
        found.append((centre(boxes[sample, k]), shares[best], best))
    return found


def outputs_of(head: str, boxes: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    if head == "yolo5":
        objectness = np.broadcast_to(np.linspace(0.5, 1, BOXES)[:, None], (2, BOXES, 1))
        return {"raw": np.concatenate([boxes, objectness, scores], axis=2)}
    if head == "yolo8":
        return {"raw": np.concatenate([boxes, scores], axis=2).transpose(0, 2, 1)}
    return {"b": boxes, "s": 6 * scores if head == "detr" else scores}


def counted(found: list[Box], head: str, score: float, nms: float, apart: bool) -> list[Box]:
    left = sorted((x for x in found if x[1] >= score), key=lambda x: -x[1])
    if head == "detr":
        return left
    kept: list[Box] = []
    for box in left:
        if not any(
            iou(box[0], other[0]) > nms and (not apart or box[2] == other[2]) for other in kept
        ):
            kept.append(box)
    return kept


def metric_of(head: str, **options: Any) -> Detection:
    names = {} if head.startswith("yolo") else {"boxes": "b", "scores": "s"}
    layout = {"format": "centre"} if head == "ssd" else {}
    return Detection(head=head, **names, **layout, **options)  # type: ignore[arg-type]


DECODERS = {"yolo5": yolo5, "yolo8": yolo8, "ssd": ssd, "detr": detr}


@pytest.mark.parametrize("head", DECODERS)
@pytest.mark.parametrize("apart", [True, False])
def test_heads(head: str, apart: bool) -> None:
    for seed in range(5):
        boxes, scores = drawn(seed)
        golden = outputs_of(head, boxes, scores)
        metric = metric_of(head, score=0.4, nms=0.3, class_wise=apart)
        expected = [
            counted(DECODERS[head](boxes, scores, n), head, 0.4, 0.3, apart) for n in range(2)
        ]
        found = metric.columns(golden, golden)
        assert found["golden_boxes"] == found["boxes"] == sum(map(len, expected))
        assert (found["lost"], found["new"], found["moved"]) == (0, 0, 0)
        # Faulty: the best box of sample 0 moves far away.
        best = max(range(BOXES), key=lambda k: DECODERS[head](boxes, scores, 0)[k][1])
        moved = boxes.copy()
        moved[0, best, :2] += 500
        faulty = outputs_of(head, moved, scores)
        after = [counted(DECODERS[head](moved, scores, n), head, 0.4, 0.3, apart) for n in range(2)]
        found = metric.columns(golden, faulty)
        assert found["boxes"] == sum(map(len, after))
        assert found["new"]  # what it had suppressed may take its place
        assert found["lost_share"] == found["lost"] / found["golden_boxes"]  # type: ignore[operator]
        assert metric.is_wrong(golden, faulty)


def test_values_that_are_not_finite() -> None:
    boxes, scores = drawn(1)
    golden = outputs_of("yolo8", boxes, scores)
    metric = metric_of("yolo8", score=0.4)
    for value in (np.nan, np.inf):
        faulty = {"raw": golden["raw"].copy()}
        faulty["raw"][0, 0] = value
        found = metric.columns(golden, faulty)
        assert found["lost"]
    faulty = {"raw": golden["raw"].copy()}
    faulty["raw"][:, 4:] = np.nan
    found = metric.columns(golden, faulty)
    assert (found["boxes"], found["lost"]) == (0, found["golden_boxes"])


def test_no_boxes_at_all() -> None:
    boxes, scores = drawn(2)
    empty = outputs_of("yolo5", boxes, 0 * scores)
    found = metric_of("yolo5").columns(empty, empty)
    assert (found["golden_boxes"], found["lost_share"], found["min_iou"]) == (0, None, None)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match=r"must have the shape \(N, boxes, 5 \+ classes\)"):
        metric_of("yolo5").columns({"raw": np.zeros((1, 4, 3))}, {"raw": np.zeros((1, 4, 3))})
    bad = {"b": np.zeros((1, 5, 4)), "s": np.zeros((1, 6, 3))}
    with pytest.raises(InputError, match="as many boxes as scores"):
        metric_of("ssd").columns(bad, bad)
    with pytest.raises(ConfigurationError, match="needs the names of two outputs"):
        load_metric("detection", {"head": "detr"})
    with pytest.raises(ConfigurationError, match="yolo9"):
        load_metric("detection", {"head": "yolo9"})


def test_a_golden_box_without_area_is_not_lost() -> None:
    boxes = np.array([[[1, 1, 1, 5], [0, 0, 4, 4], [np.nan, 0, 1, 1]]], np.float32)
    outputs = {"b": boxes, "s": np.ones((1, 3), np.float32)}
    metric = Detection(boxes="b", scores="s")
    assert not metric.is_wrong(outputs, {name: x.copy() for name, x in outputs.items()})
    moved = {**outputs, "b": boxes + np.float32(3)}
    assert metric.is_wrong(outputs, moved)


def test_many_candidates_are_cut() -> None:
    """A fault that lifts all scores does not take seconds."""
    boxes, scores = drawn(3)
    golden = outputs_of("yolo8", boxes, scores)
    found = metric_of("yolo8", score=0.0, candidates=5, nms=1).columns(golden, golden)
    assert found["boxes"] == 10


def test_axes_the_other_way_round_are_refused() -> None:
    boxes, scores = drawn(4)
    turned = {"raw": outputs_of("yolo8", boxes, scores)["raw"]}
    with pytest.raises(InputError, match="Choose another head"):
        metric_of("yolo5").columns(turned, turned)
    turned = {"raw": outputs_of("yolo5", boxes, scores)["raw"]}
    with pytest.raises(InputError, match="Choose another head"):
        metric_of("yolo8").columns(turned, turned)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"c": np.zeros(2)}, "as many as the boxes"),
        ({"s": np.zeros((1, 3, 2, 2))}, "must have the shape"),
        ({"s": np.zeros((1, 3, 0))}, "must have the shape"),
    ],
)
def test_outputs_that_do_not_belong_together(changed: dict[str, np.ndarray], said: str) -> None:
    outputs = {"b": np.zeros((1, 3, 4)), "s": np.zeros((1, 3)), "c": np.zeros((1, 3))} | changed
    with pytest.raises(InputError, match=said):
        Detection(boxes="b", scores="s", classes="c").columns(outputs, outputs)
