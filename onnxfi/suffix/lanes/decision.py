"""What was decided on lanes, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

#: The most lanes of a batch, where it is not said how many.
MOST_LANES = 64
#: Bytes that all inputs of a batch may take.
LARGEST_BATCH = 16 << 20


@dataclass(frozen=True, slots=True)
class LaneDecision:
    """How many lanes share a batch.

    Attributes:
        lanes: the most of them.
        reason: why there is only one; None where there are more.
    """

    lanes: int
    reason: str | None = None


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


def shapes_of(golden: Mapping[str, np.ndarray], names: Iterable[str]) -> tuple[object, ...]:
    """Return the shapes of some values: golden runs that agree in them can share a batch.

    What is no tensor is shared by nothing but the same golden run.
    """
    return tuple(getattr(golden[name], "shape", id(golden)) for name in names)


def too_large() -> LaneDecision:
    """Return the decision where two lanes take more than a batch may."""
    return LaneDecision(1, f"Two lanes take more than {LARGEST_BATCH >> 20} MiB.")


def other_bits(lanes: int, output: str) -> LaneDecision:
    """Return the decision where a lane does not come out as it does alone."""
    return LaneDecision(1, f"Of {lanes} lanes, one has other bits in {output!r} than it has alone.")


def slower(lanes: int, batch: float, alone: float) -> LaneDecision:
    """Return the decision where a batch takes longer than its lanes one by one; in seconds."""
    return LaneDecision(
        1, f"A batch of {lanes} took {1e3 * batch:.3g} ms, one by one {1e3 * alone:.3g} ms."
    )
