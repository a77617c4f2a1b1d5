"""Tensors of an answer are picked, and their classes found."""

import numpy as np
import pytest

from onnxfi.errors import InputError
from onnxfi.injector.metrics.answers import best_classes, by_sample, first_scores, pick_tensor


def test_scores_come_after_labels() -> None:
    labels, scores = np.array([1, 0]), np.ones((2, 3), np.float32)
    assert first_scores({"label": labels, "scores": scores}) == "scores"
    assert first_scores({"scores": scores, "label": labels}) == "scores"
    assert first_scores({"label": labels, "other": labels}) == "label"


def test_an_output_that_is_missing_or_holds_no_numbers() -> None:
    outputs = {"y": np.ones(3), "text": np.array(["a"], object)}
    assert pick_tensor(outputs, None) is outputs["y"]
    with pytest.raises(InputError, match="one of y, text, got 'z'"):
        pick_tensor(outputs, "z")
    with pytest.raises(InputError, match="a tensor of numbers, and 'text' is not"):
        pick_tensor(outputs, "text")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((), (1, 1)), ((3,), (1, 3)), ((2, 3), (2, 3)), ((2, 3, 4), (2, 12)), ((0, 3), (0, 0))],
)
def test_samples_are_the_first_axis(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert by_sample(np.zeros(shape)).shape == expected


def test_best_classes() -> None:
    scores = np.array([[1.0, 3.0, 3.0], [np.nan, -1.0, -2.0], [np.nan] * 3])
    assert best_classes(scores, 1).tolist() == [1, 1, 0]
    assert best_classes(np.array([[0.5], [0.6]]), 1).tolist() == [0, 1]
    assert best_classes(np.zeros((2, 0, 3)), 1).shape == (2, 3)
