"""Derives a spatial model from observed corruptions."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from onnxfi.error_models.spatial.choices import Percentages, Weighted
from onnxfi.error_models.spatial.distribution import (
    ParameterCandidates,
    PatternDistribution,
    SpatialDistribution,
)
from onnxfi.error_models.spatial.fitting.observing import Observation
from onnxfi.error_models.spatial.patterns import Parameters
from onnxfi.error_models.spatial.value_mix import ValueMix
from onnxfi.error_models.values.value_class import ValueClass
from onnxfi.errors import ErrorModelError

_VALUE_STEP: Final = 12.5
_PARAMETER_STEP: Final = 10.0
_RARE: Final = 0.01

T = TypeVar("T")


def derive(observations: Sequence[Observation]) -> SpatialDistribution:
    """Derive a spatial model from observed corruptions.

    Percentages of parameters become bands of 10, percentages of two value classes bands of 12.5.
    Corruptions of a pattern that agree in the other parameters and in the bands share an entry,
    with the lowest ``min_x`` and the highest ``max_x``. Entries below 1 % of all observations are
    pooled: the values of each parameter become its candidates. Corruptions with three value classes
    or more, and mixes below 1 % of the pattern's, are pooled in one mix with the shares of the
    classes among their values.

    Args:
        observations: the observed corruptions, at least one.

    Raises:
        ErrorModelError: there are no observations.
    """
    if not observations:
        raise ErrorModelError(
            "a model is derived from corrupted tensors, got none: give a faulty tensor that differs"
        )
    by_pattern: dict[str, list[Observation]] = {}
    for each in observations:
        by_pattern.setdefault(each.pattern, []).append(each)
    names = sorted(by_pattern, key=lambda name: -len(by_pattern[name]))
    least = _RARE * len(observations)
    return Weighted(
        tuple(
            PatternDistribution(
                name,
                _value_mixes([each.values for each in by_pattern[name]]),
                _parameters([each.parameters for each in by_pattern[name]], least),
            )
            for name in names
        ),
        tuple(len(by_pattern[name]) / len(observations) for name in names),
    )


def _value_mixes(values: Sequence[Mapping[ValueClass, int]]) -> Weighted[ValueMix]:
    mixes = Counter(map(_mix, values))
    pooled = {None, *(mix for mix, count in mixes.items() if count < _RARE * len(values))}
    entries = [(mix, count) for mix, count in mixes.most_common() if mix and mix not in pooled]
    pool = Counter[ValueClass]()
    number = 0
    for each in values:
        if _mix(each) in pooled:
            pool.update(each)
            number += 1
    if number:
        shares = tuple(count / pool.total() for count in pool.values())
        entries.append((ValueMix(tuple(pool), shares=shares), number))
    return _weighted(entries)


def _mix(values: Mapping[ValueClass, int]) -> ValueMix | None:
    """Return the mix of one corruption; None for three classes or more."""
    classes = sorted(values, key=lambda each: (-values[each], each))
    if len(classes) == 1:
        return ValueMix((classes[0],))
    if len(classes) > 2:
        return None
    share = 100 * values[classes[0]] / sum(values.values())
    return ValueMix((classes[0], classes[1]), _band(share, _VALUE_STEP))


def _parameters(found: Sequence[Parameters], least: float) -> Weighted[ParameterCandidates]:
    clusters: dict[object, list[Parameters]] = {}
    for each in found:
        clusters.setdefault(_key(each), []).append(each)
    ordered = sorted(clusters.values(), key=len, reverse=True)
    frequent = [cluster for cluster in ordered if len(cluster) >= least]
    rare = [cluster for cluster in ordered if len(cluster) < least]
    entries = [(_candidates([cluster]), len(cluster)) for cluster in frequent]
    if rare:
        entries.append((_candidates(rare), sum(map(len, rare))))
    return _weighted(entries)


def _key(parameters: Parameters) -> tuple[object, ...]:
    exact = [
        item for item in parameters.numbers.items() if not item[0].startswith(("min_", "max_"))
    ]
    bands = [
        (name, _band(share, _PARAMETER_STEP)) for name, (share, _) in parameters.percentages.items()
    ]
    return (*exact, *bands)


def _candidates(clusters: Sequence[Sequence[Parameters]]) -> ParameterCandidates:
    """Return the distinct values of each parameter in some clusters."""
    return ParameterCandidates(
        {
            name: _once(
                (min if name.startswith("min_") else max)(each.numbers[name] for each in cluster)
                for cluster in clusters
            )
            for name in clusters[0][0].numbers
        },
        {
            name: _once(
                _band(cluster[0].percentages[name][0], _PARAMETER_STEP) for cluster in clusters
            )
            for name in clusters[0][0].percentages
        },
    )


def _once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))


def _band(share: float, step: float) -> Percentages:
    """Return the band of a percentage; an edge belongs to the band above it."""
    low = min(math.floor(share / step + 1e-9) * step, 100 - step)
    return low, low + step


def _weighted(entries: Sequence[tuple[T, float]]) -> Weighted[T]:
    return Weighted(tuple(item for item, _ in entries), tuple(count for _, count in entries))
