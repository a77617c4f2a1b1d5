"""Bursts, several bits of one value, and bits that are stuck: against the digits of the value."""

import json
from collections import Counter
from itertools import combinations
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from onnxfi.error_models import (
    BitFlip,
    Corruption,
    ErrorModel,
    StuckAt,
    bit_layout,
    from_dict,
    load,
)
from onnxfi.error_models.contract import DTYPES, FLOATS
from onnxfi.errors import ErrorModelError

BYTES = 400


def golden_of(dtype: np.dtype, seed: int = 3) -> np.ndarray:
    """Give values of all bit patterns, or of many."""
    rng = np.random.default_rng(seed)
    if dtype.kind == "b":
        return rng.integers(0, 2, 200).astype(bool)
    if dtype.name in ("int2", "int4", "uint2", "uint4"):
        limits = ml_dtypes.iinfo(dtype)
        return rng.integers(limits.min, limits.max + 1, 200).astype(dtype)
    return np.frombuffer(rng.bytes(BYTES - BYTES % dtype.itemsize), dtype=dtype)


def digits(value: np.ndarray, dtype: np.dtype) -> str:
    """Give the bits of a value as text, the least significant first."""
    pattern = int.from_bytes(value.tobytes(), "little")
    return format(pattern, f"0{8 * dtype.itemsize}b")[::-1][: bit_layout(dtype).width]


def draw(model: ErrorModel, golden: np.ndarray, seed: int = 0) -> Corruption:
    """Draw one corruption."""
    return model.sample(golden, channel_axis=None, rng=np.random.default_rng(seed))


def changed(corruption: Corruption, golden: np.ndarray) -> list[tuple[int, ...]]:
    """Give the bits that differ from the golden value, of each site."""
    dtype = golden.dtype
    return [
        tuple(
            at
            for at, (old, new) in enumerate(
                zip(digits(golden[site], dtype), digits(value, dtype), strict=True)
            )
            if old != new
        )
        for site, value in zip(corruption.indices, corruption.values, strict=True)
    ]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("value", [0, 1])
def test_stuck_bits(dtype: np.dtype, value: int) -> None:
    golden = golden_of(dtype)
    width = bit_layout(dtype).width
    for bit in ("any", 0, width - 1):
        corruption = draw(StuckAt(value, bit, count=golden.size), golden)
        assert corruption.bits is not None
        for site, stuck, written in zip(
            corruption.indices, corruption.bits.tolist(), corruption.values, strict=True
        ):
            expected = list(digits(golden[site], dtype))
            expected[stuck] = str(value)
            assert digits(written, dtype) == "".join(expected)
        stuck_bits = set(corruption.bits.tolist())
        assert stuck_bits == (set(range(width)) if bit == "any" and width <= 16 else stuck_bits)
        assert bit == "any" or stuck_bits == {bit}


def test_known_stuck_bits() -> None:
    golden = np.array([1.5], dtype=np.float32)
    assert draw(StuckAt(1, "sign"), golden).values.tolist() == [-1.5]
    assert draw(StuckAt(0, "sign"), golden).values.tolist() == [1.5]
    assert draw(StuckAt(0, 22), golden).values.tolist() == [1.0]
    assert draw(StuckAt(0, 0), np.array([7], np.int8)).values.tolist() == [6]
    assert draw(StuckAt(1, 7), np.array([7], np.int8)).values.tolist() == [-121]
    assert draw(StuckAt(1), np.array([False])).values.tolist() == [True]
    assert draw(StuckAt(0), np.array([True])).values.tolist() == [False]


@pytest.mark.parametrize("field", ["sign", "exponent", "mantissa"])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_stuck_fields(field: Any, dtype: np.dtype) -> None:
    corruption = draw(StuckAt(1, field, count=500), np.zeros(500, dtype))
    assert corruption.bits is not None
    assert set(corruption.bits.tolist()) == set(getattr(bit_layout(dtype), field))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_bursts_are_adjacent(dtype: np.dtype) -> None:
    golden, width = golden_of(dtype), bit_layout(dtype).width
    for several in {min(2, width), min(5, width), width}:
        model = BitFlip(bits_per_value=several, adjacent=True, count=golden.size)
        for bits in changed(draw(model, golden), golden):
            assert bits == tuple(range(bits[0], bits[0] + several))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_several_bits_are_distinct(dtype: np.dtype) -> None:
    golden, width = golden_of(dtype), bit_layout(dtype).width
    for several in {min(2, width), min(5, width), width}:
        model = BitFlip(bits_per_value=several, count=golden.size)
        assert {len(bits) for bits in changed(draw(model, golden), golden)} == {several}


def chi_square_distance(drawn: Counter[int], masks: set[int]) -> float:
    """Give by how many standard deviations chi-square misses its mean, if all are as likely."""
    assert set(drawn) == masks
    expected, freedom = drawn.total() / len(masks), len(masks) - 1
    chi_square = sum((count - expected) ** 2 / expected for count in drawn.values())
    return float(abs(chi_square - freedom) / (2 * freedom) ** 0.5)


@pytest.mark.parametrize("several", [2, 3, 7])
def test_every_choice_of_bits_is_as_likely(several: int) -> None:
    golden = np.zeros(60_000, dtype=ml_dtypes.float8_e4m3fn)
    corruption = draw(BitFlip(bits_per_value=several, count=golden.size), golden)
    choices = {sum(2**bit for bit in bits) for bits in combinations(range(8), several)}
    assert chi_square_distance(Counter(corruption.values.view(np.uint8).tolist()), choices) < 4


def test_every_place_of_a_burst_is_as_likely() -> None:
    golden = np.zeros(20_000, dtype=np.uint16)
    corruption = draw(BitFlip(bits_per_value=4, adjacent=True, count=golden.size), golden)
    places = {0b1111 << place for place in range(13)}
    assert chi_square_distance(Counter(corruption.values.tolist()), places) < 4


@pytest.mark.parametrize("adjacent", [False, True])
@pytest.mark.parametrize("field", ["exponent", "mantissa"])
def test_several_bits_of_a_field(field: Any, adjacent: bool) -> None:
    golden = np.zeros(300, np.float32)
    model = BitFlip(field, bits_per_value=3, adjacent=adjacent, count=300)
    drawn = changed(draw(model, golden), golden)
    assert {bit for bits in drawn for bit in bits} == set(getattr(bit_layout(golden.dtype), field))
    assert {len(bits) for bits in drawn} == {3}


def test_a_burst_from_a_bit_on() -> None:
    golden = np.zeros(50, np.float16)
    model = BitFlip(12, bits_per_value=3, adjacent=True, count=50)
    assert set(changed(draw(model, golden), golden)) == {(12, 13, 14)}
    with pytest.raises(ErrorModelError, match="at most 4 for bit=12 of a float16 target, got 5"):
        draw(BitFlip(12, bits_per_value=5, adjacent=True), golden)


def test_bits_are_told_where_there_is_one_for_each_site() -> None:
    golden = np.zeros(9, np.float32)
    one = draw(BitFlip(count=4), golden)
    assert one == draw(BitFlip(count=4, bits_per_value=1, adjacent=True), golden)
    assert one.bits is not None
    assert draw(BitFlip(bits_per_value=2), golden).bits is None


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("bitflip:bits_per_value=0", "bits_per_value must be from 1 to 64, got 0"),
        ("bitflip:bits_per_value=65", "bits_per_value must be from 1 to 64, got 65"),
        ("bitflip:bits_per_value=two", "bits_per_value must be an integer from 1 to 64"),
        ("bitflip:adjacent=1", "adjacent must be true or false, got 1"),
        ("bitflip:bit=3,bits_per_value=2", "add adjacent=true for a burst from that bit on"),
        ("stuckat", "stuckat: value must be given: write stuckat:value="),
        ("stuckat:value=2", "value must be from 0 to 1, got 2"),
        ("stuckat:value=true", "value must be an integer from 0 to 1, got True"),
        ("stuckat:value=1,bit=sing", "stuckat: bit must be .* got 'sing' .did you mean 'sign'"),
        ("stuckat:value=1,bit=64", "bit must be from 0 to 63, got 64"),
    ],
)
def test_wrong_configurations(spec: str, message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        load(spec)


@pytest.mark.parametrize(
    ("spec", "dtype", "message"),
    [
        ("bitflip:bits_per_value=2", "bool", "at most 1 for bit=any of a bool target, got 2"),
        ("bitflip:bits_per_value=2,bit=sign", "int8", "at most 1 for bit=sign of a int8 target"),
        ("stuckat:value=1,bit=8", "uint8", "from 0 to 7 for a uint8 target, got 8"),
        ("stuckat:value=1,bit=exponent", "int32", "bit=exponent needs .* got int32"),
    ],
)
@pytest.mark.parametrize("rate", [None, 0])
def test_a_dtype_without_the_bits(spec: str, dtype: str, message: str, rate: float | None) -> None:
    if rate is not None:  # no site is drawn, and the configuration is as wrong
        spec += f",rate={rate}"
    with pytest.raises(ErrorModelError, match=message):
        draw(load(spec), np.zeros(4, dtype))


@pytest.mark.parametrize(
    "model",
    [
        BitFlip(bits_per_value=3, adjacent=True, bit="mantissa", count=2),
        BitFlip(bits_per_value=np.int64(2), rate=0.25),  # type: ignore[arg-type]
        StuckAt(np.int8(1), np.int64(3), fraction=0.5),  # type: ignore[arg-type]
        StuckAt(0, "exponent"),
    ],
)
def test_round_trip(model: ErrorModel) -> None:
    assert from_dict(json.loads(json.dumps(model.to_dict()))) == model
