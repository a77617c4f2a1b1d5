"""BitFlip: bits of single values inverted."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from onnxfi.error_models.bit_layout import bit_layout, flip_bits
from onnxfi.error_models.configuration import checked_extent, checked_integer, closest, to_dict
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites import draw_sites, number_of_sites, values_at
from onnxfi.errors import ErrorModelError

BitField = Literal["any", "sign", "exponent", "mantissa"]
_FIELDS = ("any", "sign", "exponent", "mantissa")


@dataclass(frozen=True, slots=True)
class BitFlip:
    """Inverts one bit at each injection site.

    Works on floats (float8, float16, bfloat16, float32, float64), integers of 8 to 64 bits and
    bool, which has one bit.

    Attributes:
        bit: the bit to invert, 0 the least significant, or the bits among which it is drawn for
            each site independently: ``any``, ``sign``, ``exponent`` or ``mantissa``.
        count: number of sites, all different; 1 where neither this nor ``fraction`` is given.
        fraction: share of the target's elements, above 0 and at most 1, in place of ``count``;
            rounded to the nearest number of sites, at least 1.

    Raises:
        ErrorModelError: a value is wrong, or both ``count`` and ``fraction`` are given.
    """

    name: ClassVar[str] = "bitflip"

    bit: int | BitField = "any"
    count: int | None = None
    fraction: float | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        if isinstance(self.bit, str):
            if self.bit not in _FIELDS:
                raise ErrorModelError(
                    f"bitflip: bit must be a number or one of {', '.join(_FIELDS)}, "
                    f"got {self.bit!r}{closest(self.bit, _FIELDS)}"
                )
        else:
            bit = checked_integer(self.name, "bit", self.bit, low=0, high=63)
            object.__setattr__(self, "bit", bit)
        count, fraction = checked_extent(self.name, self.count, self.fraction)
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "fraction", fraction)

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw sites and bits, and give the golden values with those bits inverted.

        Args:
            golden: the golden tensor, of any shape, with enough elements.
            channel_axis: not used.
            rng: the source of randomness.

        Returns:
            A corruption of as many sites as configured, with ``bits``.

        Raises:
            ErrorModelError: the tensor has too few elements, or its dtype lacks the bit.
        """
        allowed = self._allowed_bits(golden.dtype)
        count = number_of_sites(golden, self.count, self.fraction)
        sites = draw_sites(golden, count, rng=rng)
        if len(allowed) == 1:
            bits = np.full(count, allowed[0], dtype=np.int16)
        else:
            bits = rng.integers(allowed.start, allowed.stop, size=count, dtype=np.int16)
        return Corruption(sites, flip_bits(values_at(golden, sites), bits), bits=bits)

    def to_dict(self) -> dict[str, Any]:
        """Give ``{"name": "bitflip", "configuration": {"bit": ..., "count": ..., ...}}``."""
        return to_dict(self)

    def _allowed_bits(self, dtype: np.dtype) -> range:
        """Give the bits of a dtype among which to draw."""
        layout = bit_layout(dtype)
        if self.bit == "any":
            return range(layout.width)
        if isinstance(self.bit, int):
            if self.bit >= layout.width:
                raise ErrorModelError(
                    f"bitflip: bit must be from 0 to {layout.width - 1} for a {dtype} target, "
                    f"got {self.bit}: choose a lower bit or another target"
                )
            return range(self.bit, self.bit + 1)
        field = {"sign": layout.sign, "exponent": layout.exponent, "mantissa": layout.mantissa}
        allowed = field[self.bit]
        if not allowed:
            raise ErrorModelError(
                f"bitflip: bit={self.bit} needs a target whose dtype has such bits, "
                f"got {dtype}, which has none: use bit=any or a bit number"
            )
        return allowed
