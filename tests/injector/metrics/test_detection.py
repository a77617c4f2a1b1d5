"""Detection against a matching of boxes in plain Python."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.errors import InputError
from onnxfi.injector.metrics import (
    Detection,
)
from tests.support.metric_checks import same


def area(box: Any) -> float:
    return float(max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]))


def iou(a: Any, b: Any) -> float:
    if np.array_equal(a, b, equal_nan=True):
        return 1.0  # also without area
    common = area([max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])])
    union = area(a) + area(b) - common
    return common / union if union > 0 and math.isfinite(common / union) else 0.0


def greedy(before: list[Any], after: list[Any], match: float) -> list[float]:
    pairs = sorted(
        (
            (-iou(a, b), i, j)
            for (i, a), (j, b) in itertools.product(*map(enumerate, (before, after)))
        ),
    )
    used: tuple[set[int], set[int]] = (set(), set())
    found = []
    for negative, i, j in pairs:
        if -negative >= match and i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            found.append(-negative)
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_detection(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 4, (2, 2, 6, 2)).astype(np.float64)  # coarse, so that boxes tie
    boxes = np.concatenate([corners, corners + rng.integers(0, 4, corners.shape)], axis=-1)
    boxes[1] = np.where(rng.random((2, 6, 1)) < 0.6, boxes[0], boxes[1])
    boxes[1][rng.random((2, 6)) < 0.1] = np.nan
    scores, classes = rng.random((2, 2, 6)), rng.integers(0, 2, (2, 2, 6))
    golden, faulty = (
        {"boxes": boxes[k], "scores": scores[k], "classes": classes[k]} for k in range(2)
    )
    metric = Detection(boxes="boxes", scores="scores", classes="classes", score=0.3, match=0.4)
    matches, kept = [], [0, 0]
    for n in range(2):
        for kind in range(2):
            chosen = [
                [
                    boxes[k, n, i]
                    for i in range(6)
                    if scores[k, n, i] >= 0.3 and classes[k, n, i] == kind
                ]
                for k in range(2)
            ]
            kept = [count + len(x) for count, x in zip(kept, chosen, strict=True)]
            matches += greedy(chosen[0], chosen[1], 0.4)
    found = metric.columns(golden, faulty)
    assert found["golden_boxes"] == kept[0]
    assert found["boxes"] == kept[1]
    assert found["lost"] == kept[0] - len(matches)
    assert found["new"] == kept[1] - len(matches)
    assert found["moved"] == sum(x < 0.95 for x in matches)
    assert same(found["min_iou"], min(matches, default=None))
    counted = [found[name] for name in ("lost", "new", "moved")]
    assert metric.is_wrong(golden, faulty) == any(counted)


def test_detection_formats_and_shapes_agree() -> None:
    corners = np.array([[1.0, 2.0, 4.0, 6.0], [0.0, 0.0, 1.0, 1.0]])
    sizes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    centres = np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, sizes[:, 2:]], axis=1)
    moved = corners + np.array([1.0, 0.0, 1.0, 0.0])
    scores = np.array([0.9, 0.8])
    expected = Detection(boxes="b", scores="s", match=0.1).columns(
        {"b": corners, "s": scores}, {"b": moved, "s": scores}
    )
    assert expected["min_iou"] == pytest.approx(8 / 16)
    assert (expected["lost"], expected["new"], expected["moved"]) == (1, 1, 1)
    for layout, boxes in (("size", sizes), ("centre", centres)):
        shifted = boxes + np.array([1.0, 0.0, 0.0, 0.0])
        metric = Detection(boxes="b", scores="s", match=0.1, format=layout)  # type: ignore[arg-type]
        assert metric.columns({"b": boxes, "s": scores}, {"b": shifted, "s": scores}) == expected
    # Scores of classes: the highest counts.
    by_class = np.stack([scores, scores / 2], axis=1)
    metric = Detection(boxes="b", scores="s", match=0.1)
    found = metric.columns({"b": corners, "s": by_class}, {"b": moved, "s": by_class})
    assert found == expected
    two = {"b": corners[None].repeat(2, 0), "s": scores[None].repeat(2, 0)}
    assert metric.is_wrong({"b": corners, "s": scores}, two)
    with pytest.raises(InputError, match="boxes must have the shape"):
        metric.columns({"b": scores, "s": scores}, two)
