"""RandomValue: replaces values by random ones."""

import math
import os
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, Self

import numpy as np

from onnxfi.error_models.checks import checked_choice, checked_number, checked_range
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.error_model import TargetInfo
from onnxfi.error_models.sitewise import SitewiseErrorModel
from onnxfi.error_models.values.bit_layout import bit_layout
from onnxfi.error_models.values.profile import Profile, read_profile, tensor_unknown
from onnxfi.error_models.values.rounding import integer_limits, largest_float, round_to
from onnxfi.error_models.values.value_range import mean_and_deviation, value_range
from onnxfi.errors import ErrorModelError


@dataclass(frozen=True, slots=True)
class RandomValue(SitewiseErrorModel):
    """Writes a random value at each injection site, uniformly or normally distributed.

    A value is independent of the golden value. Uniform floats are drawn from ``[low, high]`` and
    rounded to the target's dtype, uniform integers from the integers of ``[low, high]``, both ends
    included. Normal values are rounded in the same way, and clipped to the finite range of the
    dtype. A bool is a fair coin, whatever the configuration.

    By default the range, or the mean and standard deviation, are computed from the golden tensor's
    finite values: ``sample`` then reads the whole golden tensor, unless ``prepare`` already has.
    With ``profile`` they are those of the target over a data set.

    Attributes:
        low: the lowest uniform value; given together with ``high``, or not at all.
        high: the highest uniform value.
        distribution: uniform or normal.
        mean: the mean of normal values; given together with ``deviation``, or not at all.
        deviation: the standard deviation of normal values.
        profile: path of a profile written by `onnxfi profile`, instead of the numbers.
    """

    name: ClassVar[str] = "random"
    paths: ClassVar[tuple[str, ...]] = ("region.sites", "profile")

    low: float | None = None
    high: float | None = None
    distribution: Literal["uniform", "normal"] = "uniform"
    mean: float | None = None
    deviation: float | None = None
    profile: str | os.PathLike[str] | None = None
    _profile: Profile | None = field(init=False, repr=False, compare=False)

    def check(self) -> None:
        """Check and convert the values."""
        checked_choice(self.name, "distribution", self.distribution, ("uniform", "normal"))
        foreign = ("mean", "deviation") if self.distribution == "uniform" else ("low", "high")
        for key in foreign:
            if getattr(self, key) is not None:
                raise ErrorModelError(
                    f"random: low and high are for uniform values, mean and deviation for normal "
                    f"ones, got {key}={getattr(self, key)} with distribution={self.distribution}: "
                    "leave it out, or choose the other distribution"
                )
        low, high = checked_range(self.name, self.low, self.high)
        convert_fields(self, low=low, high=high)
        if (self.mean is None) != (self.deviation is None):
            raise ErrorModelError(
                "random: mean and deviation must be given together or not at all, "
                f"got mean={self.mean}, deviation={self.deviation}: give both, "
                "or neither for those of the golden tensor"
            )
        if self.mean is not None:
            mean = checked_number(self.name, "mean", self.mean)
            deviation = checked_number(self.name, "deviation", self.deviation, low=0)
            convert_fields(self, mean=mean, deviation=deviation)
        given = self.low is not None or self.mean is not None
        profile = read_profile(self.name, self.profile, given=given)
        convert_fields(self, _profile=profile)
        if self.profile is not None:
            convert_fields(self, profile=os.fspath(self.profile))

    def prepare(self, target: TargetInfo, golden: np.ndarray | None) -> Self:
        """Return the error model with its range, or mean and deviation, filled in.

        They come from the profile, if there is one, and otherwise from the golden tensor.

        Raises:
            ErrorModelError: the profile lacks the target, or the golden tensor's dtype has no
                values to draw.
        """
        if golden is not None:
            bit_layout(golden.dtype)  # raises for a dtype that has no values to draw
        if self._profile is not None:
            found = self._profile.of(target.tensor)
            if self.distribution == "uniform":
                return replace(self, profile=None, low=found.min, high=found.max)
            return replace(self, profile=None, mean=found.mean, deviation=found.deviation)
        if golden is None:
            return self
        if self.distribution == "uniform" and self.low is None:
            golden_range = value_range(golden)
            if golden_range is not None:
                return replace(self, low=golden_range[0], high=golden_range[1])
        if self.distribution == "normal" and self.mean is None:
            moments = mean_and_deviation(golden)
            if moments is not None:
                return replace(self, mean=moments[0], deviation=moments[1])
        return self

    def corrupt(
        self, golden: np.ndarray, sites: np.ndarray, *, rng: np.random.Generator
    ) -> Corruption:
        """Draw a value for each site."""
        if self._profile is not None:
            raise tensor_unknown(self.name)
        if bit_layout(golden.dtype).kind == "bool":
            values = rng.integers(2, size=sites.size, dtype=np.uint8).astype(golden.dtype)
        elif self.distribution == "normal":
            values = self._normal(golden, sites.size, rng=rng)
        else:
            values = self._uniform(golden, sites.size, rng=rng)
        return Corruption(sites, values)

    def _normal(self, golden: np.ndarray, count: int, *, rng: np.random.Generator) -> np.ndarray:
        if self.mean is None or self.deviation is None:
            if not count:
                return np.empty(0, golden.dtype)
            moments = mean_and_deviation(golden)
            if moments is None:
                raise _no_finite_value("mean and deviation")
            mean, deviation = moments
        else:
            mean, deviation = float(self.mean), float(self.deviation)
        with np.errstate(over="ignore"):
            drawn = mean + deviation * rng.standard_normal(count)
        if bit_layout(golden.dtype).kind == "float":
            largest = largest_float(golden.dtype)
            drawn = np.clip(drawn, -largest, largest)
        return round_to(drawn, golden.dtype)

    def _uniform(self, golden: np.ndarray, count: int, *, rng: np.random.Generator) -> np.ndarray:
        if not count and self.low is None:
            return np.empty(0, golden.dtype)
        if bit_layout(golden.dtype).kind == "float":
            low, high = self._float_range(golden)
            share = rng.random(count)
            # Unlike low + share * (high - low), this does not overflow.
            drawn = np.clip(low * (1.0 - share) + high * share, low, high)
        else:
            least, greatest = self._integer_range(golden)
            # The generator supports only numpy's own integers; the others are narrower than a byte.
            native = np.int8 if golden.dtype.kind == "V" else golden.dtype.newbyteorder("=")
            drawn = rng.integers(least, greatest, size=count, dtype=native, endpoint=True)
        values: np.ndarray = drawn.astype(golden.dtype, copy=False)
        return values

    def _float_range(self, golden: np.ndarray) -> tuple[float, float]:
        """Return the range for a float tensor."""
        if self.low is None or self.high is None:
            golden_range = value_range(golden)
            if golden_range is None:
                raise _no_finite_value("low and high")
            return golden_range
        with np.errstate(over="ignore"):
            ends = np.array([self.low, self.high], dtype=np.float64).astype(golden.dtype)
        if not np.isfinite(ends.astype(np.float64)).all():
            raise self._does_not_fit(golden.dtype)
        return float(self.low), float(self.high)

    def _integer_range(self, golden: np.ndarray) -> tuple[int, int]:
        """Return the range for an integer tensor."""
        if self.low is None or self.high is None:
            return int(golden.min()), int(golden.max())
        low, high = math.ceil(self.low), math.floor(self.high)
        least, greatest = integer_limits(golden.dtype)
        if not least <= low <= high <= greatest:
            raise self._does_not_fit(golden.dtype)
        return low, high

    def _does_not_fit(self, dtype: np.dtype) -> ErrorModelError:
        """Make the error for a range without values of a dtype."""
        return ErrorModelError(
            f"random: a {dtype} target must be able to hold low, high and a value "
            f"between them, got low={self.low}, high={self.high}: choose another range"
        )


def _no_finite_value(keys: str) -> ErrorModelError:
    return ErrorModelError(
        "random: the golden tensor must have finite values to take the range from, "
        f"got a tensor without any: give {keys}"
    )
