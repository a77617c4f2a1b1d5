"""Outcomes in their order, and the classification metric."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from onnxfi.errors import InputError
from onnxfi.injector import Classification, decide_outcome

GOLDEN = np.array([[0.1, 0.7, 0.2]], np.float32)


def outcome_of(faulty: list[float], golden: np.ndarray = GOLDEN) -> str:
    changed = np.array([faulty], np.float32)
    return decide_outcome({"y": golden}, {"y": changed}, Classification())


@pytest.mark.parametrize(
    ("faulty", "outcome"),
    [
        ([0.1, 0.7, 0.2], "masked"),
        ([0.1, 0.6, 0.3], "benign"),
        ([0.8, 0.1, 0.1], "sdc"),
        ([0.1, np.nan, 0.2], "due"),
        ([np.inf, 0.7, 0.2], "due"),
        # due goes before sdc
        ([0.9, 0.1, np.nan], "due"),
    ],
)
def test_outcome(faulty: list[float], outcome: str) -> None:
    assert outcome_of(faulty) == outcome


def test_minus_zero_is_not_masked() -> None:
    golden = np.array([[0.0, 1.0]], np.float32)
    assert outcome_of([-0.0, 1.0], golden) == "benign"


def test_a_nan_of_the_golden_outputs_is_no_due() -> None:
    golden = np.array([[np.nan, 1.0, 0.0]], np.float32)
    assert outcome_of([np.nan, 1.0, 0.0], golden) == "masked"
    assert outcome_of([np.nan, 1.0, 0.5], golden) == "benign"
    assert outcome_of([np.nan, 1.0, np.inf], golden) == "due"
    assert outcome_of([0.3, 1.0, 0.0], golden) == "benign"


def test_due_in_any_output() -> None:
    golden = {"y": GOLDEN, "side": np.zeros(2, np.float32)}
    faulty = {"y": GOLDEN, "side": np.array([0, np.inf], np.float32)}
    assert decide_outcome(golden, faulty, Classification()) == "due"


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ml_dtypes.bfloat16])
def test_every_float_dtype(dtype: np.dtype) -> None:
    golden = GOLDEN.astype(dtype)
    for faulty, outcome in (
        ([0.1, np.nan, 0.2], "due"),
        ([0.1, 0.5, 0.2], "benign"),
        ([0.9, 0.5, 0.2], "sdc"),
    ):
        changed = np.array([faulty]).astype(dtype)
        assert decide_outcome({"y": golden}, {"y": changed}, Classification()) == outcome


def test_integer_outputs() -> None:
    golden, faulty = {"y": np.array([[3, 1]])}, {"y": np.array([[3, 7]])}
    assert decide_outcome(golden, golden, Classification()) == "masked"
    assert decide_outcome(golden, faulty, Classification()) == "sdc"


def test_a_single_score_says_yes_above_one_half() -> None:
    golden = np.array([[0.9]], np.float32)
    assert outcome_of([0.6], golden) == "benign"
    assert outcome_of([0.4], golden) == "sdc"


def test_one_wrong_sample_of_a_batch_is_wrong() -> None:
    golden = np.array([[0.1, 0.9], [0.2, 0.8]])
    faulty = np.array([[0.1, 0.9], [0.8, 0.2]])
    assert Classification().is_wrong({"y": golden}, {"y": faulty})


def test_columns() -> None:
    golden = np.array([[0.0, 0.01, 0.02, 0.03, 0.04, 0.4, 0.5]])
    faulty = np.array([[0.9, 0.01, 0.02, 0.03, 0.04, 0.4, 0.42]])
    columns = Classification().columns({"y": golden}, {"y": faulty})
    assert columns["golden_top1"] == 6
    assert columns["top1"] == 0
    assert columns["sdc5"] is True  # class 0 is not among the golden top-5
    assert columns["sdc10"] is True  # 0.5 → 0.42 is 16 %
    assert columns["sdc20"] is False
    assert columns["max_absolute_error"] == pytest.approx(0.9)


def test_columns_of_a_nan() -> None:
    faulty = np.array([[0.1, np.nan, 0.2]])
    columns = Classification().columns({"y": GOLDEN}, {"y": faulty})
    assert columns["top1"] == 2
    assert columns["sdc10"] is True
    assert columns["sdc20"] is True
    assert columns["max_absolute_error"] != columns["max_absolute_error"]  # NaN


def test_unknown_output() -> None:
    with pytest.raises(InputError, match="one of y, got 'z'"):
        Classification("z").is_wrong({"y": GOLDEN}, {"y": GOLDEN})


def test_another_shape_than_golden_is_wrong() -> None:
    golden, faulty = {"y": np.ones((2, 3), np.float32)}, {"y": np.ones((1, 3), np.float32)}
    metric = Classification()
    assert decide_outcome(golden, faulty, metric) == "sdc"
    columns = metric.columns(golden, faulty)
    assert (columns["golden_top1"], columns["top1"], columns["sdc5"]) == (0, 0, True)
    assert columns["max_absolute_error"] is None


def test_no_scores_at_all() -> None:
    golden, faulty = {"y": np.ones((0, 3), np.float32)}, {"y": np.ones((2, 3), np.float32)}
    metric = Classification()
    assert metric.columns(golden, golden).keys() == metric.columns(faulty, faulty).keys()
    assert not metric.is_wrong(golden, golden)
    assert metric.is_wrong(golden, faulty)


def test_no_outputs_are_due() -> None:
    assert decide_outcome({"y": np.ones(3, np.float32)}, {}, Classification()) == "due"


def test_scores_must_be_numbers() -> None:
    texts = {"y": np.array(["a"], object)}
    with pytest.raises(InputError, match="'y' is not"):
        Classification().columns(texts, texts)


def test_sequences_are_compared_tensor_by_tensor() -> None:
    golden = [np.ones(2, np.float32), np.zeros(3, np.float32)]

    def outcome(*faulty: list[float]) -> str:
        arrays = [np.array(x, np.float32) for x in faulty]
        # The metric looks at the first output, which is equal.
        outputs: dict[str, Any] = {"y": GOLDEN, "sequence": arrays}
        before: dict[str, Any] = {"y": GOLDEN, "sequence": golden}
        return decide_outcome(before, outputs, Classification())

    assert outcome([1, 1], [0, 0, 0]) == "masked"
    assert outcome([1, 1], [0, 1, 0]) == "benign"
    assert outcome([1, 1]) == "benign"
    assert outcome([1, 1], [0, np.nan, 0]) == "due"
    assert outcome([1, 1], [0, 0, 0], [np.inf]) == "due"
