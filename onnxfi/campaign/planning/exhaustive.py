"""Every single-bit flip of a target, one after the other."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from onnxfi.error_models import BitFlip, Corruption
from onnxfi.error_models.sites.region import Region
from onnxfi.error_models.sites.uniform import values_at
from onnxfi.error_models.values.bit_choice import bits_of_dtype
from onnxfi.error_models.values.bit_layout import flip_bits


@dataclass(frozen=True, slots=True)
class EveryBit:
    """Lists the corruptions that a `BitFlip` of one bit at one site draws from, each once.

    Corruption k is at the element of rank ``k // bits`` and flips the allowed bit ``k % bits``.

    Attributes:
        flip: the error model.
        first: number of the fault that has the first corruption.
        place: number of the corruption in the list.
    """

    name: ClassVar[str] = "bitflip"

    flip: BitFlip
    first: int = 0
    place: int = 0

    def for_fault(self, number: int) -> "EveryBit":
        """Give the error model of one fault."""
        return replace(self, place=number - self.first)

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Give the corruption; nothing is drawn."""
        allowed = bits_of_dtype(self.name, self.flip.bit, golden.dtype)
        rank, bit = divmod(self.place % (golden.size * len(allowed)), len(allowed))
        sites = np.array([rank], dtype=np.int64)
        if isinstance(self.flip.region, Region):
            sites = self.flip.region.of_target(golden.shape, channel_axis).sites(sites)
        bits = np.array([allowed[bit]], dtype=np.int16)
        return Corruption(sites, flip_bits(values_at(golden, sites), bits), bits=bits)

    def to_dict(self) -> dict[str, Any]:
        """Give the configuration of the error model."""
        return self.flip.to_dict()
