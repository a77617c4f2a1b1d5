"""Zero: values lost."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from onnxfi.error_models.bit_layout import bit_layout
from onnxfi.error_models.configuration import checked_integer, to_dict
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites import draw_sites


@dataclass(frozen=True, slots=True)
class Zero:
    """Writes zero (False for bool) at each of ``count`` injection sites.

    Attributes:
        count: number of sites, all different.

    Raises:
        ErrorModelError: ``count`` is no integer of at least 1.
    """

    name: ClassVar[str] = "zero"

    count: int = 1

    def __post_init__(self) -> None:
        """Check the values."""
        count = checked_integer(self.name, "count", self.count, low=1, high=None)
        object.__setattr__(self, "count", count)

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw sites, and give a zero for each.

        Args:
            golden: the golden tensor, of any shape with at least ``count`` elements.
            channel_axis: not used.
            rng: the source of randomness.

        Returns:
            A corruption of ``count`` sites.

        Raises:
            ErrorModelError: the tensor has too few elements, or is of no numeric dtype.
        """
        bit_layout(golden.dtype)  # raises for a dtype that has no zero
        sites = draw_sites(golden, self.count, rng=rng)
        return Corruption(sites, np.zeros(self.count, dtype=golden.dtype))

    def to_dict(self) -> dict[str, Any]:
        """Give ``{"name": "zero", "configuration": {"count": ...}}``."""
        return to_dict(self)
