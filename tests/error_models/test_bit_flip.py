"""BitFlip against an oracle that works on the bit string of the value."""

import struct
from typing import Literal

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.error_models import BitFlip, bit_layout
from onnxfi.errors import ErrorModelError

FORMATS = {"float16": "<e", "float32": "<f", "int8": "<b"}
WIDTHS = {"float16": 16, "float32": 32, "bfloat16": 16, "int8": 8}


def pattern_of(value: np.generic) -> int:
    """Give the bits of a little-endian value as a number, by struct."""
    return int.from_bytes(value.tobytes(), "little")


def flip_in_text(pattern: int, bit: int, width: int) -> int:
    """Invert one bit by rewriting the number's binary digits."""
    digits = list(format(pattern, f"0{width}b"))
    at = width - 1 - bit
    digits[at] = "0" if digits[at] == "1" else "1"
    return int("".join(digits), 2)


@pytest.mark.parametrize("name", WIDTHS)
@settings(settings.get_profile("error_models"))
@given(data=st.data())
def test_flip_is_the_one_of_the_bit_string(name: str, data: st.DataObject) -> None:
    width = WIDTHS[name]
    patterns = data.draw(st.lists(st.integers(0, 2**width - 1), min_size=1, max_size=9))
    bit = data.draw(st.sampled_from(["any", *range(width)]))
    count = data.draw(st.integers(1, len(patterns)))
    raw = b"".join(pattern.to_bytes(width // 8, "little") for pattern in patterns)
    golden = np.frombuffer(raw, dtype=np.dtype(name))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    corruption = BitFlip(bit=bit, count=count).sample(golden, channel_axis=None, rng=rng)
    assert corruption.bits is not None
    for index, value, flipped in zip(
        corruption.indices, corruption.values, corruption.bits.tolist(), strict=True
    ):
        assert bit in ("any", flipped)
        assert pattern_of(value) == flip_in_text(patterns[index], flipped, width)


@pytest.mark.parametrize(
    ("name", "value", "bit", "expected"),
    [
        ("float32", 1.0, 31, -1.0),
        ("float32", 1.0, 30, np.inf),
        ("float32", 1.0, 23, 0.5),
        ("float32", 1.0, 22, 1.5),
        ("float16", 1.0, 15, -1.0),
        ("float16", 1.0, 9, 1.5),
        ("int8", 1, 7, -127),
        ("int8", 0, 0, 1),
    ],
)
def test_known_flips(name: str, value: float, bit: int, expected: float) -> None:
    golden = np.array([value], dtype=name)
    rng = np.random.default_rng(0)
    corruption = BitFlip(bit=bit).sample(golden, channel_axis=None, rng=rng)
    packed = struct.pack(FORMATS[name], expected)
    assert corruption.values.tobytes() == packed


def test_bool_has_one_bit() -> None:
    golden = np.array([True, False, True])
    rng = np.random.default_rng(0)
    corruption = BitFlip(count=3).sample(golden, channel_axis=None, rng=rng)
    assert corruption.apply(golden).tolist() == [False, True, False]
    assert corruption.bits is not None
    assert corruption.bits.tolist() == [0, 0, 0]
    with pytest.raises(ErrorModelError, match="from 0 to 0 for a bool target, got 1"):
        BitFlip(bit=1).sample(golden, channel_axis=None, rng=rng)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ml_dtypes.bfloat16])
def test_fields_cover_the_float(dtype: str) -> None:
    layout = bit_layout(np.dtype(dtype))
    info = ml_dtypes.finfo(dtype)
    assert [*layout.mantissa, *layout.exponent, *layout.sign] == list(range(layout.width))
    assert (len(layout.mantissa), len(layout.exponent)) == (info.nmant, info.nexp)


@pytest.mark.parametrize(
    "name",
    [
        "float8_e3m4",
        "float8_e4m3",
        "float8_e4m3b11fnuz",
        "float8_e4m3fn",
        "float8_e4m3fnuz",
        "float8_e5m2",
        "float8_e5m2fnuz",
    ],
)
def test_float8_layouts_are_those_of_ml_dtypes(name: str) -> None:
    dtype = np.dtype(getattr(ml_dtypes, name))
    layout, info = bit_layout(dtype), ml_dtypes.finfo(dtype)
    assert (layout.width, len(layout.exponent)) == (info.bits, info.nexp)
    assert len(layout.mantissa) == info.nmant


@pytest.mark.parametrize("field", ["sign", "exponent", "mantissa"])
@pytest.mark.parametrize("dtype", ["float32", "float16", ml_dtypes.bfloat16])
def test_field_restricts_the_bits(
    field: Literal["sign", "exponent", "mantissa"], dtype: str
) -> None:
    golden = np.ones(2000, dtype=dtype)
    corruption = BitFlip(bit=field, count=2000).sample(
        golden, channel_axis=None, rng=np.random.default_rng(3)
    )
    assert corruption.bits is not None
    assert set(corruption.bits.tolist()) == set(getattr(bit_layout(golden.dtype), field))


def test_sign_of_integers() -> None:
    rng = np.random.default_rng(0)
    signed = BitFlip(bit="sign").sample(np.array([5], np.int16), channel_axis=None, rng=rng)
    assert signed.values.tolist() == [5 - 2**15]
    fields: tuple[tuple[Literal["sign", "exponent", "mantissa"], str], ...] = (
        ("sign", "uint8"),
        ("exponent", "int32"),
        ("mantissa", "bool"),
    )
    for bit, dtype in fields:
        with pytest.raises(ErrorModelError, match=f"bit={bit} needs .*got {dtype}, which has none"):
            BitFlip(bit=bit).sample(np.ones(3, dtype), channel_axis=None, rng=rng)


def test_bit_beyond_the_dtype() -> None:
    golden = np.ones(3, dtype=np.float16)
    with pytest.raises(ErrorModelError, match="from 0 to 15 for a float16 target, got 30"):
        BitFlip(bit=30).sample(golden, channel_axis=None, rng=np.random.default_rng(0))


@pytest.mark.parametrize("bit", [-1, 64, 1.0, True, None, "signs", "30"])
def test_wrong_bit(bit: object) -> None:
    with pytest.raises(ErrorModelError, match="bitflip: bit must be"):
        BitFlip(bit=bit)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, -2, 1.5, True, "2"])
def test_wrong_count(count: object) -> None:
    with pytest.raises(ErrorModelError, match="bitflip: count must be"):
        BitFlip(count=count)  # type: ignore[arg-type]


def test_numpy_integers_become_plain() -> None:
    model = BitFlip(bit=np.int64(3), count=np.int32(2))  # type: ignore[arg-type]
    assert model == BitFlip(bit=3, count=2)
    configuration = model.to_dict()["configuration"]
    assert [type(configuration[key]) for key in ("bit", "count")] == [int, int]


def test_sites_and_bits_are_uniform() -> None:
    golden = np.ones(50, dtype=np.float32)
    rng = np.random.default_rng(11)
    sites, bits = np.zeros(50), np.zeros(32)
    for _ in range(4000):
        corruption = BitFlip(count=2).sample(golden, channel_axis=None, rng=rng)
        assert corruption.bits is not None
        np.add.at(sites, corruption.indices, 1)
        np.add.at(bits, corruption.bits, 1)
    for counts in (sites, bits):
        expected = counts.sum() / counts.size
        freedom = counts.size - 1
        chi_square = float(((counts - expected) ** 2 / expected).sum())
        # Four standard deviations of the chi-square distribution around its mean.
        assert abs(chi_square - freedom) < 4 * (2 * freedom) ** 0.5


def test_bits_of_one_corruption_are_independent() -> None:
    golden = np.ones(100_000, dtype=np.float32)
    corruption = BitFlip(count=5000).sample(golden, channel_axis=None, rng=np.random.default_rng(2))
    assert corruption.bits is not None
    correlation = np.corrcoef(corruption.indices, corruption.bits)[0, 1]
    assert abs(correlation) < 0.05
