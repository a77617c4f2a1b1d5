"""BitFlip: inverts bits of single values."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onnxfi.error_models.checks import checked_integer
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.error_model import ErrorModel, TargetInfo
from onnxfi.error_models.single_flip import SingleFlip
from onnxfi.error_models.sites.uniform import values_at
from onnxfi.error_models.sitewise import SitewiseErrorModel
from onnxfi.error_models.values.bit_choice import BitField, bits_of_dtype, checked_bit, draw_bits
from onnxfi.error_models.values.bit_layout import bit_layout, flip_bits
from onnxfi.errors import ErrorModelError


@dataclass(frozen=True, slots=True)
class BitFlip(SitewiseErrorModel):
    """Inverts one bit at each injection site, or several.

    Works on floats (float8, float16, bfloat16, float32, float64), integers of 2 to 64 bits and
    bool, which has one bit. Bit 0 is the least significant.

    The corruption has ``bits`` if one bit is inverted at each site.

    Attributes:
        bit: the bit to invert, or the field from which it is drawn for each site independently:
            any, sign, exponent or mantissa.
        bits_per_value: number of different bits to invert at each site.
        adjacent: whether they are adjacent: a burst. ``bit`` is then the lowest of them, or the
            field that contains all of them.
    """

    name: ClassVar[str] = "bitflip"

    bit: int | BitField = "any"
    bits_per_value: int = 1
    adjacent: bool = False

    def check(self) -> None:
        """Check and convert the values."""
        convert_fields(self, bit=checked_bit(self.name, self.bit))
        number = checked_integer(self.name, "bits_per_value", self.bits_per_value, low=1, high=64)
        convert_fields(self, bits_per_value=number)
        if not isinstance(self.adjacent, bool):
            raise ErrorModelError(f"bitflip: adjacent must be true or false, got {self.adjacent!r}")
        if number > 1 and not self.adjacent and isinstance(self.bit, int):
            raise ErrorModelError(
                "bitflip: several bits of a value must be drawn from a field, or be adjacent, "
                f"got bit={self.bit} and bits_per_value={number}: "
                "add adjacent=true for a burst from that bit on, or leave bit out"
            )

    def prepare(self, target: TargetInfo, golden: np.ndarray | None) -> ErrorModel:
        """Return an error model that draws the same corruptions, faster for a single bit."""
        several = self.bits_per_value > 1 or self._extent.count != 1 or self.region is not None
        if several or golden is None or not golden.size:
            return self
        allowed = bits_of_dtype(self.name, self.bit, golden.dtype)
        return SingleFlip(golden, allowed, to_dict=self.to_dict)

    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Draw bits, and return the golden values with these bits inverted."""
        allowed = bits_of_dtype(self.name, self.bit, golden.dtype)
        values, several = values_at(golden, sites), self.bits_per_value
        if several == 1:
            bits = draw_bits(allowed, sites.size, rng=rng)
            return Corruption(sites, flip_bits(values, bits), bits=bits)
        if isinstance(self.bit, int):
            allowed = range(self.bit, bits_of_dtype(self.name, "any", golden.dtype).stop)
        if several > len(allowed):
            raise ErrorModelError(
                f"bitflip: bits_per_value must be at most {len(allowed)} for bit={self.bit} of a "
                f"{golden.dtype} target, got {several}: lower it or choose another target"
            )
        if self.adjacent:
            lowest = allowed.start if isinstance(self.bit, int) else allowed.stop - several
            starts = draw_bits(range(allowed.start, lowest + 1), sites.size, rng=rng)
            masks = np.uint64(2**several - 1) << starts.astype(np.uint64)
        else:
            masks = _draw_masks(allowed, several, sites.size, rng=rng)
        unsigned = bit_layout(golden.dtype).unsigned
        inverted = values.view(unsigned) ^ masks.astype(unsigned)
        return Corruption(sites, inverted.view(golden.dtype))


def _draw_masks(
    allowed: range, several: int, count: int, *, rng: np.random.Generator
) -> np.ndarray:
    """Draw ``count`` masks with ``several`` of the allowed bits set, all choices equally likely.

    Uses Floyd's algorithm, on all masks at once (Bentley and Floyd, CACM 30(9), 1987).
    """
    masks = np.zeros(count, dtype=np.uint64)
    one = np.uint64(1)
    for highest in range(len(allowed) - several, len(allowed)):
        drawn = one << rng.integers(highest + 1, size=count, dtype=np.uint64)
        masks |= np.where(masks & drawn, one << np.uint64(highest), drawn)
    return masks << np.uint64(allowed.start)
