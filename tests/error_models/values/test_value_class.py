"""Value classes, against an oracle that works on bit strings."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from onnxfi.error_models.values.value_class import classify_values, finite_range, to_float64

DTYPES = ["float16", "float32", "int8"]


def bits_of(value: np.generic) -> str:
    """Return the bits of a value as a text of zeros and ones."""
    raw = value.tobytes()
    return f"{int.from_bytes(raw, 'little'):0{8 * len(raw)}b}"


def expected_class(golden: np.generic, value: np.generic, low: float, high: float) -> str:
    number = float(value)
    if math.isnan(number) or math.isinf(number):
        return "nan"
    if number == 0:
        return "zero"
    if sum(a != b for a, b in zip(bits_of(golden), bits_of(value), strict=True)) == 1:
        return "flip"
    return "in_range" if low <= number <= high else "out_of_range"


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw golden values of any bits, and values: other bits, one bit flipped, or special."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    unsigned = np.dtype(f"u{dtype.itemsize}")
    golden = draw(arrays(unsigned, st.integers(0, 12)))
    values = golden.copy()
    for i in range(len(golden)):
        how = draw(st.sampled_from(["same", "flip", "any", "special"]))
        if how == "flip":
            values[i] ^= unsigned.type(1 << draw(st.integers(0, 8 * dtype.itemsize - 1)))
        elif how == "any":
            values[i] = draw(st.integers(0, np.iinfo(unsigned).max))
        elif how == "special" and dtype.kind == "f":
            special = draw(st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan]))
            values[i] = np.array(special, dtype).view(unsigned)
    return golden.view(dtype), values.view(dtype)


@settings(settings.get_profile("error_models"))
@given(pairs(), st.floats(-100, 100), st.floats(0, 100))
def test_classes_agree_with_the_bit_strings(
    pair: tuple[np.ndarray, np.ndarray], low: float, width: float
) -> None:
    golden, values = pair
    classes = classify_values(golden, values, low=low, high=low + width)
    assert classes == [
        expected_class(g, v, low, low + width) for g, v in zip(golden, values, strict=True)
    ]


@pytest.mark.parametrize(
    ("golden", "value", "expected"),
    [
        (1.0, 1.5, "flip"),  # the highest bit of the mantissa
        (1.0, -1.0, "flip"),
        (1.0, 2.0, "out_of_range"),  # all exponent bits change
        (1.0, 1.0, "in_range"),  # written, but nothing changed
        (0.0, -0.0, "zero"),  # a flip as well, but zero comes first
        (2.0, 0.0, "zero"),  # likewise: the one bit of 2.0
        (1.0, math.inf, "nan"),  # one flip of the highest exponent bit
        (1.0, -math.inf, "nan"),
        (1.0, math.nan, "nan"),
        (math.nan, 1.25, "in_range"),
        (0.5, 1.75, "in_range"),
        (0.5, 1.7500001, "out_of_range"),
        (0.5, -1.0, "in_range"),
        (0.5, -1.0000001, "out_of_range"),
    ],
)
def test_one_value(golden: float, value: float, expected: str) -> None:
    of = classify_values(
        np.array([golden], np.float32), np.array([value], np.float32), low=-1.0, high=1.75
    )
    assert of == [expected]


def test_no_values() -> None:
    none = np.empty(0, np.float32)
    assert classify_values(none, none, low=0, high=1) == []


def test_a_signalling_nan_raises_no_warning() -> None:
    signalling = np.array([0x7F800001], np.uint32).view(np.float32)
    assert math.isnan(to_float64(signalling)[0])
    one = np.ones(1, np.float32)
    assert classify_values(one, signalling, low=0, high=1) == ["nan"]


@settings(settings.get_profile("error_models"))
@given(
    st.sampled_from(DTYPES).flatmap(lambda name: arrays(name, st.integers(0, 20))),
)
def test_finite_range_ignores_what_is_not_finite(tensor: np.ndarray) -> None:
    finite = [x for x in map(float, tensor) if math.isfinite(x)]
    assert finite_range(tensor) == ((min(finite), max(finite)) if finite else (0.0, 0.0))


def test_finite_range_of_other_dtypes() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    tensor = np.array([[1.5, math.inf], [math.nan, -2.0]], ml_dtypes.bfloat16)
    assert finite_range(tensor) == (-2.0, 1.5)
    assert finite_range(np.array([True, False])) == (0.0, 1.0)
    assert finite_range(np.array([2**40, -3], np.int64)) == (-3.0, 2.0**40)


def test_bfloat16_values() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    golden = np.array([1.0, 1.0, 1.0, 1.0], ml_dtypes.bfloat16)
    values = np.array([-1.0, 0.0, math.nan, 300.0], ml_dtypes.bfloat16)
    classes = classify_values(golden, values, low=-1, high=1)
    assert classes == ["flip", "zero", "nan", "out_of_range"]
