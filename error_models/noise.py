"""Noise: adds random noise to values."""

import sys
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from onnxfi.error_models.checks import checked_choice, checked_number
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites.uniform import values_at
from onnxfi.error_models.sitewise import SitewiseErrorModel
from onnxfi.error_models.values.rounding import round_to
from onnxfi.error_models.values.value_class import to_float64

_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Noise(SitewiseErrorModel):
    """Adds random noise to the golden value at each injection site, or multiplies it by 1 + noise.

    The result is computed in float64 and rounded to the target's dtype. If it is too large for a
    float dtype it becomes infinite, or NaN if the dtype has no infinity. Integers and bool, which
    is 0 or 1, take the nearest value of their dtype. NaN stays NaN.

    Attributes:
        magnitude: the standard deviation of normal noise; the highest absolute value of uniform
            noise, which lies between -magnitude and magnitude.
        mode: additive, golden value + noise; or multiplicative, golden value * (1 + noise).
        distribution: normal or uniform, both with mean 0.
    """

    name: ClassVar[str] = "noise"

    magnitude: float
    mode: Literal["additive", "multiplicative"] = "additive"
    distribution: Literal["normal", "uniform"] = "normal"

    def check(self) -> None:
        """Check and convert the values."""
        magnitude = checked_number(self.name, "magnitude", self.magnitude, low=0)
        convert_fields(self, magnitude=magnitude)
        checked_choice(self.name, "mode", self.mode, ("additive", "multiplicative"))
        checked_choice(self.name, "distribution", self.distribution, ("normal", "uniform"))

    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Draw the noise, and return the golden values with it."""
        if self.distribution == "normal":
            drawn = rng.standard_normal(sites.size)
        else:
            drawn = rng.uniform(-1.0, 1.0, sites.size)
        values = to_float64(values_at(golden, sites))
        with np.errstate(over="ignore", invalid="ignore"):
            noise = np.clip(float(self.magnitude) * drawn, -_LARGEST, _LARGEST)
            noisy = values + noise if self.mode == "additive" else values * (1.0 + noise)
        return Corruption(sites, round_to(noisy, golden.dtype))
