"""StuckAt: holds bits of single values at 0 or 1."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onnxfi.error_models.checks import checked_integer
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites.uniform import values_at
from onnxfi.error_models.sitewise import SitewiseErrorModel
from onnxfi.error_models.values.bit_choice import BitField, bits_of_dtype, checked_bit, draw_bits
from onnxfi.error_models.values.bit_layout import bit_layout, bit_masks


@dataclass(frozen=True, slots=True)
class StuckAt(SitewiseErrorModel):
    """Holds one bit at 0 or at 1 at each injection site.

    Works on the same dtypes as ``bitflip``. A site whose bit already has the value still counts as
    a site, and keeps its golden value. The corruption has ``bits``.

    Attributes:
        value: the value that the bit is stuck at, 0 or 1.
        bit: the bit, 0 the least significant, or the field from which it is drawn for each site
            independently: any, sign, exponent or mantissa.
    """

    name: ClassVar[str] = "stuckat"

    value: int
    bit: int | BitField = "any"

    def check(self) -> None:
        """Check and convert the values."""
        value = checked_integer(self.name, "value", self.value, low=0, high=1)
        convert_fields(self, value=value, bit=checked_bit(self.name, self.bit))

    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Draw bits, and return the golden values with these bits held."""
        allowed = bits_of_dtype(self.name, self.bit, golden.dtype)
        bits = draw_bits(allowed, sites.size, rng=rng)
        codes = values_at(golden, sites).view(bit_layout(golden.dtype).unsigned)
        masks = bit_masks(bits, golden.dtype)
        held = codes | masks if self.value else codes & ~masks
        return Corruption(sites, held.view(golden.dtype), bits=bits)
