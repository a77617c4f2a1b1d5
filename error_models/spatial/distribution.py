"""What is known of the corruptions of an operator: how often each pattern, parameter and value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np

from onnxfi.error_models.spatial.choices import Percentages, Weighted
from onnxfi.error_models.spatial.patterns import Parameters
from onnxfi.error_models.spatial.value_mix import ValueMix

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ParameterCandidates:
    """The values that the parameters of a pattern may have.

    Attributes:
        numbers: by name, the candidates of each number, equally likely.
        percentages: by name, the candidates of each pair of percentages, equally likely.
    """

    numbers: Mapping[str, tuple[int, ...]]
    percentages: Mapping[str, tuple[Percentages, ...]]
    _certain: Parameters | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the parameters where each has one candidate only, as most in files have."""
        certain = None
        if all(len(each) == 1 for each in (*self.numbers.values(), *self.percentages.values())):
            numbers = {name: each[0] for name, each in self.numbers.items()}
            for name in numbers:
                if name.startswith("max_"):
                    least = numbers.get("min_" + name.removeprefix("max_"), numbers[name])
                    numbers[name] = max(numbers[name], least)
            percentages = {name: each[0] for name, each in self.percentages.items()}
            certain = Parameters(numbers, percentages)
        object.__setattr__(self, "_certain", certain)

    def draw(self, *, rng: np.random.Generator) -> Parameters:
        """Draw a candidate of each parameter independently.

        ``max_x`` is drawn among those candidates that are not below ``min_x``; where there is
        none it is ``min_x``.
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
"""The parameters of a pattern that has none."""


@dataclass(frozen=True, slots=True)
class PatternDistribution:
    """What is known of the corruptions with one spatial pattern.

    Attributes:
        pattern: name of the spatial pattern.
        value_mixes: which value classes the values have.
        parameters: the parameters of the pattern.
    """

    pattern: str
    value_mixes: Weighted[ValueMix]
    parameters: Weighted[ParameterCandidates]


SpatialDistribution = Weighted[PatternDistribution]
"""The corruptions of an operator, with the frequency of each spatial pattern."""


def _pick(candidates: Sequence[T], *, rng: np.random.Generator) -> T:
    return candidates[int(rng.random() * len(candidates))] if len(candidates) > 1 else candidates[0]
