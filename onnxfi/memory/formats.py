"""Encodes numbers in the formats in which they lie in memory."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import ml_dtypes
import numpy as np

from onnxfi.errors import ErrorModelError
from onnxfi.memory.posits import encode_posits, posit_values
from onnxfi.suggestions import did_you_mean

# Bits of the mantissa of float32 that tf32 lacks.
_TF32_DROPPED = 13


class Format(ABC):
    """A number format: how a number is rounded, and which bits stand for it.

    Attributes:
        name: the name.
        bits: bits of a number.
    """

    name: str
    bits: int

    @abstractmethod
    def encode(self, numbers: np.ndarray) -> np.ndarray:
        """Round numbers, to the nearest and ties to even, and return their codes.

        Args:
            numbers: any shape, of a floating-point or integer dtype.

        Returns:
            uint64, of the same shape; the lowest `bits` bits are the code.
        """

    @abstractmethod
    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the numbers that codes stand for: float64, of the same shape."""

    def fitted(self, tensor: np.ndarray) -> "Format":
        """Return the format with what it takes from a whole tensor, such as a scale."""
        del tensor
        return self


@dataclass(frozen=True, slots=True)
class FloatFormat(Format):
    """A floating-point format that NumPy or ml_dtypes has.

    Numbers of float16 and wider formats overflow to infinity, as IEEE 754 has it; those of narrower
    ones saturate, as the OCP Microscaling Formats specification (2023) recommends.
    """

    name: str
    bits: int
    dtype: np.dtype[np.generic]

    @property
    def _unsigned(self) -> np.dtype[np.generic]:
        return np.dtype(f"u{self.dtype.itemsize}")

    def encode(self, numbers: np.ndarray) -> np.ndarray:
        """Round numbers and return their codes."""
        with np.errstate(over="ignore", invalid="ignore"):  # signalling NaNs become quiet
            wide = np.asarray(numbers).astype(np.float32)
            if self.bits < 16:
                largest = float(ml_dtypes.finfo(self.dtype).max)
                wide = np.clip(wide, -largest, largest)
            rounded = wide.astype(self.dtype)
        codes: np.ndarray = rounded.view(self._unsigned).astype(np.uint64)
        return codes & np.uint64((1 << self.bits) - 1)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the numbers that codes stand for."""
        with np.errstate(invalid="ignore"):
            return np.asarray(codes).astype(self._unsigned).view(self.dtype).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Tf32(Format):
    """TensorFloat-32: float32 with 10 bits of mantissa, 19 bits in all."""

    name = "tf32"
    bits = 32 - _TF32_DROPPED

    def encode(self, numbers: np.ndarray) -> np.ndarray:
        """Round numbers and return their codes."""
        numbers = np.asarray(numbers).astype(np.float32)
        words = numbers.view(np.uint32).astype(np.uint64)
        even = (words >> np.uint64(_TF32_DROPPED)) & np.uint64(1)
        rounded = words + np.uint64((1 << (_TF32_DROPPED - 1)) - 1) + even
        kept = np.where(np.isfinite(numbers), rounded, words) >> np.uint64(_TF32_DROPPED)
        # A NaN whose payload lies in the dropped bits stays a NaN.
        return np.asarray(np.where(np.isnan(numbers), kept | np.uint64(1), kept))

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the numbers that codes stand for."""
        words = (np.asarray(codes) << np.uint64(_TF32_DROPPED)).astype(np.uint32)
        with np.errstate(invalid="ignore"):
            return words.view(np.float32).astype(np.float64)


@dataclass(frozen=True, slots=True)
class ScaledInteger(Format):
    """Two's complement integers times a scale: symmetric, one scale for a tensor.

    The scale is the largest finite size in the tensor over the largest integer.
    """

    name: str
    bits: int
    scale: float = 1.0

    def fitted(self, tensor: np.ndarray) -> "ScaledInteger":
        """Return the format with the scale of a tensor."""
        sizes = np.abs(np.asarray(tensor).astype(np.float64))
        largest = float(sizes[np.isfinite(sizes)].max(initial=0.0))
        return ScaledInteger(self.name, self.bits, largest / self._top or 1.0)

    @property
    def _top(self) -> int:
        return (1 << (self.bits - 1)) - 1

    def encode(self, numbers: np.ndarray) -> np.ndarray:
        """Round numbers and return their codes."""
        scaled = np.nan_to_num(np.asarray(numbers).astype(np.float64) / self.scale, nan=0.0)
        whole = np.clip(np.rint(scaled), -self._top, self._top).astype(np.int64)
        return np.asarray(whole.astype(np.uint64) & np.uint64((1 << self.bits) - 1))

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the numbers that codes stand for."""
        signed = np.asarray(codes).astype(np.int64)
        signed = np.where(signed > self._top, signed - (1 << self.bits), signed)
        return np.asarray(signed * self.scale)


@dataclass(frozen=True, slots=True)
class Posit(Format):
    """A posit of the 2022 standard."""

    name: str
    bits: int

    def encode(self, numbers: np.ndarray) -> np.ndarray:
        """Round numbers and return their codes."""
        return encode_posits(np.asarray(numbers).astype(np.float64), self.bits)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the numbers that codes stand for."""
        return np.asarray(posit_values(self.bits)[np.asarray(codes).astype(np.int64)])


def _float(name: str, bits: int, dtype: type) -> FloatFormat:
    return FloatFormat(name, bits, np.dtype(dtype))


#: The number formats by name.
FORMATS: dict[str, Format] = {
    x.name: x
    for x in (
        _float("fp32", 32, np.float32),
        _float("fp16", 16, np.float16),
        _float("bf16", 16, ml_dtypes.bfloat16),
        Tf32(),
        _float("e4m3fn", 8, ml_dtypes.float8_e4m3fn),
        _float("e5m2", 8, ml_dtypes.float8_e5m2),
        _float("e2m1", 4, ml_dtypes.float4_e2m1fn),
        ScaledInteger("int8", 8),
        ScaledInteger("int4", 4),
        Posit("posit8", 8),
        Posit("posit16", 16),
    )
}


def number_format(name: str) -> Format:
    """Return a number format.

    Raises:
        ErrorModelError: there is no such format.
    """
    found = FORMATS.get(name)
    if found is None:
        raise ErrorModelError(
            f"a number format is one of {', '.join(FORMATS)}, got {name!r}"
            f"{did_you_mean(str(name), FORMATS)}"
        )
    return found
