"""Determines the number of injection sites of a corruption."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from onnxfi.error_models.checks import checked_integer
from onnxfi.errors import ErrorModelError


@dataclass(frozen=True, slots=True)
class Extent:
    """The number of injection sites; exactly one attribute is not None.

    Attributes:
        count: the number of sites.
        fraction: share of the elements, above 0 and at most 1; rounded to the nearest number of
            sites, at least 1.
        rate: probability from 0 to 1 that an element is a site, independently for each.
    """

    count: int | None = None
    fraction: float | None = None
    rate: float | None = None

    @classmethod
    def of(cls, model: str, *, count: Any, fraction: Any, rate: Any) -> Self:
        """Make an extent from the configured values; by default one site.

        Args:
            model: name of the error model, for the message.
            count: the number of sites, at least 1, or None.
            fraction: share of the elements, or None.
            rate: probability of each element, or None.

        Raises:
            ErrorModelError: several are given, or one is of the wrong type or out of range.
        """
        configured = {"count": count, "fraction": fraction, "rate": rate}
        given = [f"{key}={value}" for key, value in configured.items() if value is not None]
        if len(given) > 1:
            raise ErrorModelError(
                f"{model}: the number of sites is given by count, by fraction or by rate, "
                f"got {' and '.join(given)}: leave one of them out"
            )
        if fraction is not None:
            if not _is_number(fraction) or not 0 < fraction <= 1:
                raise ErrorModelError(
                    f"{model}: fraction must be a number above 0 and at most 1, got {fraction!r}: "
                    "write for example fraction=0.01 for 1 % of the elements"
                )
            return cls(fraction=float(fraction))
        if rate is not None:
            if not _is_number(rate) or not 0 <= rate <= 1:
                raise ErrorModelError(
                    f"{model}: rate must be a number from 0 to 1, got {rate!r}: "
                    "write for example rate=1e-6 for one element in a million on average"
                )
            return cls(rate=float(rate))
        count = 1 if count is None else count
        return cls(checked_integer(model, "count", count, low=1, high=None))

    def draw(self, size: int, *, rng: np.random.Generator) -> int:
        """Return the number of sites among ``size`` elements; it is random if given by a rate."""
        if self.count is not None:
            return self.count
        if self.fraction is not None:
            return max(1, round(self.fraction * size))
        return int(rng.binomial(size, self.rate or 0.0))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
