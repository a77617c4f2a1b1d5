"""Maps values to places, with round tick marks."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale from zero.

    Attributes:
        end: the highest value.
        first: place of zero in pixels.
        last: place of the highest value in pixels; it may lie before the first.
        ticks: round values from zero to the end.
    """

    end: float
    first: float
    last: float
    ticks: tuple[float, ...]

    @classmethod
    def of(cls, highest: float, first: float, last: float, *, intervals: int = 4) -> "Scale":
        """Return a scale to the next tick above the highest value.

        Args:
            highest: the highest value; 0 is taken as 1.
            first: place of zero in pixels.
            last: place of the end in pixels.
            intervals: number of intervals between ticks, about.
        """
        rough = (highest or 1.0) / intervals
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(x * power for x in (1, 2, 2.5, 5, 10) if x * power >= rough * 0.999)
        count = math.ceil((highest or 1.0) / step - 1e-9)
        ticks = tuple(round(k * step, 12) for k in range(count + 1))
        return cls(ticks[-1], first, last, ticks)

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        return self.first + (self.last - self.first) * value / self.end


def tick_label(value: float) -> str:
    """Return a tick's value without superfluous zeros."""
    return f"{value:g}"
