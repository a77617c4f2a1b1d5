"""RandomValue: values replaced by random ones."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import ml_dtypes
import numpy as np

from onnxfi.error_models.bit_layout import bit_layout
from onnxfi.error_models.configuration import checked_extent, checked_range, to_dict
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites import draw_sites, number_of_sites
from onnxfi.error_models.value_range import value_range
from onnxfi.errors import ErrorModelError


@dataclass(frozen=True, slots=True)
class RandomValue:
    """Writes uniformly drawn values at each injection site.

    Floats are drawn from ``[low, high]`` and rounded to the target's dtype, integers from the
    whole numbers of ``[low, high]``, both ends included. A bool is a fair coin whatever the range.

    Attributes:
        low: the least value; None, together with ``high``, for the range of the golden tensor's
            finite values.
        high: the greatest value.
        count: number of sites, all different; 1 where neither this nor ``fraction`` is given.
        fraction: share of the target's elements, above 0 and at most 1, in place of ``count``;
            rounded to the nearest number of sites, at least 1.

    Raises:
        ErrorModelError: only one end is given, an end is not finite, ``low`` is above ``high``, or
            the number of sites is wrong.
    """

    name: ClassVar[str] = "random"

    low: float | None = None
    high: float | None = None
    count: int | None = None
    fraction: float | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        count, fraction = checked_extent(self.name, self.count, self.fraction)
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "fraction", fraction)
        low, high = checked_range(self.name, self.low, self.high)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw sites, and a value for each.

        Without ``low`` and ``high`` the golden tensor is read once for its range.

        Args:
            golden: the golden tensor, of any shape, with enough elements.
            channel_axis: not used.
            rng: the source of randomness.

        Returns:
            A corruption of as many sites as configured.

        Raises:
            ErrorModelError: the tensor has too few elements, is of no numeric dtype, has no
                finite value to take a range from, or its dtype cannot hold ``low`` or ``high``.
        """
        kind = bit_layout(golden.dtype).kind
        count = number_of_sites(golden, self.count, self.fraction)
        sites = draw_sites(golden, count, rng=rng)
        if kind == "bool":
            values = rng.integers(2, size=count, dtype=np.uint8).astype(golden.dtype)
            return Corruption(sites, values)
        if kind == "float":
            low, high = self._float_range(golden)
            share = rng.random(count)
            # This form does not overflow where high - low would.
            drawn = np.clip(low * (1.0 - share) + high * share, low, high)
        else:
            least, greatest = self._integer_range(golden)
            # The generator knows numpy's own integers only; the others are narrower than a byte.
            native = np.int8 if golden.dtype.kind == "V" else golden.dtype.newbyteorder("=")
            drawn = rng.integers(least, greatest, size=count, dtype=native, endpoint=True)
        return Corruption(sites, drawn.astype(golden.dtype, copy=False))

    def to_dict(self) -> dict[str, Any]:
        """Give ``{"name": "random", "configuration": {"low": ..., "high": ..., ...}}``."""
        return to_dict(self)

    def _float_range(self, golden: np.ndarray) -> tuple[float, float]:
        """Give the ends of the range for a float tensor."""
        if self.low is None or self.high is None:
            golden_range = value_range(golden)
            if golden_range is None:
                raise ErrorModelError(
                    "random: the range is taken from the golden tensor's finite values, "
                    "got a tensor without any: give low and high"
                )
            return golden_range
        with np.errstate(over="ignore"):
            ends = np.array([self.low, self.high], dtype=np.float64).astype(golden.dtype)
        if not np.isfinite(ends.astype(np.float64)).all():
            raise self._does_not_fit(golden.dtype)
        return float(self.low), float(self.high)

    def _integer_range(self, golden: np.ndarray) -> tuple[int, int]:
        """Give the ends of the range for an integer tensor."""
        if self.low is None or self.high is None:
            return int(golden.min()), int(golden.max())
        low, high = math.ceil(self.low), math.floor(self.high)
        limits = ml_dtypes.iinfo(golden.dtype)  # type: ignore[no-untyped-call]
        if not limits.min <= low <= high <= limits.max:
            raise self._does_not_fit(golden.dtype)
        return low, high

    def _does_not_fit(self, dtype: np.dtype) -> ErrorModelError:
        """Make the error for a range that a dtype has no values for."""
        return ErrorModelError(
            f"random: a {dtype} target must be able to hold low, high and a value "
            f"between them, got low={self.low}, high={self.high}: choose another range"
        )
