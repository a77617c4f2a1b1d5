"""The metric of sequences against decoding and edit distances written as loops."""

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.errors import InputError
from onnxfi.injector.metrics import TokenSequence, load_metric
from onnxfi.injector.metrics.many import are_wrong, columns_of_all
from onnxfi.injector.metrics.tokens import edit_distances


def distance(x: Sequence[int], y: Sequence[int]) -> int:
    @cache
    def of(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        same = of(i - 1, j - 1) + (x[i - 1] != y[j - 1])
        return min(same, of(i - 1, j) + 1, of(i, j - 1) + 1)

    return of(len(x), len(y))


def decode(steps: Sequence[int], end: int | None, blank: int | None, merge: bool) -> list[int]:
    if end is not None and end in steps:
        steps = steps[: steps.index(end) + 1]
    if blank is None:
        return list(steps)
    if merge:
        steps = [token for token, _ in itertools.groupby(steps)]
    return [token for token in steps if token != blank]


def outputs(array: Any) -> dict[str, np.ndarray]:
    return {"y": np.asarray(array)}


def one_hot(tokens: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.moveaxis(np.eye(4, dtype=np.float32)[tokens], -1, axis)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    steps=st.integers(0, 6),
    end=st.sampled_from([None, 0, 3]),
    blank=st.sampled_from([None, 1, 2]),
    merge=st.booleans(),
)
def test_sequences_against_loops(
    seed: int, steps: int, end: int | None, blank: int | None, merge: bool
) -> None:
    rng = np.random.default_rng(seed)
    golden = rng.integers(0, 4, (2, steps))
    faulty = np.where(rng.random((5, 2, steps)) < 0.3, rng.integers(0, 4, (5, 2, steps)), golden)
    longer = rng.integers(0, 4, (2, steps + 2))
    longer[:, :steps] = golden
    answers = [*faulty, golden, longer]
    expected = []
    for answer in answers:
        pairs = [
            tuple(decode(x, end, blank, merge) for x in pair)
            for pair in zip(golden.tolist(), answer.tolist(), strict=True)
        ]
        lengths = [sum(len(pair[k]) for pair in pairs) for k in range(2)]
        edits = sum(distance(*pair) for pair in pairs)
        rate = edits / max(1, lengths[0])
        expected.append(
            dict(
                zip(
                    ("golden_length", "length", "edit_distance", "error_rate"),
                    (*lengths, edits, rate),
                    strict=True,
                )
            )
        )
    metric = TokenSequence(end=end, blank=blank, merge_repeats=merge)
    forms = [
        (metric, lambda x: x),
        (metric, one_hot),
        (
            TokenSequence(end=end, blank=blank, merge_repeats=merge, class_axis=1),
            lambda x: one_hot(x, axis=1),
        ),
        (
            TokenSequence(end=end, blank=blank, merge_repeats=merge, batch_axis=1),
            lambda x: np.swapaxes(one_hot(x), 0, 1),
        ),
    ]
    for told, form in forms:
        before = outputs(form(golden))  # type: ignore[no-untyped-call]
        for some in (answers, answers[:-1]):  # one by one, and all at once
            after = [outputs(form(x)) for x in some]  # type: ignore[no-untyped-call]
            columns = columns_of_all(told, before, after)
            rows = [
                dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ]
            assert rows == expected[: len(some)]
            wrong = are_wrong(told, before, after)
            assert wrong == [row["edit_distance"] > 0 for row in rows]
            assert all(type(x) is bool for x in wrong)
        for row, answer in zip(expected, answers, strict=True):
            assert told.columns(before, outputs(form(answer))) == row  # type: ignore[no-untyped-call]


def test_edit_distances_of_long_sequences() -> None:
    rng = np.random.default_rng(0)
    golden, faulty = rng.integers(0, 5, 40), rng.integers(0, 5, (6, 50))
    lengths = np.array([0, 1, 20, 39, 40, 50])
    expected = [
        distance(tuple(golden.tolist()), tuple(row[:length].tolist()))
        for row, length in zip(faulty, lengths, strict=True)
    ]
    assert edit_distances(golden, faulty, lengths).tolist() == expected


def test_odd_scores_and_other_forms() -> None:
    nan, inf = np.nan, np.inf
    scores = np.array([[[nan, 1.0, 1.0], [nan, nan, nan], [inf, 2.0, nan]]])
    metric = TokenSequence()
    same = one_hot(np.array([[1, 0, 0]]))[..., :3]
    assert not metric.is_wrong(outputs(scores), outputs(same))
    for dtype in (np.float16, np.float64, ml_dtypes.bfloat16):
        assert metric.is_wrong(outputs(same.astype(dtype)), outputs(same[:, ::-1].astype(dtype)))
    # A single score is a yes or no at each step, and one sample needs no axis of samples.
    voices = np.array([[0.2], [0.7]])
    assert metric.is_wrong(outputs(voices), outputs(1 - voices))
    assert not metric.is_wrong(outputs(voices), outputs(voices / 1.2))
    assert metric.columns(outputs([3, 4, 4]), outputs([3, 4]))["edit_distance"] == 1
    # Axes besides those of samples and classes are steps: here the shape (N, classes, 1, width).
    images = one_hot(np.array([[[0, 1, 2]], [[3, 1, 2]]]), axis=1)
    found = TokenSequence(class_axis=1).columns(outputs(images[:1]), outputs(images[1:]))
    assert found == {
        "golden_length": 3,
        "length": 3,
        "edit_distance": 1,
        "error_rate": pytest.approx(1 / 3),
    }
    assert TokenSequence(blank=-1).columns(outputs(images), outputs(images))["length"] == 6


def test_other_numbers_of_samples_classes_and_axes_are_wrong() -> None:
    metric = TokenSequence(blank=3)
    golden = outputs(np.zeros((2, 3, 4), np.float32))
    for shape in [(1, 3, 4), (3, 4), (2, 3, 4, 1), (2, 3, 3), (2, 3, 0)]:
        faulty = outputs(np.zeros(shape, np.float32))
        assert metric.is_wrong(golden, faulty)
        nothing = {"golden_length": 2, "length": None, "edit_distance": None, "error_rate": None}
        assert metric.columns(golden, faulty) == nothing


@pytest.mark.parametrize(
    ("configuration", "shape"),
    [
        ({}, (4,)),
        ({}, ()),
        ({"class_axis": 3}, (1, 5, 4)),
        ({"class_axis": 0}, (1, 5, 4)),
        ({"batch_axis": 3}, (1, 5, 4)),
        ({"blank": 4}, (1, 5, 4)),
        ({"end": -5}, (1, 5, 4)),
    ],
)
def test_unfit_outputs_are_refused(configuration: dict[str, int], shape: tuple[int, ...]) -> None:
    metric = load_metric("sequence", configuration)
    golden = outputs(np.zeros(shape, np.float32))
    with pytest.raises(InputError, match="metric"):
        metric.columns(golden, golden)
