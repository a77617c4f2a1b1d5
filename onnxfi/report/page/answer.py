"""Finds the answer of a campaign: one sentence for each error model."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onnxfi.report.page.findings import Findings
from onnxfi.report.page.names import subject_of
from onnxfi.statistics import GroupStatistics, NetworkStatistics

# Bits are named if they hold this share of the SDC, and are at most half of the bits.
_MOST_SDC = 0.9
# A statement about the origin of SDC needs some.
_FEWEST_SDC = 10


@dataclass(frozen=True, slots=True)
class Origin:
    """The bits that most of the SDC comes from.

    Attributes:
        share: their share of the SDC, with targets weighted by their bits.
        bits: the bits in words, such as ``exponent bits 28-30``.
    """

    share: float
    bits: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sentence about an error model says.

    Attributes:
        error_model: the error model.
        subject: the error model in words.
        network: the rates of the whole network.
        injections: number of injections.
        origin: the bits that most of the SDC comes from, if they are few.
        worst: the target with the highest rate of SDC; None without SDC or with one target.
        pattern: the spatial pattern with the highest rate of SDC; None without patterns.
    """

    error_model: str
    subject: str
    network: NetworkStatistics
    injections: int
    origin: Origin | None
    worst: GroupStatistics | None
    pattern: GroupStatistics | None


def answers(findings: Findings) -> list[Answer]:
    """Return the answer for each error model."""
    return [_answer(findings, network) for network in findings.statistics.network]


def _answer(findings: Findings, network: NetworkStatistics) -> Answer:
    model = network.error_model
    targets = findings.of("target", model)
    return Answer(
        error_model=model,
        subject=subject_of(model),
        network=network,
        injections=sum(x.injections for x in targets),
        origin=_origin(targets, findings.of("bit of target", model)),
        worst=_highest(targets),
        pattern=_highest(findings.of("pattern", model)),
    )


def _highest(groups: Sequence[GroupStatistics]) -> GroupStatistics | None:
    """Return the group with the highest rate of SDC, if there are several and SDC at all."""
    found = max(groups, key=lambda x: x.per_inference["sdc"].share, default=None)
    if found is None or len(groups) < 2 or not found.per_inference["sdc"].count:
        return None
    return found


def _origin(targets: Sequence[GroupStatistics], bits: Sequence[GroupStatistics]) -> Origin | None:
    """Return the fewest bits that hold most of the SDC, with targets weighted by their bits."""
    if sum(x.per_inference["sdc"].count for x in targets) < _FEWEST_SDC:
        return None
    weighted = any(x.key["target_bits"] for x in targets)
    weights = {
        x.key["target"]: (x.key["target_bits"] if weighted else 1) / x.injections for x in targets
    }
    sdc: defaultdict[int, float] = defaultdict(float)
    fields: defaultdict[int, set[str | None]] = defaultdict(set)
    for x in bits:
        sdc[x.key["bit"]] += x.per_inference["sdc"].count * weights[x.key["target"]]
        fields[x.key["bit"]].add(x.key["bit_field"])
    total = sum(x.per_inference["sdc"].count * weights[x.key["target"]] for x in targets)
    chosen: list[int] = []
    held = 0.0
    for bit in sorted(sdc, key=lambda x: -sdc[x]):
        if held >= _MOST_SDC * total:
            break
        chosen.append(bit)
        held += sdc[bit]
    if held < _MOST_SDC * total or 2 * len(chosen) > len(sdc):
        return None
    of_chosen = set().union(*(fields[x] for x in chosen))
    field = of_chosen.pop() if len(of_chosen) == 1 else None
    noun = "bit" if len(chosen) == 1 else "bits"
    return Origin(held / total, f"{field + ' ' if field else ''}{noun} {ranges(chosen)}")


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers as ranges, such as ``23, 28-30``, with en dashes."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(
        str(run[0]) if len(run) == 1 else f"{run[0]}\N{EN DASH}{run[-1]}" for run in runs
    )
