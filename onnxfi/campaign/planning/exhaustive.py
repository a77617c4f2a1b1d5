"""Enumerates the single-bit flips of a target."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from onnxfi.error_models import BitFlip, Corruption, Corruptions, Generators, Region, values_at
from onnxfi.error_models.values import bits_of_dtype, flip_bits


@dataclass(frozen=True, slots=True)
class EveryBit:
    """Lists the corruptions that a `BitFlip` of one bit at one site draws from, each once.

    Corruption k is at the element of rank ``k // bits`` and flips the allowed bit ``k % bits``.

    Attributes:
        flip: the error model.
        first: number of the fault with the first corruption.
    """

    name: ClassVar[str] = "bitflip"

    flip: BitFlip
    first: int = 0

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw one of the corruptions."""
        return self.flip.sample(golden, channel_axis=channel_axis, rng=rng)

    def sample_many(
        self,
        golden: np.ndarray,
        *,
        channel_axis: int | None,
        generators: Generators,
        ids: range,
    ) -> Corruptions:
        """Return the corruptions of the faults with these numbers; nothing is drawn."""
        allowed = bits_of_dtype(self.name, self.flip.bit, golden.dtype)
        region = self.flip.region
        selection = None
        if isinstance(region, Region):
            selection = region.of_target(golden.shape, channel_axis)
        corruptions = []
        for number in ids:
            place = (number - self.first) % (golden.size * len(allowed))
            rank, bit = divmod(place, len(allowed))
            sites = np.array([rank], dtype=np.int64)
            if selection is not None:
                sites = selection.sites(sites)
            bits = np.array([allowed[bit]], dtype=np.int16)
            corruptions.append(Corruption(sites, flip_bits(values_at(golden, sites), bits), bits))
        return Corruptions.of(corruptions)

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration of the error model."""
        return self.flip.to_dict()
