"""Scale: multiplies values by a factor."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onnxfi.error_models.checks import checked_number
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites.uniform import values_at
from onnxfi.error_models.sitewise import SitewiseErrorModel
from onnxfi.error_models.values.rounding import round_to
from onnxfi.error_models.values.value_class import to_float64


@dataclass(frozen=True, slots=True)
class Scale(SitewiseErrorModel):
    """Multiplies the golden value at each injection site by a factor.

    The result is computed in float64 and rounded to the target's dtype. If it is too large for a
    float dtype it becomes infinite, or NaN if the dtype has no infinity. Integers and bool, which
    is 0 or 1, take the nearest value of their dtype. NaN stays NaN.

    Attributes:
        factor: any finite number.
    """

    name: ClassVar[str] = "scale"

    factor: float

    def check(self) -> None:
        """Check and convert the factor."""
        convert_fields(self, factor=checked_number(self.name, "factor", self.factor))

    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Return the multiplied golden values; nothing is drawn."""
        values = to_float64(values_at(golden, sites))
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = values * float(self.factor)
        return Corruption(sites, round_to(scaled, golden.dtype))
