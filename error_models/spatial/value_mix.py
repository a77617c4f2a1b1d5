"""Which value classes the values of one corruption have."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from onnxfi.error_models.spatial.choices import Percentages, draw_mask, draw_share
from onnxfi.error_models.values.value_class import ValueClass


@dataclass(frozen=True, slots=True)
class ValueMix:
    """The value classes of a corruption, and how many values have each.

    There are three forms: one class for all values; two classes, the first with a percentage of
    the values and the second with the rest; any number of classes with shares, drawn for each
    value independently.

    Attributes:
        classes: the value classes, all different.
        percentages: the first class's lower and upper percentage of the values, with two classes;
            what is drawn for one corruption is as ``draw_share`` says.
        shares: the share of each class, in the third form; they add up to 1. Otherwise None.
    """

    classes: tuple[ValueClass, ...]
    percentages: Percentages = (100.0, 100.0)
    shares: tuple[float, ...] | None = None

    def draw(self, count: int, *, rng: np.random.Generator) -> list[tuple[ValueClass, np.ndarray]]:
        """Draw the value class of each of ``count`` values.

        Returns:
            Each class that was drawn, with a bool array of shape ``(count,)`` that tells which
            values have it. Every value has one class.
        """
        places, counts = self.draw_places(count, rng=rng)
        return [
            (value_class, places == place)
            for place, value_class in enumerate(self.classes)
            if counts[place]
        ]

    def draw_places(self, count: int, *, rng: np.random.Generator) -> tuple[np.ndarray, list[int]]:
        """Draw the value class of each of ``count`` values, by its place in ``classes``.

        Returns:
            The places, int8, shape ``(count,)``, and how many values have each class.
        """
        if self.shares is not None:
            drawn = np.searchsorted(_ends(self.shares), rng.random(count), side="right")
            counts: list[int] = np.bincount(drawn, minlength=len(self.classes)).tolist()
            return drawn.astype(np.int8), counts
        if len(self.classes) == 1:
            return np.zeros(count, np.int8), [count]
        first = draw_share(self.percentages, count, least=0, most=count, rng=rng)
        others = np.logical_not(draw_mask(count, first, rng=rng))
        return others.view(np.int8), [first, count - first]


@cache
def _ends(shares: tuple[float, ...]) -> np.ndarray:
    """Give where the share of each class but the last ends."""
    ends: np.ndarray = np.cumsum(shares)[:-1]
    return ends
