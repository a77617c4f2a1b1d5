"""Zero: replaces values by zero."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sitewise import SitewiseErrorModel


@dataclass(frozen=True, slots=True)
class Zero(SitewiseErrorModel):
    """Writes zero (False for bool) at each injection site."""

    name: ClassVar[str] = "zero"

    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Return a zero for each site; nothing is drawn."""
        return Corruption(sites, np.zeros(sites.size, dtype=golden.dtype))
