"""Noise and Scale against exact arithmetic, and what they draw against the distributions."""

import json
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from onnxfi.error_models import ErrorModel, Noise, Scale, from_dict, load
from onnxfi.error_models.contract import FLOATS, INTEGERS
from onnxfi.errors import ErrorModelError


def draw(model: ErrorModel, golden: np.ndarray) -> np.ndarray:
    """Draw one corruption of all elements, and give the values."""
    corruption = model.sample(golden, channel_axis=None, rng=np.random.default_rng(0))
    assert corruption.indices.tolist() == list(range(golden.size))
    return corruption.values


def nearest(number: Fraction, least: int, greatest: int) -> int:
    """Give the whole number nearest to a number, of those allowed."""
    return min(max(round(number), least), greatest)


@pytest.mark.parametrize("factor", [0, 1, -1, 0.5, 2.5, -3.75, 1e6])
@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integers_are_scaled_exactly(dtype: np.dtype, factor: float) -> None:
    limits = ml_dtypes.iinfo(dtype)
    least, greatest = int(limits.min), int(limits.max)
    numbers = [x for x in (0, 1, 2, 3, 5, 7, -1, -3, 100, 127, 10**6) if least <= x <= greatest]
    golden = np.array([*numbers, greatest], dtype)
    expected = [nearest(int(x) * Fraction(factor), least, greatest) for x in golden]
    scaled = [int(x) for x in draw(Scale(factor, fraction=1.0), golden)]
    assert scaled[:-1] == expected[:-1]
    # The greatest 64-bit integers are rounded to float64 on the way.
    assert scaled[-1] == expected[-1] or abs(scaled[-1] - expected[-1]) < greatest / 2**50


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_floats_are_scaled_as_their_dtype_rounds(dtype: np.dtype) -> None:
    golden = np.array([0.5, -1.0, 1.75, 0.0], dtype)
    expected = np.array([x * 1.7 for x in golden.astype(float).tolist()]).astype(dtype)
    assert draw(Scale(1.7, fraction=1.0), golden).tobytes() == expected.tobytes()


def test_floats_overflow_to_infinity() -> None:
    golden = np.array([60000.0, -60000.0, np.nan, np.inf], np.float16)
    scaled = draw(Scale(2, fraction=1.0), golden)
    assert scaled[[0, 1, 3]].tolist() == [np.inf, -np.inf, np.inf]
    assert np.isnan(scaled[2])
    assert np.isnan(draw(Scale(1e6, fraction=1.0), np.ones(1, ml_dtypes.float8_e4m3fn))).all()
    assert np.isnan(draw(Scale(0, fraction=1.0), golden)[3])


def test_bool_counts_as_0_and_1() -> None:
    golden = np.array([True, False])
    for factor, expected in ((2.5, [True, False]), (0.4, [False, False]), (-1, [False, False])):
        assert draw(Scale(factor, fraction=1.0), golden).tolist() == expected
    assert draw(Noise(0.4, distribution="uniform", fraction=1.0), golden).tolist() == [True, False]


@pytest.mark.parametrize("mode", ["additive", "multiplicative"])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_distribution(mode: Any, distribution: Any) -> None:
    golden = np.full(40_000, 3.0)
    model = Noise(0.2, mode, distribution, fraction=1.0)
    noise = draw(model, golden) - 3.0 if mode == "additive" else draw(model, golden) / 3.0 - 1.0
    deviation = 0.2 if distribution == "normal" else 0.2 / 3**0.5
    # Five standard errors of the mean and, roughly, of the deviation.
    assert abs(noise.mean()) < 5 * deviation / 200
    assert abs(noise.std() - deviation) < 5 * deviation / 200
    inside = float((np.abs(noise) < 0.1).mean())
    assert abs(inside - (0.3829 if distribution == "normal" else 0.5)) < 0.015
    assert distribution == "normal" or np.abs(noise).max() <= 0.2 + 1e-12


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS], ids=str)
def test_noise_is_rounded_to_the_dtype(dtype: np.dtype) -> None:
    golden = np.array([0, 1, 1, 1, 0, 1], dtype)
    exact = golden.astype(float) + 5.0 * np.random.default_rng(4).standard_normal(6)
    drawn = Noise(5).corrupt(golden, np.arange(6), rng=np.random.default_rng(4)).values
    if dtype in FLOATS:
        assert drawn.tobytes() == exact.astype(dtype).tobytes()
    else:
        limits = ml_dtypes.iinfo(dtype)
        least, greatest = int(limits.min), int(limits.max)
        assert [int(x) for x in drawn] == [nearest(Fraction(x), least, greatest) for x in exact]


def test_integers_saturate() -> None:
    golden = np.array([100, -100, 0, 0], np.int8)
    drawn = draw(Noise(1e308, fraction=1.0), golden)
    assert set(drawn.tolist()) <= {-128, 127}
    assert draw(Noise(1e308, "multiplicative", fraction=1.0), golden)[2:].tolist() == [0, 0]
    for dtype in (np.int64, np.uint64):
        limits = np.iinfo(dtype)
        drawn = draw(Noise(1e300, fraction=1.0), np.zeros(20, dtype))
        assert set(drawn.tolist()) == {limits.min, limits.max}


def test_noise_of_0_changes_nothing() -> None:
    golden = np.random.default_rng(1).standard_normal(50).astype(np.float32)
    for mode in ("additive", "multiplicative"):
        assert draw(Noise(0, mode, fraction=1.0), golden).tobytes() == golden.tobytes()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("noise", "noise: magnitude must be given"),
        ("noise:magnitude=-1", "magnitude must be a finite number of at least 0, got -1"),
        ("noise:magnitude=nan", "magnitude must be a finite number of at least 0, got nan"),
        ("noise:magnitude=1,mode=add", "mode must be one of additive, multiplicative, got 'add'"),
        ("noise:magnitude=1,distribution=gauss", "must be one of normal, uniform, got 'gauss'"),
        ("scale", "scale: factor must be given"),
        ("scale:factor=inf", "factor must be a finite number, got inf"),
        ("scale:factor=two", "factor must be a finite number, got 'two'"),
    ],
)
def test_wrong_configurations(spec: str, message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        load(spec)


@pytest.mark.parametrize(
    "model",
    [Noise(0.1, "multiplicative", "uniform", rate=1e-9), Scale(np.float32(0.1), count=3)],  # type: ignore[arg-type]
)
def test_round_trip(model: ErrorModel) -> None:
    assert from_dict(json.loads(json.dumps(model.to_dict()))) == model
