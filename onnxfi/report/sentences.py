"""Puts answers into words."""

import math
from collections.abc import Sequence

import numpy as np

from onnxfi.error_models import bit_layout
from onnxfi.report.counts import Answer, Counted, TellingBits
from onnxfi.report.figures.text import grouped, percent
from onnxfi.statistics import Rate, WeightedRate

_BLANK = "\N{NO-BREAK SPACE}"


def sentence(answer: Answer) -> str:
    """Return one sentence about an error model; it claims only what the intervals support."""
    subject = answer.error_model
    if answer.only_single_bits:
        subject = f"A single bit{' flip' if subject.startswith('bitflip') else ''} ({subject})"
    several = len(answer.targets) > 1
    weighted = f" ({len(answer.targets)} targets, weighted with their bits)" if several else ""
    if not answer.sdc_count:
        return (
            f"{subject} caused no SDC in {grouped(answer.injections)} inferences: the rate is at "
            f"most {percent(answer.sdc.high)}{_BLANK}%, with 95{_BLANK}% confidence{weighted}."
        )
    parts = [f"{subject} causes SDC in {_rate(answer.sdc)} of inferences{weighted}"]
    if answer.bits is not None:
        parts.append(_bits(answer.bits))
    if several:
        parts.append(_worst(answer.targets))
    return "; ".join(parts) + "."


def _rate(rate: Rate | WeightedRate) -> str:
    ends = f"[{percent(rate.low)}, {percent(rate.high)}]"
    return f"{percent(rate.share)}{_BLANK}% {ends}"


def _bits(found: TellingBits) -> str:
    layout = bit_layout(np.dtype(found.dtype))
    inside = [
        name
        for name in ("sign", "exponent", "mantissa")
        if {*found.bits} <= {*getattr(layout, name)}
    ]
    field = f"{inside[0]} " if inside and layout.kind == "float" else ""
    plural = "bit" if len(found.bits) == 1 else "bits"
    counts = f" ({grouped(found.count)} of {grouped(found.total)})"
    if not math.isclose(found.share, found.count / found.total):
        counts = ""  # of injections that were sampled by severity
    return (
        f"{percent(found.share)}{_BLANK}% of these SDCs{counts} come from {field}{plural} "
        f"{_ranges(found.bits)}"
    )


def _ranges(bits: Sequence[int]) -> str:
    """Return numbers with runs joined, such as 3, 28 to 30."""
    runs: list[list[int]] = []
    for bit in bits:
        if runs and runs[-1][-1] == bit - 1:
            runs[-1].append(bit)
        else:
            runs.append([bit])
    return ", ".join(f"{x[0]}\N{EN DASH}{x[-1]}" if len(x) > 1 else str(x[0]) for x in runs)


def _worst(targets: Sequence[Counted]) -> str:
    worst, *others = targets
    name = worst.key["layer"] or worst.key["target"]
    alike = [x for x in others if x.sdc.high >= worst.sdc.low]
    if not alike:
        return f"{name} is worst, {_rate(worst.sdc)}"
    if len(alike) == len(others):
        return "no target stands out"
    plural = "target" if len(alike) == 1 else "targets"
    return f"{name} is highest, {_rate(worst.sdc)}, but {len(alike)} other {plural} may be as high"
