"""The protocol of a spatial pattern: where the corrupted values of one corruption lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.choices import Percentages

Numbers = range | tuple[int, ...]
"""The whole numbers that a parameter may have."""

AT_LEAST_1 = range(1, 2**31)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is drawn from an error model for one corruption, before the sites are.

    Attributes:
        numbers: sizes, skips and limits, by name.
        percentages: the lower and upper percentage, by name.
    """

    numbers: Mapping[str, int]
    percentages: Mapping[str, Percentages]

    def __or__(self, other: "Parameters") -> "Parameters":
        """Give these parameters and others."""
        return Parameters(
            {**self.numbers, **other.numbers}, {**self.percentages, **other.percentages}
        )


def percentage(part: int, whole: int) -> Percentages:
    """Give the percentage that a part is, as a lower and an upper one that are the same."""
    exact = 100 * part / whole
    return exact, exact


class Pattern(Protocol):
    """Draws canonical sites that have a pattern, and tells whether given ones have it.

    A canonical site is ``(c * H + h) * W + w``. Its position in the channel is ``h * W + w``.

    Parameters that do not suit a shape are clamped: first the shape is kept to, then the rule
    that ``belongs`` tests, then the numbers (sizes, skips, limits), then the percentages.
    """

    @property
    def numbers(self) -> Mapping[str, Numbers]:
        """The parameters that are whole numbers, and what each may be."""
        ...

    @property
    def percentages(self) -> tuple[str, ...]:
        """The parameters that are pairs of percentages."""
        ...

    @property
    def needs_channels(self) -> bool:
        """Whether the pattern means nothing without knowing the channels."""
        ...

    def fits(self, shape: Shape) -> bool:
        """Tell whether a shape, of no size 0, has room for the pattern."""
        ...

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw canonical sites with the pattern.

        Args:
            shape: a shape that fits.
            parameters: exactly those that the pattern has.
            rng: the source of randomness.

        Returns:
            int64, shape ``(K,)``; unique, ascending.
        """
        ...

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Tell whether canonical sites have the pattern.

        Args:
            sites: int64, shape ``(K,)``; at least one, unique, ascending.
            shape: the shape in which they lie.
        """
        ...

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Give the parameters that canonical sites with the pattern have.

        Of what differs within one corruption, ``min_x`` is the least and ``max_x`` the greatest.
        The lower percentage is the upper one too.

        Args:
            sites: int64, shape ``(K,)``; unique, ascending, with the pattern.
            shape: the shape in which they lie.
        """
        ...
