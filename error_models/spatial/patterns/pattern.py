"""Defines the protocol of a spatial pattern, which places the values of a corruption."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.choices import Percentages

Numbers = range | tuple[int, ...]
"""The allowed integers of a parameter."""

AT_LEAST_1 = range(1, 2**31)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one corruption, drawn before its sites.

    Attributes:
        numbers: sizes, skips and limits, by name.
        percentages: the lower and upper percentage, by name.
    """

    numbers: Mapping[str, int]
    percentages: Mapping[str, Percentages]

    def __or__(self, other: "Parameters") -> "Parameters":
        """Return these parameters together with others."""
        return Parameters(
            {**self.numbers, **other.numbers}, {**self.percentages, **other.percentages}
        )


def percentage(part: int, whole: int) -> Percentages:
    """Return the percentage of a part, as equal lower and upper percentages."""
    exact = 100 * part / whole
    return exact, exact


class Pattern(Protocol):
    """Draws canonical sites with a pattern, and recognises sites that have it.

    A canonical site is ``(c * H + h) * W + w``. Its position in the channel is ``h * W + w``.

    Parameters that do not fit a shape are clamped. The shape takes precedence, then the rule that
    ``belongs`` tests, then the numbers (sizes, skips, limits), then the percentages.
    """

    @property
    def numbers(self) -> Mapping[str, Numbers]:
        """The integer parameters, with the allowed values of each."""
        ...

    @property
    def percentages(self) -> tuple[str, ...]:
        """The parameters that are pairs of percentages."""
        ...

    @property
    def needs_channels(self) -> bool:
        """Whether the pattern is defined only if the channels are known."""
        ...

    def fits(self, shape: Shape) -> bool:
        """Return whether a shape, without axes of size 0, has room for the pattern."""
        ...

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw canonical sites with the pattern.

        Args:
            shape: a shape that fits.
            parameters: all parameters of the pattern, and no others.
            rng: the source of randomness.

        Returns:
            int64, shape ``(K,)``; unique, ascending.
        """
        ...

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether canonical sites have the pattern.

        Args:
            sites: int64, shape ``(K,)``; at least one, unique, ascending.
            shape: the shape that contains them.
        """
        ...

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of canonical sites with the pattern.

        ``min_x`` and ``max_x`` are the lowest and the highest value within the corruption. The
        lower and the upper percentage are equal.

        Args:
            sites: int64, shape ``(K,)``; unique, ascending, with the pattern.
            shape: the shape that contains them.
        """
        ...
