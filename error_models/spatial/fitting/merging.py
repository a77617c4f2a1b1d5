"""Merges spatial models."""

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

from onnxfi.error_models.spatial.choices import Weighted
from onnxfi.error_models.spatial.distribution import PatternDistribution, SpatialDistribution
from onnxfi.errors import ErrorModelError

T = TypeVar("T")


def merge(models: Sequence[tuple[SpatialDistribution, float]]) -> SpatialDistribution:
    """Merge spatial models into one that draws from each in proportion to its weight.

    The frequencies of equal patterns, value mixes and parameters are added up. Within a pattern,
    values and parameters remain independent of each other.

    Args:
        models: the models, each with a finite, non-negative weight. Only the ratios of the weights
            matter.

    Raises:
        ErrorModelError: a weight is wrong, or no weight is above 0.
    """
    for _, weight in models:
        if not 0 <= weight < math.inf:
            raise ErrorModelError(f"a weight must be a number of at least 0, got {weight}")
    if not any(weight for _, weight in models):
        raise ErrorModelError("a model must have a weight above 0, and none has: raise one")
    whole = math.fsum(weight for _, weight in models)
    entries = [
        (pattern, share * (weight / whole))
        for model, weight in models
        for pattern, share in model.shares()
        if share * weight
    ]
    names = dict.fromkeys(pattern.pattern for pattern, _ in entries)
    by_name = {name: [each for each in entries if each[0].pattern == name] for name in names}
    return Weighted(
        tuple(
            PatternDistribution(
                name,
                _add_up((x.value_mixes, share) for x, share in same),
                _add_up((x.parameters, share) for x, share in same),
            )
            for name, same in by_name.items()
        ),
        tuple(math.fsum(share for _, share in same) for same in by_name.values()),
    )


def _add_up(parts: Iterable[tuple[Weighted[T], float]]) -> Weighted[T]:
    items: list[T] = []
    frequencies: list[float] = []
    for weighted, weight in parts:
        for item, share in weighted.shares():
            if item not in items:
                items.append(item)
                frequencies.append(0.0)
            frequencies[items.index(item)] += weight * share
    return Weighted(tuple(items), tuple(frequencies))
