"""Noise: values disturbed at random."""

import sys
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from onnxfi.error_models.checks import checked_choice, checked_number
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites.uniform import values_at
from onnxfi.error_models.sitewise import SitewiseErrorModel
from onnxfi.error_models.values.rounding import round_to
from onnxfi.error_models.values.value_class import to_float64

_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Noise(SitewiseErrorModel):
    """Adds a random number to the golden value at each injection site, or to a factor of 1.

    It is computed in float64 and rounded to the target's dtype. What is too large for a float dtype
    becomes infinite (NaN where there is no infinity); integers and bool, which is 0 or 1, take the
    nearest value that they have. NaN stays NaN.

    Attributes:
        magnitude: the standard deviation of normal noise; the greatest absolute value of uniform
            noise, which lies between -magnitude and magnitude.
        mode: additive, golden value + noise; or multiplicative, golden value * (1 + noise).
        distribution: normal or uniform, both with the mean 0.
    """

    name: ClassVar[str] = "noise"

    magnitude: float
    mode: Literal["additive", "multiplicative"] = "additive"
    distribution: Literal["normal", "uniform"] = "normal"

    def check(self) -> None:
        """Check the values."""
        magnitude = checked_number(self.name, "magnitude", self.magnitude, low=0)
        object.__setattr__(self, "magnitude", magnitude)
        checked_choice(self.name, "mode", self.mode, ("additive", "multiplicative"))
        checked_choice(self.name, "distribution", self.distribution, ("normal", "uniform"))

    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Draw the noise, and give the golden values with it."""
        if self.distribution == "normal":
            drawn = rng.standard_normal(sites.size)
        else:
            drawn = rng.uniform(-1.0, 1.0, sites.size)
        values = to_float64(values_at(golden, sites))
        with np.errstate(over="ignore", invalid="ignore"):
            noise = np.clip(float(self.magnitude) * drawn, -_LARGEST, _LARGEST)
            noisy = values + noise if self.mode == "additive" else values * (1.0 + noise)
        return Corruption(sites, round_to(noisy, golden.dtype))
