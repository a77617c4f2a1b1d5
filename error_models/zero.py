"""Zero: values lost."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from onnxfi.error_models.bit_layout import bit_layout
from onnxfi.error_models.configuration import checked_extent, to_dict
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites import draw_sites, number_of_sites


@dataclass(frozen=True, slots=True)
class Zero:
    """Writes zero (False for bool) at each injection site.

    Attributes:
        count: number of sites, all different; 1 where neither this nor ``fraction`` is given.
        fraction: share of the target's elements, above 0 and at most 1, in place of ``count``;
            rounded to the nearest number of sites, at least 1.

    Raises:
        ErrorModelError: ``count`` or ``fraction`` is wrong, or both are given.
    """

    name: ClassVar[str] = "zero"

    count: int | None = None
    fraction: float | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        count, fraction = checked_extent(self.name, self.count, self.fraction)
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "fraction", fraction)

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw sites, and give a zero for each.

        Args:
            golden: the golden tensor, of any shape, with enough elements.
            channel_axis: not used.
            rng: the source of randomness.

        Returns:
            A corruption of as many sites as configured.

        Raises:
            ErrorModelError: the tensor has too few elements, or is of no numeric dtype.
        """
        bit_layout(golden.dtype)  # raises for a dtype that has no zero
        count = number_of_sites(golden, self.count, self.fraction)
        sites = draw_sites(golden, count, rng=rng)
        return Corruption(sites, np.zeros(count, dtype=golden.dtype))

    def to_dict(self) -> dict[str, Any]:
        """Give ``{"name": "zero", "configuration": {"count": ..., "fraction": ...}}``."""
        return to_dict(self)
