"""Times several functions in turn, so that a slow phase of the machine affects all."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

#: Does something a number of times.
Repeated = Callable[[int], object]

#: What `take_turns` can read the time from.
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


@dataclass(frozen=True, slots=True)
class Ratio:
    """How often one thing fits into another, in each of several rounds.

    Attributes:
        rounds: the ratio of each round.
    """

    rounds: Sequence[float]

    @property
    def median(self) -> float:
        """The median over the rounds."""
        return statistics.median(self.rounds)

    @property
    def low(self) -> float:
        """The lowest of the rounds."""
        return min(self.rounds)

    @property
    def high(self) -> float:
        """The highest of the rounds."""
        return max(self.rounds)

    @classmethod
    def mean(cls, ratios: Sequence[Self]) -> Self:
        """Return the geometric mean of ratios, round by round."""
        of_rounds = zip(*(x.rounds for x in ratios), strict=True)
        return cls([statistics.geometric_mean(x) for x in of_rounds])

    def of(self, share: float) -> Self:
        """Return the ratio of a share of the thing."""
        return type(self)([share * x for x in self.rounds])

    def __str__(self) -> str:
        """Write the median with the spread."""
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that each of several things takes once, in each of several rounds.

    Attributes:
        rounds: for each round, the seconds of each thing.
    """

    rounds: Sequence[Sequence[float]]

    def seconds(self, which: int) -> float:
        """Return the median of one thing."""
        return statistics.median(x[which] for x in self.rounds)

    def ratio(self, dividend: int, divisor: int) -> Ratio:
        """Return the time of one thing over that of another."""
        return Ratio([x[dividend] / x[divisor] for x in self.rounds])


def take_turns(
    things: Sequence[Repeated], *, seconds: float, rounds: int, clock: Callable[[], float]
) -> Times:
    """Time things in turn.

    Args:
        things: each does its work as often as it is told; it has been warmed up.
        seconds: how long it may take in all, roughly; each does its work at least once a round.
        rounds: number of rounds.
        clock: gives the time, as `time.perf_counter` or `time.process_time` do.
    """
    share = seconds / rounds / len(things)
    counts = []
    for thing in things:
        count, took = 1, _timed(thing, 1, time.perf_counter)
        while took < share / 4 and count < 1 << 20:
            count *= 4
            took = _timed(thing, count, time.perf_counter)
        counts.append(max(1, round(count * share / took)))
    return Times(
        [
            [
                _timed(thing, count, clock) / count
                for thing, count in zip(things, counts, strict=True)
            ]
            for _ in range(rounds)
        ]
    )


def _timed(thing: Repeated, count: int, clock: Callable[[], float]) -> float:
    start = clock()
    thing(count)
    return clock() - start
