"""Which value classes the values of one corruption have."""

from dataclasses import dataclass

import numpy as np

from onnxfi.error_models.drawing import Percentages, draw_mask, draw_share
from onnxfi.error_models.value_class import ValueClass


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
        if self.shares is not None:
            ends = np.cumsum(self.shares)
            drawn = np.searchsorted(ends[:-1], rng.random(count), side="right")
            masks = [drawn == at for at in range(len(self.classes))]
        elif len(self.classes) == 1:
            masks = [np.ones(count, dtype=bool)]
        else:
            share = draw_share(self.percentages, count, least=0, most=count, rng=rng)
            first = draw_mask(count, share, rng=rng)
            masks = [first, ~first]
        return [
            (value_class, mask)
            for value_class, mask in zip(self.classes, masks, strict=True)
            if mask.any()
        ]
