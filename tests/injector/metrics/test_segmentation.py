"""Segmentation against its definition, worked out element by element."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from onnxfi.errors import InputError
from onnxfi.injector.metrics import (
    Segmentation,
)
from tests.support.metric_checks import ODD, outputs, same


def brute_iou(before: list[int], after: list[int]) -> float:
    shares = []
    for kind in sorted({*before, *after}):
        pairs = [(x == kind, y == kind) for x, y in zip(before, after, strict=True)]
        shares.append(sum(x and y for x, y in pairs) / sum(x or y for x, y in pairs))
    return sum(shares) / len(shares)


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (2, 2, 3, 2, 2), elements=ODD))
def test_segmentation(both: np.ndarray) -> None:
    golden, faulty = both

    def classes(scores: np.ndarray) -> list[list[int]]:
        ranked = np.where(np.isnan(scores), -np.inf, scores)
        return [
            [
                max(range(3), key=lambda k: (ranked[n, k, i, j], -k))
                for i in range(2)
                for j in range(2)
            ]
            for n in range(2)
        ]

    before, after = classes(golden), classes(faulty)
    expected = min(brute_iou(x, y) for x, y in zip(before, after, strict=True))
    pairs = list(zip(*(itertools.chain(*x) for x in (before, after)), strict=True))
    metric = Segmentation(min_iou=0.5)
    found = metric.columns(outputs(golden), outputs(faulty))
    assert same(found["iou"], expected)
    assert same(found["pixels_changed"], sum(x != y for x, y in pairs) / 8)
    assert metric.is_wrong(outputs(golden), outputs(faulty)) == (expected < 0.5)
    # The classes themselves give the same, and so does another axis of scores.
    labels = [outputs(np.reshape(x, (2, 2, 2))) for x in (before, after)]
    assert metric.columns(*labels) == found
    moved = [outputs(np.moveaxis(x, 1, -1)) for x in (golden, faulty)]
    assert Segmentation(class_axis=3).columns(*moved) == found


@pytest.mark.parametrize("classes", [[0, 1], [-7, 2**40], [2**62, 3]])
@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_segmentation_of_any_numbers(classes: list[int], dtype: Any) -> None:
    rng = np.random.default_rng(0)
    places = rng.integers(0, 2, (2, 1, 20))
    golden, faulty = np.array(classes, np.int64).astype(dtype)[places]
    expected = brute_iou(*[x[0].tolist() for x in (golden, faulty)])
    assert same(Segmentation().columns(outputs(golden), outputs(faulty))["iou"], expected)


def test_segmentation_of_other_shapes_and_of_one_class() -> None:
    metric = Segmentation()
    golden = np.array([[[[0.2, 0.7]]]])
    assert metric.columns(outputs(golden), outputs(golden)) == {"iou": 1.0, "pixels_changed": 0.0}
    changed = metric.columns(outputs(golden), outputs(1 - golden))
    assert changed == {"iou": 0.0, "pixels_changed": 1.0}
    assert metric.is_wrong(outputs(golden), outputs(golden[..., :1]))
    empty = np.zeros((0, 2, 3, 3))
    assert not metric.is_wrong(outputs(empty), outputs(empty))
    with pytest.raises(InputError, match="class_axis"):
        Segmentation(class_axis=4).columns(outputs(golden), outputs(golden))
