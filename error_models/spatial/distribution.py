"""Defines the frequencies of patterns, parameters and value classes of a spatial model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

import numpy as np

from onnxfi.error_models.spatial.choices import Percentages, Weighted
from onnxfi.error_models.spatial.patterns import Parameters
from onnxfi.error_models.spatial.value_mix import ValueMix

T = TypeVar("T")


@dataclass(frozen=True)
class ParameterCandidates:
    """The candidates for the parameters of a pattern.

    Attributes:
        numbers: the candidates for each number, by name; equally likely.
        percentages: the candidates for each pair of percentages, by name; equally likely.
    """

    numbers: Mapping[str, tuple[int, ...]]
    percentages: Mapping[str, tuple[Percentages, ...]]

    @cached_property
    def _certain(self) -> Parameters | None:
        """The parameters if each has a single candidate, as most in files have; otherwise None."""
        if any(len(each) > 1 for each in (*self.numbers.values(), *self.percentages.values())):
            return None
        numbers = {name: each[0] for name, each in self.numbers.items()}
        for name in numbers:
            if name.startswith("max_"):
                least = numbers.get("min_" + name.removeprefix("max_"), numbers[name])
                numbers[name] = max(numbers[name], least)
        percentages = {name: each[0] for name, each in self.percentages.items()}
        return Parameters(numbers, percentages)

    def draw(self, *, rng: np.random.Generator) -> Parameters:
        """Draw a candidate for each parameter independently.

        ``max_x`` is drawn among the candidates that are not below ``min_x``. If there are none, it
        is ``min_x``.
        """
        if self._certain is not None:
            return self._certain
        numbers = {name: _pick(each, rng=rng) for name, each in self.numbers.items()}
        for name, number in numbers.items():
            least = numbers.get("min_" + name.removeprefix("max_"), number)
            if name.startswith("max_") and number < least:
                allowed = [each for each in self.numbers[name] if each >= least]
                numbers[name] = _pick(allowed or [least], rng=rng)
        percentages = {name: _pick(each, rng=rng) for name, each in self.percentages.items()}
        return Parameters(numbers, percentages)


NO_PARAMETERS: Final = Weighted((ParameterCandidates({}, {}),), (1.0,))
"""The parameters of a pattern without parameters."""


@dataclass(frozen=True, slots=True)
class PatternDistribution:
    """The parameters and value classes of corruptions with one spatial pattern.

    Attributes:
        pattern: name of the spatial pattern.
        value_mixes: the value classes of the values.
        parameters: the parameters of the pattern.
    """

    pattern: str
    value_mixes: Weighted[ValueMix]
    parameters: Weighted[ParameterCandidates]


SpatialDistribution = Weighted[PatternDistribution]
"""The spatial patterns of an operator's corruptions, with their frequencies."""


def _pick(candidates: Sequence[T], *, rng: np.random.Generator) -> T:
    return candidates[int(rng.random() * len(candidates))] if len(candidates) > 1 else candidates[0]
