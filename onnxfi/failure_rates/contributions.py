"""Computes failure rates in FIT from the results of a campaign."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from onnxfi.campaign import read_inputs
from onnxfi.errors import ConfigurationError
from onnxfi.failure_rates.fit_report import FitInterval, FitReport, TargetFit
from onnxfi.failure_rates.rates import Element, Memory, Rates
from onnxfi.failure_rates.residency import measured_residency
from onnxfi.graph import load
from onnxfi.results import Results
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics import (
    UNFLAGGED_SDC,
    GroupStatistics,
    Rate,
    WeightedRate,
    summarise,
    weighted_rate,
)
from onnxfi.suggestions import did_you_mean

_KINDS = {"weights": "weight", "activations": "activation", "inputs": "input"}


@dataclass(frozen=True, slots=True)
class _Placed:
    """A contribution, with the shares and the rates in FIT that it comes from.

    The residual rate is `unseen`, a share, of `unseen_upsets`: with a coverage that was measured,
    of all upsets, the sdc without an alarm; else, of those that no detector sees, the sdc.
    """

    found: TargetFit
    sdc: Rate | WeightedRate
    due: Rate | WeightedRate
    unseen: Rate | WeightedRate
    unseen_upsets: float
    raw: float
    factor: float


def fit(results: Results | str | Path, rates: Rates | str | Path | Mapping[str, Any]) -> FitReport:
    """Return the failure rates of a network from a campaign, and from the rates of its memories.

    FIT = sum over targets of raw rate x bits x residency x SDC rate. Source: G. Li et al.,
    SC 2017, equation 1. The intervals of independent targets are combined as `weighted_rate` does;
    an uncertain raw rate multiplies as a lognormal and is kept apart.

    Example::

        >>> report = onnxfi.fit("runs/lenet", {"memories": [{
        ...     "name": "SRAM", "rate": "20.49 FIT/Mbit (10^6)", "targets": "activations",
        ...     "residency": "graph"}]})
        >>> print(report.sdc)

    Args:
        results: the results of a campaign with single bit flips, or its run directory.
        rates: the rates, or the path of fit.yaml.

    Raises:
        ConfigurationError: the rates are wrong, do not fit the campaign, or it has no records.
    """
    rates = Rates.read(rates)
    path = results.path if isinstance(results, Results) else results
    directory = RunDirectory.open(path)
    groups = _of_one_error_model(
        summarise(path, directory.configuration).groups.get("target", ()), rates.error_model
    )
    placed: list[_Placed] = []
    left = {str(x.key["target"]): x for x in groups}
    residency = partial(_residency, live=_Live(directory))
    for memory in rates.memories:
        chosen = _chosen(memory, groups)
        twice = [x for x in chosen if x not in left]
        if twice:
            raise ConfigurationError(
                f"A target must lie in one memory, and {twice[0]} lies in {memory.name!r} and in "
                "another one. Take it out of one of them."
            )
        groups_in = [left.pop(name) for name in chosen]
        placed += [_contribution(x, memory, residency(memory, x)) for x in groups_in]
    placed += map(_element, rates.elements)
    return _report(placed, rates, missing=list(left))


def _of_one_error_model(
    groups: Sequence[GroupStatistics], wanted: str | None
) -> list[GroupStatistics]:
    names = list(dict.fromkeys(str(x.key["error_model"]) for x in groups))
    if wanted is None and len(names) > 1:
        raise ConfigurationError(
            f"The campaign has the error models {', '.join(names)}. Say which one stands for an "
            "upset: `error_model` of the rates."
        )
    if wanted is not None and wanted not in names:
        raise ConfigurationError(
            f"The campaign has no error model {wanted!r}{did_you_mean(wanted, names)}. It has "
            f"{', '.join(names)}."
        )
    return [x for x in groups if wanted is None or x.key["error_model"] == wanted]


def _chosen(memory: Memory, groups: Sequence[GroupStatistics]) -> list[str]:
    """Return the targets in a memory; every name must match one."""
    found: dict[str, None] = {}
    for name in memory.targets:
        kind = _KINDS.get(name)
        matching = [
            str(x.key["target"])
            for x in groups
            if (x.key["kind"] == kind if kind else _is_called(x, name))
        ]
        if not matching:
            known = [str(x.key["target"]) for x in groups]
            raise ConfigurationError(
                f"The memory {memory.name!r} holds {name!r}, which no target of the campaign "
                f"matches{did_you_mean(name, known)}."
            )
        found |= dict.fromkeys(matching)
    return list(found)


def _is_called(group: GroupStatistics, pattern: str) -> bool:
    return any(fnmatchcase(str(group.key[x] or ""), pattern) for x in ("target", "layer"))


class _Live:
    """The residency of tensors in a campaign's model, measured when it is first asked for."""

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory
        self._found: dict[str, float] | None = None

    def share(self, name: str) -> float:
        if self._found is None:
            configuration = self._directory.configuration
            model = load(configuration.model)
            inputs = read_inputs(model, configuration.inputs)
            self._found = measured_residency(model, {**inputs.constants, **inputs.at(0)})
        parts = name.split(" + ")
        missing = [x for x in parts if x not in self._found]
        if missing:
            raise ConfigurationError(
                f"The residency of {missing[0]} does not follow from the graph. Give it a number."
            )
        return sum(self._found[x] for x in parts) / len(parts)


def _residency(memory: Memory, group: GroupStatistics, *, live: _Live) -> float:
    said = memory.residency
    if said == "graph":
        return 1.0 if group.key["kind"] == "weight" else live.share(str(group.key["target"]))
    if isinstance(said, Mapping):
        for pattern, share in said.items():
            if _is_called(group, pattern):
                return share
        raise ConfigurationError(
            f"The memory {memory.name!r} has no residency for {group.key['target']}. Add it, or "
            "the pattern '*' at the end."
        )
    return float(said)


def _contribution(group: GroupStatistics, memory: Memory, residency: float) -> _Placed:
    bits = int(group.key["target_bits"])
    raw = memory.raw.per_bit * bits
    upsets = raw * residency
    sdc, due = group.per_inference["sdc"], group.per_inference["due"]
    if memory.coverage == "measured":
        if UNFLAGGED_SDC not in group.per_inference:
            raise ConfigurationError(
                f"The memory {memory.name!r} has the coverage 'measured', and the campaign's model "
                "has no alarms. Run the campaign on a hardened model, or give the coverage as a "
                "number."
            )
        unseen = group.per_inference[UNFLAGGED_SDC]
        coverage = 1 - unseen.share / sdc.share if sdc.share else 0.0
        unseen_upsets = upsets
    else:
        unseen, coverage = sdc, memory.coverage
        unseen_upsets = upsets * (1 - coverage)
    found = TargetFit(
        name=str(group.key["target"]),
        memory=memory.name,
        bits=bits,
        residency=residency,
        upsets=upsets,
        sdc=FitInterval.of(sdc, upsets),
        due=FitInterval.of(due, upsets),
        coverage=coverage,
    )
    return _Placed(found, sdc, due, unseen, unseen_upsets, raw=raw, factor=memory.factor)


def _element(element: Element) -> _Placed:
    """Return the contribution of an element, whose rates are taken as exact."""
    upsets = element.fit * element.residency
    sdc, due = (WeightedRate(x, x, x) for x in (element.sdc, 0.0))
    found = TargetFit(
        name=element.name,
        memory="",
        bits=0,
        residency=element.residency,
        upsets=upsets,
        sdc=FitInterval.of(sdc, upsets),
        due=FitInterval.of(due, upsets),
        coverage=element.coverage,
    )
    unseen_upsets = upsets * (1 - element.coverage)
    return _Placed(found, sdc, due, sdc, unseen_upsets, raw=element.fit, factor=1.0)


def _report(placed: Sequence[_Placed], rates: Rates, *, missing: Sequence[str]) -> FitReport:
    upsets = [x.found.upsets for x in placed]
    return FitReport(
        targets=sorted((x.found for x in placed), key=lambda x: -x.residual),
        sdc=combine([x.sdc for x in placed], upsets),
        due=combine([x.due for x in placed], upsets),
        residual=combine([x.unseen for x in placed], [x.unseen_upsets for x in placed]),
        raw=math.fsum(x.raw for x in placed),
        low_raw=math.fsum(x.found.residual / x.factor for x in placed),
        high_raw=math.fsum(x.found.residual * x.factor for x in placed),
        budget=rates.budget,
        missing=tuple(missing),
    )


def combine(shares: Sequence[Rate | WeightedRate], weights: Sequence[float]) -> FitInterval:
    """Return the sum of rates times weights, with the interval of independent rates."""
    total = math.fsum(weights)
    if not total:
        return FitInterval(0.0, 0.0, 0.0)
    return FitInterval.of(weighted_rate(shares, weights), total)
