"""Constant: replaces values by a given number."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onnxfi.error_models.checks import checked_number
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sitewise import SitewiseErrorModel
from onnxfi.error_models.values.bit_layout import bit_layout
from onnxfi.error_models.values.rounding import integer_limits, round_to
from onnxfi.errors import ErrorModelError


@dataclass(frozen=True, slots=True)
class Constant(SitewiseErrorModel):
    """Writes one given number at each injection site.

    For a float target the number is rounded to the target's dtype, in which it must be finite. For
    an integer target it must be an integer that the dtype can hold, for bool 0 or 1.

    Attributes:
        value: the number; finite (``nan`` and ``inf`` are separate error models).
    """

    name: ClassVar[str] = "constant"

    value: float

    def check(self) -> None:
        """Check and convert the number."""
        convert_fields(self, value=checked_number(self.name, "value", self.value))

    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Return the number for each site; nothing is drawn."""
        return Corruption(sites, np.full(sites.size, self._value_in(golden.dtype)))

    def _value_in(self, dtype: np.dtype) -> np.ndarray:
        """Return the number in a dtype, as an array without axes."""
        if bit_layout(dtype).kind == "float":
            value = round_to(np.array(self.value, dtype=np.float64), dtype)
            held = bool(np.isfinite(value.astype(np.float64)))
        else:
            least, greatest = integer_limits(dtype)
            held = self.value == int(self.value) and least <= self.value <= greatest
            value = np.array(int(self.value) if held else 0, dtype=dtype)
        if not held:
            raise ErrorModelError(
                f"constant: a {dtype} target must be able to hold the value, "
                f"got value={self.value}: choose another value or target"
            )
        return value
