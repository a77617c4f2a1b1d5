"""Answers the first questions about a campaign: how often, which bits, which targets, what next."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from onnxfi.report.counts.collection import Collection, Counted
from onnxfi.statistics import EstimatedRate, Rate, WeightedRate, weighted_rate

#: Half the width of the interval that `Answer.more_injections` aims at: one percentage point.
MARGIN = 0.01

# Share of the SDCs that the named bits must explain.
_MOST = 0.9
# Fewer faults that cause SDC say too little about bits.
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class Protected:
    """The effect of protecting a target, and all that rank before it.

    Attributes:
        target: the target that is protected last.
        layer: its layer; None if the model has no layer map.
        share: its share of all SDC, weighted with the bits of the targets.
        together: the share of all SDC of the protected targets.
        remaining: the SDC rate of the network that is left, if the protection is perfect.
    """

    target: str
    layer: str | None
    share: float
    together: float
    remaining: WeightedRate


@dataclass(frozen=True, slots=True)
class TellingBits:
    """The few bits that most SDCs come from.

    Attributes:
        bits: the bits, ascending.
        dtype: the dtype of the targets.
        share: the share of these bits in the SDCs of single flips.
        count: number of recorded SDCs that flipped one of them.
        total: number of recorded SDCs that flipped one bit.
    """

    bits: Sequence[int]
    dtype: str
    share: float
    count: int
    total: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a campaign says about one error model.

    Attributes:
        error_model: the error model.
        injections: number of injections.
        sdc_count: number of injections that ended in SDC.
        sdc: the SDC rate of the network: the mean of the targets' rates, weighted with their bits.
        targets: the targets, the highest SDC rate first.
        bits: the bits that most SDCs come from; None if few SDCs, or many bits, are involved.
        only_single_bits: whether every injection flips exactly one bit.
        protection: the targets by their share of all SDC, the largest first; empty without SDC.
        more_injections: number of further injections, spread over the targets as before, for an
            interval of the network's rate of one percentage point on either side.
    """

    error_model: str
    injections: int
    sdc_count: int
    sdc: WeightedRate
    targets: Sequence[Counted]
    bits: TellingBits | None
    only_single_bits: bool
    protection: Sequence[Protected]
    more_injections: int


def answers(counts: Collection) -> list[Answer]:
    """Return the answers for each error model, in the order of their first injections."""
    return [_answer(counts, model) for model in counts.error_models]


def _answer(counts: Collection, error_model: str) -> Answer:
    targets = [x for x in counts.targets if x.error_model == error_model]
    bits = [x for x in counts.bits if x.error_model == error_model]
    injections = sum(x.injections for x in targets)
    sdc = _network_rate(counts, targets)
    return Answer(
        error_model=error_model,
        injections=injections,
        sdc_count=sum(x.sdc.count for x in targets),
        sdc=sdc,
        targets=sorted(targets, key=lambda x: -x.sdc.share),
        bits=_telling_bits(bits),
        only_single_bits=sum(x.injections for x in bits) == injections,
        protection=_protection(targets),
        more_injections=more_injections(injections, sdc),
    )


def _network_rate(counts: Collection, targets: Sequence[Counted]) -> WeightedRate:
    for x in counts.models:
        # Strata of scored faults count targets by their bits already.
        if x.error_model == targets[0].error_model and isinstance(x.sdc, EstimatedRate):
            return WeightedRate(x.sdc.share, x.sdc.low, x.sdc.high)
    return weighted_rate([x.sdc for x in targets], [x.key["target_bits"] for x in targets])


def more_injections(injections: int, rate: Rate | WeightedRate) -> int:
    """Return how many more injections narrow an interval to one percentage point on either side.

    The width of an interval falls with the root of the number of injections.
    """
    half = (rate.high - rate.low) / 2
    return max(0, math.ceil(injections * ((half / MARGIN) ** 2 - 1)))


def _telling_bits(bits: Sequence[Counted]) -> TellingBits | None:
    """Return the fewest bits that nearly all SDCs come from, if they are a small part."""
    total = math.fsum(x.sdc_share for x in bits)
    dtypes = {str(x.key["dtype"]) for x in bits}
    if sum(x.sdc_faults for x in bits) < _FEWEST or len(dtypes) != 1:
        return None
    chosen: list[Counted] = []
    for x in sorted(bits, key=lambda x: (-x.sdc_share, -x.key["bit"])):
        if math.fsum(y.sdc_share for y in chosen) >= _MOST * total:
            break
        chosen.append(x)
    if 2 * len(chosen) > len(bits):
        return None
    return TellingBits(
        sorted(int(x.key["bit"]) for x in chosen),
        dtypes.pop(),
        math.fsum(x.sdc_share for x in chosen) / total,
        sum(x.sdc.count for x in chosen),
        sum(x.sdc.count for x in bits),
    )


def _protection(targets: Sequence[Counted]) -> list[Protected]:
    bits = [int(x.key["target_bits"]) for x in targets]
    weights = bits if any(bits) else [1] * len(bits)
    parts = [weight * x.sdc.share for weight, x in zip(weights, targets, strict=True)]
    total = math.fsum(parts)
    if not total:
        return []
    rates: list[Rate | WeightedRate] = [x.sdc for x in targets]
    found, together = [], 0.0
    for place in sorted(range(len(targets)), key=lambda k: -parts[k]):
        # A protected target's rate is zero for certain.
        rates[place] = WeightedRate(0.0, 0.0, 0.0)
        together += parts[place] / total
        key = targets[place].key
        remaining = weighted_rate(rates, weights)
        found.append(
            Protected(key["target"], key["layer"], parts[place] / total, together, remaining)
        )
    return found
