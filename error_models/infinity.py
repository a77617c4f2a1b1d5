"""Infinity: replaces values by infinity."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np

from onnxfi.error_models.checks import checked_choice
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sitewise import SitewiseErrorModel
from onnxfi.error_models.values.bit_layout import bit_layout
from onnxfi.error_models.values.rounding import integer_limits, largest_float

_SIGNS = ("positive", "negative", "any")


@dataclass(frozen=True, slots=True)
class Infinity(SitewiseErrorModel):
    """Writes an infinity at each injection site.

    A dtype without infinities saturates: some float8 take their highest or lowest finite value,
    integers and bool their highest or lowest value.

    Attributes:
        sign: positive, negative, or any: drawn independently for each site, both equally likely.
    """

    name: ClassVar[str] = "inf"

    sign: Literal["positive", "negative", "any"] = "positive"

    def check(self) -> None:
        """Check the sign."""
        checked_choice(self.name, "sign", self.sign, _SIGNS)

    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Draw the signs, unless they are given, and return the infinities."""
        if self.sign == "any":
            negative = rng.integers(2, size=sites.size)
        else:
            negative = np.full(sites.size, _SIGNS.index(self.sign))
        return Corruption(sites, _infinities(golden.dtype)[negative])


@cache
def _infinities(dtype: np.dtype) -> np.ndarray:
    """Return the values that represent the positive and the negative infinity in a dtype."""
    if bit_layout(dtype).kind != "float":
        least, greatest = integer_limits(dtype)
        return np.array([greatest, least], dtype=dtype)
    infinities = np.array([np.inf, -np.inf]).astype(dtype)
    if np.isinf(infinities).all():
        return infinities
    largest = largest_float(dtype)
    return np.array([largest, -largest]).astype(dtype)
