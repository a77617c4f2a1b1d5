"""Zero and RandomValue: the values that they write."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.error_models import RandomValue, Zero
from onnxfi.errors import ErrorModelError


def values(model: RandomValue | Zero, golden: np.ndarray, seed: int = 0) -> np.ndarray:
    """Draw the values of one corruption."""
    rng = np.random.default_rng(seed)
    return model.sample(golden, channel_axis=None, rng=rng).values


def test_zero_is_positive_zero() -> None:
    golden = np.full(5, -3.0, dtype=np.float32)
    assert values(Zero(count=5), golden).tobytes() == bytes(20)
    assert values(Zero(), np.array([True])).tolist() == [False]


@settings(settings.get_profile("error_models"))
@given(
    low=st.floats(-1e30, 1e30),
    width=st.floats(0, 1e30),
    seed=st.integers(0, 2**32),
)
def test_floats_stay_in_the_range(low: float, width: float, seed: int) -> None:
    high = low + width
    drawn = values(RandomValue(low, high, count=8), np.zeros(8), seed)
    assert (drawn >= low).all()
    assert (drawn <= high).all()


def test_floats_fill_the_range() -> None:
    drawn = values(RandomValue(-2.0, 6.0, count=4000), np.zeros(4000, np.float32))
    counts, _ = np.histogram(drawn, bins=8, range=(-2.0, 6.0))
    assert counts.sum() == 4000
    assert counts.min() > 400


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ml_dtypes.bfloat16])
def test_default_is_the_finite_range(dtype: str) -> None:
    golden = np.linspace(-3, 5, 300).astype(dtype)
    golden[[7, 8, 9]] = [np.nan, np.inf, -np.inf]
    drawn = values(RandomValue(count=300), golden).astype(np.float64)
    assert drawn.min() >= -3
    assert drawn.max() <= 5
    assert drawn.max() - drawn.min() > 7


def test_range_wider_than_the_largest_float() -> None:
    largest = np.finfo(np.float64).max
    drawn = values(RandomValue(-largest, largest, count=50), np.zeros(50))
    assert np.isfinite(drawn).all()
    assert (drawn > 0).any()
    assert (drawn < 0).any()


def test_no_finite_value() -> None:
    with pytest.raises(ErrorModelError, match="give low and high"):
        values(RandomValue(), np.full(4, np.nan, dtype=np.float32))


def test_integers_include_both_ends() -> None:
    golden = np.zeros(400, dtype=np.int8)
    assert set(values(RandomValue(-2, 2, count=400), golden).tolist()) == {-2, -1, 0, 1, 2}
    assert set(values(RandomValue(0.5, 2.5, count=400), golden).tolist()) == {1, 2}
    golden[:2] = [-128, 127]
    drawn = values(RandomValue(count=400), golden)
    assert drawn.min() < -100
    assert drawn.max() > 100


def test_64_bit_integers_are_exact() -> None:
    golden = np.array([2**64 - 1], dtype=np.uint64)
    assert values(RandomValue(), golden).tolist() == [2**64 - 1]
    assert values(RandomValue(2**64 - 1, 2**64 - 1), golden).tolist() == [2**64 - 1]


def test_bool_is_a_fair_coin() -> None:
    golden = np.zeros(4000, dtype=bool)
    for model in (RandomValue(count=4000), RandomValue(7, 9, count=4000)):
        assert 1800 < int(values(model, golden).sum()) < 2200


@pytest.mark.parametrize(
    ("model", "dtype"),
    [
        (RandomValue(0, 300), "uint8"),
        (RandomValue(-1, 1), "uint8"),
        (RandomValue(0.2, 0.8), "int32"),
        (RandomValue(0, 1e6), "float16"),
        (RandomValue(0, 1e6), ml_dtypes.float8_e4m3fn),
        (RandomValue(-1e300, 0), "float32"),
    ],
)
def test_range_that_the_dtype_cannot_hold(model: RandomValue, dtype: str) -> None:
    with pytest.raises(ErrorModelError, match="must be able to hold low, high"):
        values(model, np.zeros(3, dtype=dtype))


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        (1, None, "given together or not at all, got low=1, high=None"),
        (None, 1, "given together or not at all"),
        (2, 1, "low must not be above high, got low=2, high=1"),
        (float("nan"), 1, "low must be a finite number, got nan"),
        (0, float("inf"), "high must be a finite number, got inf"),
        ("a", 1, "low must be a finite number, got 'a'"),
        (True, 1, "low must be a finite number, got True"),
    ],
)
def test_wrong_range(low: float, high: float, message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        RandomValue(low, high)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ml_dtypes.bfloat16, "int32"])
def test_normal_values(dtype: str) -> None:
    model = RandomValue(distribution="normal", mean=-40, deviation=15, count=40_000)
    drawn = values(model, np.zeros(40_000, dtype)).astype(np.float64)
    assert abs(drawn.mean() + 40) < 0.5
    assert abs(drawn.std() - 15) < 0.5
    assert abs((np.abs(drawn + 40) < 15).mean() - 0.6827) < 0.03


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ml_dtypes.bfloat16, "int16"])
def test_normal_values_by_default_are_like_those_of_the_golden_tensor(dtype: str) -> None:
    golden = np.random.default_rng(3).normal(50, 20, 30_000).astype(dtype)
    if dtype != "int16":
        golden[:3] = [np.nan, np.inf, -np.inf]
    kept = golden[3:].astype(np.float64)
    drawn = values(RandomValue(distribution="normal", count=30_000), golden).astype(np.float64)
    assert abs(drawn.mean() - kept.mean()) < 1
    assert abs(drawn.std() - kept.std()) < 1


def test_normal_values_are_finite_and_saturate() -> None:
    for golden in (np.zeros(200, np.float16), np.zeros(200, ml_dtypes.float8_e4m3fn)):
        drawn = values(RandomValue(distribution="normal", mean=0, deviation=1e12, count=9), golden)
        largest = float(ml_dtypes.finfo(golden.dtype).max)
        assert set(np.abs(drawn.astype(np.float64)).tolist()) == {largest}
    wide = RandomValue(distribution="normal", mean=0, deviation=1e300, count=200)
    assert set(values(wide, np.zeros(200, np.int8)).tolist()) == {-128, 127}
    assert np.isfinite(values(wide, np.zeros(200))).all()


def test_moments_of_large_and_of_equal_values() -> None:
    golden = np.array([1e300, -1e300])
    assert np.isfinite(values(RandomValue(distribution="normal", count=2), golden)).all()
    equal = np.full(5, 2.5, np.float32)
    assert values(RandomValue(distribution="normal"), equal).tolist() == [2.5]


def test_no_finite_value_for_the_moments() -> None:
    nothing = np.full(4, np.nan, dtype=np.float32)
    with pytest.raises(ErrorModelError, match="give mean and deviation"):
        values(RandomValue(distribution="normal"), nothing)


def test_without_a_site_nothing_is_read() -> None:
    nothing = np.full(4, np.nan, dtype=np.float32)
    for distribution in ("uniform", "normal"):
        model = RandomValue(distribution=distribution, rate=0)
        assert values(model, nothing).tolist() == []
    with pytest.raises(ErrorModelError, match="must be able to hold low, high"):
        values(RandomValue(0, 300, rate=0), np.zeros(3, np.uint8))


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"distribution": "gauss"}, "distribution must be one of uniform, normal, got 'gauss'"),
        ({"distribution": "normal", "low": 0, "high": 1}, "got low=0 with distribution=normal"),
        ({"mean": 0, "deviation": 1}, "got mean=0 with distribution=uniform"),
        ({"distribution": "normal", "mean": 0}, "given together .* got mean=0, deviation=None"),
        ({"distribution": "normal", "mean": 0, "deviation": -1}, "of at least 0, got -1"),
        ({"distribution": "normal", "mean": float("inf"), "deviation": 1}, "mean must be a finite"),
    ],
)
def test_wrong_distribution(configuration: dict[str, Any], message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        RandomValue(**configuration)
