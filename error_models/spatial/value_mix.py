"""ValueMix: the value classes of the values of one corruption."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from onnxfi.error_models.spatial.choices import Percentages, draw_mask, draw_share
from onnxfi.error_models.values.value_class import ValueClass


@dataclass(frozen=True, slots=True)
class ValueMix:
    """The value classes of a corruption, and the number of values of each.

    There are three forms: one class for all values; two classes, the first with a percentage of
    the values and the second with the others; any number of classes with shares, drawn for each
    value independently.

    Attributes:
        classes: the value classes, all different.
        percentages: with two classes, the lower and upper percentage of values of the first class;
            ``draw_share`` draws the number.
        shares: in the third form, the share of each class; they add up to 1. Otherwise None.
    """

    classes: tuple[ValueClass, ...]
    percentages: Percentages = (100.0, 100.0)
    shares: tuple[float, ...] | None = None

    def draw(self, count: int, *, rng: np.random.Generator) -> list[tuple[ValueClass, np.ndarray]]:
        """Draw the value class of each of ``count`` values.

        Returns:
            Each drawn class, with a bool array of shape ``(count,)`` that is True for its values.
            Every value has one class.
        """
        places, counts = self.draw_places(count, rng=rng)
        return [
            (value_class, places == place)
            for place, value_class in enumerate(self.classes)
            if counts[place]
        ]

    def draw_places(self, count: int, *, rng: np.random.Generator) -> tuple[np.ndarray, list[int]]:
        """Draw the value class of each of ``count`` values, as an index into ``classes``.

        Returns:
            The indices, int8, shape ``(count,)``, and the number of values of each class.
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
    """Return the cumulative share of each class except the last."""
    ends: np.ndarray = np.cumsum(shares)[:-1]
    return ends
