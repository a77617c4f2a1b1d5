"""Metrics against their definitions, worked out element by element."""

import itertools
import math
import sys
import types
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from onnxfi.errors import ConfigurationError, InputError, MetricError
from onnxfi.injector import Metric, decide_outcome
from onnxfi.injector.metrics import (
    Classification,
    Detection,
    EmbeddingDistance,
    Regression,
    Segmentation,
    TokenSequence,
    load_metric,
)

ODD = st.sampled_from([0.0, -0.0, 1.0, 2.5, -3.0, 1e30, math.inf, -math.inf, math.nan])


def outputs(array: Any, name: str = "y") -> dict[str, np.ndarray]:
    return {name: np.asarray(array)}


def same(found: Any, expected: Any) -> bool:
    return found == pytest.approx(expected, nan_ok=True) if expected is not None else found is None


@pytest.mark.parametrize(
    "metric",
    [
        Classification("s"),
        Segmentation(),
        TokenSequence(),
        Regression(),
        EmbeddingDistance(),
        Detection(boxes="b", scores="s"),
    ],
)
def test_columns_have_the_types_that_are_told(metric: Metric) -> None:
    rng = np.random.default_rng(0)
    golden, faulty = (
        {
            "y": rng.normal(size=(2, 3, 4, 4)),
            "b": rng.random((2, 5, 4)),
            "s": rng.random((2, 5)),
        }
        for _ in range(2)
    )
    for other in (golden, faulty):
        columns = metric.columns(golden, other)
        assert list(columns) == list(metric.column_types)
        for name, value in columns.items():
            assert value is None or type(value) is metric.column_types[name]
    assert not metric.is_wrong(golden, golden)
    assert metric.is_wrong(golden, faulty)
    assert decide_outcome(golden, golden, metric) == "masked"
    assert decide_outcome(golden, faulty, metric) == "sdc"
    broken = {name: np.full_like(array, np.nan) for name, array in golden.items()}
    assert decide_outcome(golden, broken, metric) == "due"
    metric.columns(golden, broken)  # is a record nevertheless
    del golden["y"], golden["b"]
    with pytest.raises(InputError, match="output must be"):
        metric.is_wrong({"z": np.array("text", dtype=object)}, golden)


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


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (2, 5), elements=ODD), st.sampled_from([0.0, 0.5]), st.floats(0, 1))
def test_regression(both: np.ndarray, absolute: float, relative: float) -> None:
    errors, shares, wrong = [], [], False
    for x, y in zip(*both.tolist(), strict=True):
        if x == y or (math.isnan(x) and math.isnan(y)):
            error = share = 0.0
        else:
            error = abs(y - x)
            error = math.inf if math.isnan(error) else error
            share = error / abs(x) if x and math.isfinite(x) else math.inf
        allowed = absolute + relative * (abs(x) if math.isfinite(x) else 0)
        wrong |= error > allowed
        errors.append(error)
        shares.append(share)
    metric = Regression(absolute=absolute, relative=relative)
    golden, faulty = (outputs(x) for x in both)
    found = metric.columns(golden, faulty)
    assert same(found["max_absolute_error"], max(errors))
    assert same(found["mean_absolute_error"], sum(errors) / 5)
    assert same(found["max_relative_error"], max(shares))
    assert metric.is_wrong(golden, faulty) == wrong


def test_regression_of_other_shapes_and_of_nothing() -> None:
    metric = Regression()
    assert metric.is_wrong(outputs([1.0]), outputs([1.0, 1.0]))
    assert metric.columns(outputs([1.0]), outputs([1.0, 1.0]))["max_absolute_error"] is None
    assert not metric.is_wrong(outputs(np.zeros((0, 2))), outputs(np.zeros((0, 2))))


def test_embedding_distance() -> None:
    x = np.array([[1.0, 0.0], [0.0, 2.0]])
    y = np.array([[1.0, 1.0], [0.0, 4.0]])
    metric = EmbeddingDistance(limit=0.25)
    found = metric.columns(outputs(x), outputs(y))
    assert found["cosine_distance"] == pytest.approx(1 - 1 / math.sqrt(2))
    assert found["euclidean_distance"] == pytest.approx(2.0)  # the largest of 1 and 2
    assert metric.is_wrong(outputs(x), outputs(y))
    assert not EmbeddingDistance(limit=0.3).is_wrong(outputs(x), outputs(y))
    assert EmbeddingDistance(distance="euclidean", limit=1.9).is_wrong(outputs(x), outputs(y))
    huge = metric.columns(outputs(1e200 * x), outputs(1e200 * y))
    assert huge["cosine_distance"] == pytest.approx(found["cosine_distance"])
    for a, b, expected in (
        ([0.0, 0.0], [0.0, 0.0], 0.0),
        ([0.0, 0.0], [1.0, 0.0], 1.0),
        ([1.0, 0.0], [-2.0, 0.0], 2.0),
        ([math.nan, 1.0], [math.nan, 1.0], 0.0),
        ([1.0, 1.0], [math.nan, 1.0], math.inf),
    ):
        assert metric.columns(outputs(a), outputs(b))["cosine_distance"] == pytest.approx(expected)
    assert metric.is_wrong(outputs(x), outputs(x[:1]))


def area(box: Any) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def iou(a: Any, b: Any) -> float:
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
            matches += greedy(*chosen, 0.4)
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


def test_metrics_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_metric("classification", {"output": "y"}) == Classification("y")
    assert load_metric("segmentation", {"min_iou": 0.5}) == Segmentation(min_iou=0.5)
    module = types.ModuleType("mine")

    def answer(golden: Any, faulty: Any) -> Any:
        return {"wrong": bool(faulty["y"][0] > 3), "first": float(faulty["y"][0])}

    answer.column_types = {"first": float}  # type: ignore[attr-defined]

    class Best(Regression):
        """A metric of somebody else."""

    module.answer, module.Best, module.number = answer, Best, 3  # type: ignore[attr-defined]
    module.plain = lambda golden, faulty: np.bool_(True)  # type: ignore[attr-defined]
    module.vague = lambda golden, faulty: {"first": 1}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mine", module)
    metric = load_metric("mine:answer", {})
    assert metric.columns({}, outputs([4.0])) == {"first": 4.0}
    assert metric.is_wrong({}, outputs([4.0]))
    assert not metric.is_wrong({}, outputs([2.0]))
    assert load_metric("mine:plain", {}).is_wrong({}, {}) is True
    assert load_metric("mine:plain", {}).columns({}, {}) == {}
    best = load_metric("mine:Best", {"relative": 0.2})
    assert best.columns(outputs([4.0]), outputs([4.0])) == Best().columns(*[outputs([4.0])] * 2)
    with pytest.raises(MetricError, match="'wrong'"):
        load_metric("mine:vague", {}).is_wrong({}, {})


@pytest.mark.parametrize(
    ("name", "configuration", "message"),
    [
        ("segmentatoin", {}, "did you mean 'segmentation'"),
        ("segmentation", {"iou": 0.5}, "keys output, class_axis, min_iou, got 'iou'"),
        ("segmentation", {"min_iou": 2}, "less than or equal to 1, got 2"),
        ("detection", {"boxes": "b"}, "scores"),
        ("nowhere:thing", {}, "ModuleNotFoundError"),
        ("math:pi", {}, "function or a class"),
        ("math:fsum", {"a": 1}, "takes no configuration"),
        ("fractions:Fraction", {}, "must have column_types"),
        ("fractions:Fraction", {"a": 1}, "unexpected keyword"),
    ],
)
def test_mistakes_are_told(name: str, configuration: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_metric(name, configuration)


@given(
    scores=st.integers(2, 12).flatmap(
        lambda classes: st.tuples(
            arrays(np.float32, (2, classes), elements=ODD),
            arrays(np.float32, (2, classes), elements=ODD),
        )
    )
)
def test_sdc5_is_a_top1_outside_of_the_five_best(scores: tuple[np.ndarray, np.ndarray]) -> None:
    golden, faulty = scores

    def ranking(of_sample: np.ndarray) -> list[int]:
        """Classes from best to worst: of equal ones the first, and NaN last."""
        classes = range(of_sample.size)
        return sorted(classes, key=lambda x: (np.isnan(of_sample[x]), -of_sample[x], x))

    expected = any(
        np.argmax(np.nan_to_num(after, nan=-np.inf, posinf=np.inf, neginf=-np.inf))
        not in ranking(before)[:5]
        for before, after in zip(golden, faulty, strict=True)
    )
    found = Classification().columns(outputs(golden), outputs(faulty))
    assert found["sdc5"] == expected
