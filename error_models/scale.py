"""Scale: values multiplied."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onnxfi.error_models.checks import checked_number
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites.uniform import values_at
from onnxfi.error_models.sitewise import SitewiseErrorModel
from onnxfi.error_models.values.rounding import round_to
from onnxfi.error_models.values.value_class import to_float64


@dataclass(frozen=True, slots=True)
class Scale(SitewiseErrorModel):
    """Multiplies the golden value at each injection site by a factor.

    It is computed in float64 and rounded to the target's dtype. What is too large for a float dtype
    becomes infinite (NaN where there is no infinity); integers and bool, which is 0 or 1, take the
    nearest value that they have. NaN stays NaN.

    Attributes:
        factor: any finite number.
    """

    name: ClassVar[str] = "scale"

    factor: float

    def check(self) -> None:
        """Check the factor."""
        object.__setattr__(self, "factor", checked_number(self.name, "factor", self.factor))

    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Give the golden values multiplied; nothing is drawn."""
        values = to_float64(values_at(golden, sites))
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = values * float(self.factor)
        return Corruption(sites, round_to(scaled, golden.dtype))
