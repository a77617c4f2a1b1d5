"""Number formats, against exact arithmetic with fractions."""

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from onnxfi.errors import ErrorModelError
from onnxfi.memory import FORMATS, number_format
from onnxfi.memory.formats import ScaledInteger

# Exponent bits, mantissa bits, bias, whether the highest exponent holds numbers (but NaN), and
# whether there is an infinity.
FLOATS = {
    "fp16": (5, 10, 15, False),
    "bf16": (8, 7, 127, False),
    "e5m2": (5, 2, 15, False),
    "e4m3fn": (4, 3, 7, True),
    "e2m1": (2, 1, 1, True),
}
SMALL = [x for x in FORMATS.values() if x.bits <= 16]


def decode_float(code: int, name: str) -> Fraction | str:
    """Decode one code of a floating-point format, by its definition."""
    exponent_bits, mantissa_bits, bias, finite = FLOATS[name]
    mantissa = code & ((1 << mantissa_bits) - 1)
    exponent = code >> mantissa_bits & ((1 << exponent_bits) - 1)
    sign = -1 if code >> (mantissa_bits + exponent_bits) else 1
    highest = (1 << exponent_bits) - 1
    if exponent == highest and not finite:
        return "nan" if mantissa else "inf"
    if name == "e4m3fn" and exponent == highest and mantissa == 7:
        return "nan"
    if exponent == 0:
        return sign * Fraction(mantissa, 1 << mantissa_bits) * Fraction(2) ** (1 - bias)
    fraction = 1 + Fraction(mantissa, 1 << mantissa_bits)
    return sign * fraction * Fraction(2) ** (exponent - bias)


def decode_posit(code: int, bits: int) -> Fraction:
    """Decode one posit bit by bit; not 0, and not NaR."""
    negative = code >> (bits - 1) == 1
    if negative:
        code = (1 << bits) - code
    digits = [code >> x & 1 for x in range(bits - 2, -1, -1)]
    first, length = digits[0], 1
    while length < len(digits) and digits[length] == first:
        length += 1
    regime = length - 1 if first else -length
    tail = [*digits[length + 1 :], 0, 0]
    exponent = 2 * tail[0] + tail[1]
    fraction = sum(Fraction(x, 2 << k) for k, x in enumerate(tail[2:]))
    value = (1 + fraction) * Fraction(2) ** (4 * regime + exponent)
    return -value if negative else value


@pytest.mark.parametrize("name", FLOATS)
def test_every_code_of_floats(name: str) -> None:
    found = number_format(name)
    codes = np.arange(1 << found.bits, dtype=np.uint64)
    step = 1 if found.bits < 16 else 7
    for code, value in list(zip(codes.tolist(), found.decode(codes).tolist(), strict=True))[::step]:
        expected = decode_float(code, name)
        if expected == "nan":
            assert np.isnan(value)
        elif expected == "inf":
            assert np.isinf(value)
        else:
            assert Fraction(value) == expected


@pytest.mark.parametrize("bits", [8, 16])
def test_every_posit(bits: int) -> None:
    values = number_format(f"posit{bits}").decode(np.arange(1 << bits))
    assert values[0] == 0
    assert np.isnan(values[1 << (bits - 1)])
    for code in range(1, 1 << bits, 1 if bits == 8 else 11):
        if code != 1 << (bits - 1):
            assert Fraction(float(values[code])) == decode_posit(code, bits)


@pytest.mark.parametrize("found", SMALL, ids=lambda x: x.name)
def test_codes_round_trip(found: object) -> None:
    """Every code that stands for a number is what its number becomes."""
    assert hasattr(found, "decode")
    codes = np.arange(1 << found.bits, dtype=np.uint64)  # type: ignore[attr-defined]
    numbers = found.decode(codes)
    again = found.encode(numbers)  # type: ignore[attr-defined]
    lowest = 1 << (found.bits - 1)  # type: ignore[attr-defined]
    usual = np.isfinite(numbers)
    if isinstance(found, ScaledInteger):
        usual &= codes != lowest  # symmetric: the lowest integer is not used
    np.testing.assert_array_equal(again[usual], codes[usual])


@pytest.mark.parametrize("name", [*FLOATS, "posit8", "posit16"])
def test_rounding_is_to_the_nearest_and_even(name: str) -> None:
    """Numbers between two neighbours, and the one half-way."""
    found = number_format(name)
    half = 1 << (found.bits - 1)
    values = found.decode(np.arange(half))
    codes = np.flatnonzero(np.isfinite(values))
    rng = np.random.default_rng(0)
    for code in rng.choice(codes[1:-2], 200).tolist():
        low, high = float(values[code]), float(values[code + 1])
        if not np.isfinite(high):
            continue
        if name.startswith("posit"):
            middle = float(decode_posit(2 * code + 1, found.bits + 1))
        else:
            middle = float((Fraction(low) + Fraction(high)) / 2)
        even = code if code % 2 == 0 else code + 1
        expected = [code, even, code + 1]
        numbers = np.array([np.nextafter(middle, low), middle, np.nextafter(middle, high)])
        if not name.startswith("posit"):  # encoded from float32
            numbers = np.array([(3 * low + high) / 4, middle, (low + 3 * high) / 4])
        assert found.encode(numbers).tolist() == expected
        signed = found.decode(found.encode(-numbers))
        np.testing.assert_array_equal(signed, -found.decode(np.array(expected)))


def test_the_ends_of_posits() -> None:
    found = number_format("posit8")
    values = found.decode(found.encode(np.array([1e-30, 1e30, -1e30, -1e-30, 0.0])))
    np.testing.assert_array_equal(values, [2.0**-24, 2.0**24, -(2.0**24), -(2.0**-24), 0])
    assert np.isnan(found.decode(found.encode(np.array([np.nan, np.inf])))).all()


def test_overflow() -> None:
    numbers = np.array([1e6, -1e6])
    np.testing.assert_array_equal(
        number_format("fp16").decode(number_format("fp16").encode(numbers)), [np.inf, -np.inf]
    )
    for name, largest in {"e4m3fn": 448.0, "e5m2": 57344.0, "e2m1": 6.0}.items():
        found = number_format(name)
        np.testing.assert_array_equal(found.decode(found.encode(numbers)), [largest, -largest])


def test_tf32() -> None:
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=5000).astype(np.float32) * 10.0 ** rng.integers(-30, 30, 5000)
    numbers = numbers.astype(np.float32)
    found = number_format("tf32")
    rounded = found.decode(found.encode(numbers))
    assert found.bits == 19
    exponent = np.floor(np.log2(np.abs(numbers.astype(np.float64))))
    unit = 2.0 ** (exponent - 10)
    expected = np.rint(numbers / unit) * unit  # ties to even
    np.testing.assert_array_equal(rounded, expected)
    special = np.array([np.nan, np.inf, -np.inf, 0.0], np.float32)
    np.testing.assert_array_equal(found.decode(found.encode(special)), special)


@pytest.mark.parametrize("bits", [4, 8])
def test_scaled_integers(bits: int) -> None:
    rng = np.random.default_rng(2)
    tensor = rng.normal(size=(5, 40)).astype(np.float32)
    found = number_format(f"int{bits}").fitted(tensor)
    top = 2 ** (bits - 1) - 1
    scale = float(np.abs(tensor).max()) / top
    rounded = found.decode(found.encode(tensor))
    np.testing.assert_allclose(rounded, np.rint(tensor.astype(np.float64) / scale) * scale)
    # Of a tensor that is not float64, the scale is computed in float64 too.
    assert float(np.abs(rounded - tensor).max()) <= scale / 2 * 1.000001
    assert number_format("int8").fitted(np.zeros(3)).decode(np.array([5])).tolist() == [5.0]


def test_formats_of_ml_dtypes() -> None:
    numbers = np.random.default_rng(3).normal(size=1000).astype(np.float32)
    for name, dtype in {"bf16": ml_dtypes.bfloat16, "e5m2": ml_dtypes.float8_e5m2}.items():
        found = number_format(name)
        expected = numbers.astype(dtype).astype(np.float64)
        np.testing.assert_array_equal(found.decode(found.encode(numbers)), expected)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ErrorModelError, match=r"one of fp32, .*, got 'bf61'.*bf16"):
        number_format("bf61")
