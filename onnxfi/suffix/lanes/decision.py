"""Holds the number of lanes that share a batch, and why there is only one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class LaneDecision:
    """The number of lanes that share a batch.

    Attributes:
        lanes: the most of them.
        reason: why there is only one; None where there are more.
    """

    lanes: int
    reason: str | None = None

    @classmethod
    def too_large(cls, most_bytes: int) -> "LaneDecision":
        """Return the decision where two lanes take more bytes than a batch may."""
        return cls(1, f"Two lanes take more than {most_bytes >> 20} MiB.")

    @classmethod
    def other_bits(cls, lanes: int, output: str) -> "LaneDecision":
        """Return the decision where a lane has other bits in a batch than in a run of its own."""
        return cls(1, f"Of {lanes} lanes, one has other bits in {output!r} than it has alone.")

    @classmethod
    def slower(cls, lanes: int, batch: float, single: float) -> "LaneDecision":
        """Return the decision where a batch takes longer than single runs; both in seconds."""
        return cls(
            1, f"A batch of {lanes} took {1e3 * batch:.3g} ms, one by one {1e3 * single:.3g} ms."
        )


def no_batch(values: Mapping[str, np.ndarray]) -> str | None:
    """Return why values have no first axis of the same length, or None if they have."""
    lengths = {name: len(x) if getattr(x, "ndim", 0) else None for name, x in values.items()}
    for name, length in lengths.items():
        if length is None:
            return f"{name!r} is no array with a first axis."
    if not lengths:
        return "What runs takes no inputs."
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{length} in {name!r}" for name, length in lengths.items())
        return f"The first axes differ in length: {listed}."
    return None
