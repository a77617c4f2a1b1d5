"""Draws values of each value class: zero, nan, in_range, out_of_range, flip."""

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Protocol

import ml_dtypes
import numpy as np

from onnxfi.error_models.values.bit_layout import bit_layout, flip_bits
from onnxfi.error_models.values.value_class import ValueClass
from onnxfi.errors import ErrorModelError


def needs_range(value_class: ValueClass, dtype: np.dtype) -> bool:
    """Return whether drawing a value of a class needs the range of the golden tensor."""
    if value_class == "nan":
        return bit_layout(dtype).kind != "float"
    return value_class in ("in_range", "out_of_range")


def draw_values(
    value_class: ValueClass,
    golden: np.ndarray,
    *,
    low: float,
    high: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw values of one value class, as ``value_source`` defines them.

    Args:
        value_class: the value class.
        golden: the golden values at the injection sites, shape ``(K,)``.
        low: the lowest value in range; only read for the classes of ``needs_range``.
        high: the highest value in range.
        rng: the source of randomness.

    Returns:
        Shape ``(K,)``, in the dtype of ``golden``.

    Raises:
        ErrorModelError: the dtype has no value from ``low`` to ``high``.
    """
    source = value_source(value_class, golden.dtype, low, high)
    return source.values(source.draw(golden.size, rng=rng), golden)


class ValueSource(Protocol):
    """Draws values of one value class in two steps: random numbers first, then values from them.

    The numbers of many corruptions can be joined, and converted to values all at once.
    """

    def draw(self, count: int, *, rng: np.random.Generator) -> np.ndarray:
        """Draw a number for each value, or none if the values are not random."""
        ...

    def values(self, drawn: np.ndarray, golden: np.ndarray) -> np.ndarray:
        """Convert drawn numbers to values.

        Args:
            drawn: the numbers of all values; read-only.
            golden: the golden values, shape ``(K,)``.
        """
        ...


@lru_cache(maxsize=1024)  # thousands of corruptions of one tensor need the same
def value_source(value_class: ValueClass, dtype: np.dtype, low: float, high: float) -> ValueSource:
    """Return the source of values of one value class.

    - **zero**: positive zero; False for bool.
    - **nan**: a quiet NaN. Integers and bool have no NaN: their values are out of range.
    - **in_range**: uniform from ``low`` to ``high``, both included.
    - **out_of_range**: uniform over all finite values of the dtype below ``low`` or above
      ``high``; for floats, all bit patterns are equally likely. If the dtype has no such value,
      as for uint8 and a range of 0 to 255, the value is drawn in range.
    - **flip**: the golden value with one bit inverted, all bits equally likely.

    Args:
        value_class: the value class.
        dtype: dtype of the values; one with a bit layout.
        low: the lowest value in range; only read for the classes of ``needs_range``.
        high: the highest value in range.

    Raises:
        ErrorModelError: the dtype has no value from ``low`` to ``high``.
    """
    if value_class == "zero":
        return _Same(0.0)
    layout = bit_layout(dtype)
    if value_class == "flip":
        return _Flipped(layout.width)
    is_float = layout.kind == "float"
    if value_class == "nan" and is_float:
        return _Same(math.nan)
    least, first, last, greatest = _keys(low, high, dtype)
    below, above = first - least, greatest - last
    if value_class != "in_range" and below + above:
        return _OfKeys(least, below, last + 1, above)
    if is_float:
        ends = _values(np.array([_modulo(first), _modulo(last)]), dtype).tolist()
        return _Between(float(ends[0]), float(ends[1]))
    return _OfKeys(first, last - first + 1, last + 1, 0)


@dataclass(frozen=True, slots=True)
class _Same:
    """The same value everywhere."""

    value: float

    def draw(self, count: int, *, rng: np.random.Generator) -> np.ndarray:
        return np.empty(0)

    def values(self, drawn: np.ndarray, golden: np.ndarray) -> np.ndarray:
        return np.full(golden.size, self.value).astype(golden.dtype)


@dataclass(frozen=True, slots=True)
class _Flipped:
    """The golden value with one bit inverted."""

    width: int

    def draw(self, count: int, *, rng: np.random.Generator) -> np.ndarray:
        bits: np.ndarray = rng.integers(self.width, size=count, dtype=np.int16)
        return bits

    def values(self, drawn: np.ndarray, golden: np.ndarray) -> np.ndarray:
        return flip_bits(golden, drawn)


@dataclass(frozen=True, slots=True)
class _Between:
    """Floats between two, both included."""

    low: float
    high: float

    def draw(self, count: int, *, rng: np.random.Generator) -> np.ndarray:
        shares: np.ndarray = rng.random(count)
        return shares

    def values(self, drawn: np.ndarray, golden: np.ndarray) -> np.ndarray:
        # Unlike low + share * (high - low), this does not overflow. It works in place because
        # allocating a whole channel of values takes longer than computing it.
        values = 1.0 - drawn
        values *= self.low
        values += drawn * self.high
        return np.clip(values, self.low, self.high, out=values).astype(golden.dtype)


@dataclass(frozen=True, slots=True)
class _OfKeys:
    """Values of keys from two ranges, all keys equally likely.

    Attributes:
        first: first key of the first range.
        count: number of keys in the first range.
        other: first key of the other range.
        others: number of keys in the other range.
    """

    first: int
    count: int
    other: int
    others: int

    def draw(self, count: int, *, rng: np.random.Generator) -> np.ndarray:
        drawn: np.ndarray = rng.integers(self.count + self.others, size=count, dtype=np.uint64)
        return drawn

    def values(self, drawn: np.ndarray, golden: np.ndarray) -> np.ndarray:
        # Modulo 2**64, which is exact for keys of up to 64 bits.
        first, other = _modulo(self.first), _modulo(self.other - self.count)
        steps = np.where(drawn < self.count, first, other) if self.others else first
        return _values(drawn + steps, golden.dtype)


# Keys number the values of a dtype in ascending order. An integer or bool is its own key. The key
# of a float is its bit pattern without the sign, negated if the sign is set; both zeros have key 0.


def _keys(low: float, high: float, dtype: np.dtype) -> tuple[int, int, int, int]:
    """Return the keys of the lowest value, of the ends of the range and of the highest value."""
    least, greatest = _extreme_keys(dtype)
    layout = bit_layout(dtype)
    if layout.kind == "float":
        largest = float(_values(np.array([_modulo(greatest)]), dtype)[0])
        clamped = [min(max(end, -largest), largest) for end in (low, high)]
        nearest = np.array(clamped, dtype=np.float64).astype(dtype)
        sign = 1 << layout.width - 1
        first, last = (
            sign - code if code & sign else code for code in nearest.view(layout.unsigned).tolist()
        )
        first += float(nearest[0]) < low
        last -= float(nearest[1]) > high
    else:
        first, last = math.ceil(low), math.floor(high)
    first, last = max(first, least), min(last, greatest)
    if first > last:
        raise ErrorModelError(
            f"a {dtype} target must have a value in the range, "
            f"got low={low}, high={high}: choose another range"
        )
    return least, first, last, greatest


@cache
def _extreme_keys(dtype: np.dtype) -> tuple[int, int]:
    layout = bit_layout(dtype)
    if layout.kind == "bool":
        return 0, 1
    if layout.kind != "float":
        limits = ml_dtypes.iinfo(dtype)
        return int(limits.min), int(limits.max)
    native = dtype.newbyteorder("=")
    largest = np.array([ml_dtypes.finfo(native).max], dtype=native)
    key = int(largest.view(bit_layout(native).unsigned)[0])
    return -key, key


def _values(keys: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return the values of keys, given as uint64 modulo 2**64."""
    layout = bit_layout(dtype)
    if layout.kind == "float":
        signed = keys.view(np.int64)
        sign = np.uint64(1 << layout.width - 1)
        keys = np.where(signed < 0, -keys | sign, keys)
    codes = keys & np.uint64((1 << layout.width) - 1)
    return codes.astype(layout.unsigned).view(dtype)


def _modulo(key: int) -> np.uint64:
    return np.uint64(key % 2**64)
