"""Drawn values against their value class, told by plain numbers and bit strings."""

import math
from collections import Counter
from typing import get_args

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from onnxfi.error_models.spatial.value_sources import draw_values, needs_range
from onnxfi.error_models.values.value_class import ValueClass, classify_values
from onnxfi.errors import ErrorModelError

FLOATS = [
    np.dtype(dtype)
    for dtype in (
        "float16",
        "float32",
        "float64",
        ml_dtypes.bfloat16,
        ml_dtypes.float8_e3m4,
        ml_dtypes.float8_e4m3,
        ml_dtypes.float8_e4m3b11fnuz,
        ml_dtypes.float8_e4m3fn,
        ml_dtypes.float8_e4m3fnuz,
        ml_dtypes.float8_e5m2,
        ml_dtypes.float8_e5m2fnuz,
    )
]
INTEGERS = [np.dtype(name) for name in ("int8", "uint8", "int16", "int64", "uint64")]
DTYPES = [*FLOATS, *INTEGERS, np.dtype(bool)]


def exact(value: np.generic, dtype: np.dtype) -> float:
    """Give a value as a Python number; an int of 64 bits would not fit a float."""
    return int(value) if dtype.kind in "biu" else float(value)


def ends_of(dtype: np.dtype) -> tuple[float, float]:
    if dtype.kind == "b":
        return 0, 1
    if dtype.kind in "iu":
        return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    largest = float(ml_dtypes.finfo(dtype).max)
    return -largest, largest


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, float, float]:
    """Draw golden values of any bits, and the range of two finite values of their dtype."""
    dtype = draw(st.sampled_from(DTYPES))
    if dtype.kind == "b":
        golden = draw(arrays(bool, 4))
        ends = draw(st.tuples(st.integers(0, 1), st.integers(0, 1)))
        return golden, min(ends), max(ends)
    raw = draw(arrays(np.dtype(f"u{dtype.itemsize}"), 6))
    every = raw.view(dtype)
    numbers = [exact(value, dtype) for value in every[:2]]
    numbers = [each if math.isfinite(each) else 0.0 for each in numbers]
    low, high = draw(
        st.just(tuple(sorted(numbers)))
        | st.just((numbers[0], numbers[0]))
        | st.just(ends_of(dtype))
        | st.just((0.0, 0.0))
    )
    return every[2:], low, high


@settings(settings.get_profile("error_models"))
@given(cases(), st.sampled_from(get_args(ValueClass)), st.integers(0, 2**32))
def test_values_are_of_their_class(
    case: tuple[np.ndarray, float, float], value_class: ValueClass, seed: int
) -> None:
    golden, low, high = case
    dtype = golden.dtype
    before = golden.tobytes()
    rng = np.random.default_rng(seed)
    drawn = draw_values(value_class, golden, low=low, high=high, rng=rng)
    assert golden.tobytes() == before
    assert (drawn.dtype, drawn.shape) == (dtype, golden.shape)
    numbers = [exact(value, dtype) for value in drawn]
    least, greatest = ends_of(dtype)
    if value_class == "zero":
        assert drawn.tobytes() == bytes(golden.nbytes)
    elif value_class == "flip":
        width = 1 if dtype.kind == "b" else 8 * dtype.itemsize
        for value, old in zip(drawn, golden, strict=True):
            flipped = int.from_bytes(value.tobytes(), "little") ^ int.from_bytes(
                old.tobytes(), "little"
            )
            assert flipped.bit_count() == 1
            assert flipped.bit_length() <= width
    elif value_class == "nan" and dtype in FLOATS:
        assert all(math.isnan(each) for each in numbers)
    elif value_class == "in_range" or (low == least and high == greatest):
        assert all(low <= each <= high for each in numbers)
    else:
        assert all(math.isfinite(each) for each in numbers)
        assert not any(low <= each <= high for each in numbers)


@settings(settings.get_profile("error_models"))
@given(
    st.sampled_from(DTYPES),
    st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(sorted),
    st.sampled_from(["in_range", "out_of_range"]),
)
def test_ends_that_the_dtype_does_not_have(
    dtype: np.dtype, ends: list[float], value_class: ValueClass
) -> None:
    low, high = ends
    golden = np.ones(5, dtype=dtype)
    rng = np.random.default_rng(0)
    try:
        drawn = draw_values(value_class, golden, low=low, high=high, rng=rng)
    except ErrorModelError:
        everything = ends_of(dtype)
        if dtype.kind in "biu":
            assert math.ceil(max(low, everything[0])) > math.floor(min(high, everything[1]))
        else:
            with np.errstate(over="ignore"):
                nearest = [float(np.array(end).astype(dtype)) for end in ends]
            inside = [low <= each <= high and math.isfinite(each) for each in nearest]
            assert not any(inside)
        return
    inside = [low <= exact(value, dtype) <= high for value in drawn]
    has_outside = ends_of(dtype)[0] < low or ends_of(dtype)[1] > high
    assert all(inside) if value_class == "in_range" or not has_outside else not any(inside)


@pytest.mark.parametrize("dtype", ["float16", ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, "int8"])
@pytest.mark.parametrize("ends", [(-1.0, 1.0), (2.0, 6.0), (-6.0, -2.0), (0.0, 0.0)])
def test_out_of_range_is_uniform_over_all_values_outside(
    dtype: str, ends: tuple[float, float]
) -> None:
    width = 8 * np.dtype(dtype).itemsize
    every = np.arange(2**width, dtype=f"u{width // 8}").view(dtype)
    with np.errstate(invalid="ignore"):  # signalling NaN
        numbers = every.astype(np.float64)
    outside = np.isfinite(numbers) & ~((numbers >= ends[0]) & (numbers <= ends[1]))
    expected = np.unique(numbers[outside])  # both zeros are one
    golden = np.ones(200_000, dtype=dtype)
    rng = np.random.default_rng(4)
    drawn = draw_values("out_of_range", golden, low=ends[0], high=ends[1], rng=rng)
    values, counts = np.unique(drawn.astype(np.float64), return_counts=True)
    assert np.isin(values, expected).all()
    mean = golden.size / expected.size
    chi_square = ((counts - mean) ** 2 / mean).sum() + (expected.size - values.size) * mean
    freedom = expected.size - 1
    assert abs(chi_square - freedom) < 4 * (2 * freedom) ** 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_in_range_is_uniform_over_the_range(dtype: str) -> None:
    golden = np.ones(8000, dtype=dtype)
    rng = np.random.default_rng(5)
    drawn = draw_values("in_range", golden, low=-3.0, high=5.0, rng=rng)
    counts, _ = np.histogram(drawn.astype(np.float64), bins=8, range=(-3.0, 5.0))
    assert counts.sum() == 8000
    assert (abs(counts - 1000) < 4 * 1000**0.5).all()


def test_every_bit_is_flipped() -> None:
    golden = np.full(3200, 1.5, dtype=np.float32)
    drawn = draw_values("flip", golden, low=0, high=0, rng=np.random.default_rng(6))
    patterns = (golden.view(np.uint32) ^ drawn.view(np.uint32)).tolist()
    counts = Counter(pattern.bit_length() - 1 for pattern in patterns)
    assert counts.keys() == set(range(32))
    assert max(abs(count - 100) for count in counts.values()) < 50


def test_whole_range_of_64_bits() -> None:
    golden = np.zeros(2000, dtype=np.uint64)
    ends = ends_of(golden.dtype)
    drawn = draw_values("in_range", golden, low=ends[0], high=ends[1], rng=np.random.default_rng(7))
    assert abs(float((drawn >> np.uint64(63)).mean()) - 0.5) < 0.05


@pytest.mark.parametrize(("dtype", "ends"), [("uint8", (300, 400)), ("int8", (0.2, 0.8))])
def test_no_value_in_the_range(dtype: str, ends: tuple[float, float]) -> None:
    with pytest.raises(ErrorModelError, match=rf"{dtype} target must have a value .*low={ends[0]}"):
        draw_values(
            "in_range",
            np.ones(2, dtype=dtype),
            low=ends[0],
            high=ends[1],
            rng=np.random.default_rng(0),
        )


def test_records_tell_the_class_that_was_drawn() -> None:
    golden = np.random.default_rng(8).standard_normal(4000).astype(np.float32)
    low, high = float(golden.min()), float(golden.max())
    for value_class in get_args(ValueClass):
        rng = np.random.default_rng(9)
        drawn = draw_values(value_class, golden, low=low, high=high, rng=rng)
        told = Counter(classify_values(golden, drawn, low=low, high=high))
        # A flip may give NaN or an infinity, and then they say nan.
        assert told[value_class] > 3900, value_class


def test_needs_range() -> None:
    assert not needs_range("flip", np.dtype("int8"))
    assert not needs_range("zero", np.dtype("float32"))
    assert not needs_range("nan", np.dtype(ml_dtypes.bfloat16))
    assert needs_range("nan", np.dtype("int8"))
    assert needs_range("in_range", np.dtype("float32"))
    assert needs_range("out_of_range", np.dtype("float32"))
