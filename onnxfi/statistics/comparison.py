"""Compares the rates of two campaigns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from onnxfi.display import counted, html_table, list_names, shorten
from onnxfi.errors import ConfigurationError
from onnxfi.injector import OUTCOMES
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics.campaign_statistics import (
    CampaignStatistics,
    Coverage,
    Detection,
    GroupStatistics,
)
from onnxfi.statistics.difference import (
    Difference,
    difference,
    interval_p,
    mcnemar_p,
    paired_difference,
    two_proportion_p,
)
from onnxfi.statistics.grouping import UNFLAGGED_SDC
from onnxfi.statistics.network import WeightedRate
from onnxfi.statistics.paired_coverage import paired_coverage
from onnxfi.statistics.pairing import PairCounts, PairKey, pair_faults
from onnxfi.statistics.rate import Rate
from onnxfi.statistics.summary import summarise
from onnxfi.statistics.weighting import EstimatedRate

_R = TypeVar("_R", Rate, WeightedRate)

Test = Literal["two-proportion", "mcnemar", "intervals"]


@dataclass(frozen=True, slots=True)
class ComparedRate:
    """A rate before and after.

    Attributes:
        before: of the first campaign.
        after: of the second.
        difference: after minus before.
        p: two-sided p-value of the hypothesis that the rates are equal.
        test: the test: ``two-proportion``; ``mcnemar`` for the same faults; ``intervals``, from the
            widths of both intervals, for rates other than simple proportions.
    """

    before: Rate | WeightedRate
    after: Rate | WeightedRate
    difference: Difference
    p: float
    test: Test


@dataclass(frozen=True, slots=True)
class ComparedGroup:
    """The rates of a target, or of the network, under one error model.

    Attributes:
        target: the target in the first campaign; None for the whole network.
        target_after: the target in the second campaign; None for the whole network.
        error_model: the error model.
        rates: the rates by outcome or flag of the metric.
    """

    target: str | None
    target_after: str | None
    error_model: str
    rates: Mapping[str, ComparedRate]


@dataclass(frozen=True, slots=True)
class UnmatchedTarget:
    """A target under one error model that only one of two campaigns has.

    Attributes:
        target: the target.
        error_model: the error model.
    """

    target: str
    error_model: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of two campaigns.

    Attributes:
        paired: whether both inject the same faults into the same inputs, so each fault is compared
            with itself.
        targets: the common targets, matched by tensor, otherwise by layer.
        only_before: the targets of the first campaign without a match.
        only_after: the targets of the second campaign without a match.
        network: the rates of the network for each common error model.
        golden_accuracy: the accuracy of both models without faults, over the inputs that were met;
            None without labels.
        detection: what the alarms of the second model see; None if it has none.
        coverage_before: of the faults that are sdc or due in the first model, the share that alarms
            of the second one see: of the network, then of each target; empty without alarms, or if
            faults are not paired.
    """

    paired: bool
    targets: Sequence[ComparedGroup]
    only_before: Sequence[UnmatchedTarget]
    only_after: Sequence[UnmatchedTarget]
    network: Sequence[ComparedGroup]
    golden_accuracy: tuple[Rate, Rate] | None = None
    detection: Detection | None = None
    coverage_before: Sequence[Coverage] = ()

    def __repr__(self) -> str:
        """Return one line: the number of targets, and the sdc rate of an error model."""
        rates = []
        for network in self.network[:2]:
            sdc = network.rates["sdc"]
            change = f"{100 * sdc.before.share:.1f} → {100 * sdc.after.share:.1f} %"
            rates.append(f"; sdc {change} under {shorten(network.error_model)}")
        paired = ", paired" if self.paired else ""
        targets = counted(len({x.target for x in self.targets}), "target")
        return f"<Comparison of {targets}{paired}{''.join(rates)}>"

    def _repr_html_(self) -> str:
        header = ("error model", "target", "sdc before", "sdc after", "p")
        rows = []
        for group in (*self.network, *self.targets):
            sdc = group.rates["sdc"]
            target = "all" if group.target is None else group.target
            rows.append((group.error_model, target, sdc.before, sdc.after, f"{sdc.p:.2g}"))
        return html_table(header, rows, caption="Silent data corruptions of two campaigns")


def compare(before: str | Path, after: str | Path) -> Comparison:
    """Compare the records of two campaigns.

    Args:
        before: a run directory, such as one of the original model.
        after: another one, such as one of the hardened or quantised model.

    Raises:
        ConfigurationError: one of them is not a run directory, or has no records; or they have no
            target under the same error model.
    """
    runs = [RunDirectory.open(place) for place in (before, after)]
    first, second = (
        summarise(place, run.configuration)
        for place, run in zip((before, after), runs, strict=True)
    )
    pairs = None
    same = [x.configuration.injections.sampling == "uniform" for x in runs]
    if all(same) and runs[0].configuration.seed == runs[1].configuration.seed:
        pairs = pair_faults(before, after, OUTCOMES)
    matches = _match(first.groups.get("target", ()), second.groups.get("target", ()))
    if not matches:
        raise ConfigurationError(_unrelated(before, first, after, second))
    excluded = any(x.wrong_inputs.handling == "exclude" for x in (first, second))
    if excluded:
        pairs = None
    return Comparison(
        paired=pairs is not None,
        targets=[_compare_groups(x, y, pairs) for x, y in matches],
        only_before=_without(first, [x for x, _ in matches]),
        only_after=_without(second, [y for _, y in matches]),
        network=_compare_networks(first, second),
        golden_accuracy=_golden_accuracy(first, second),
        detection=second.detection,
        coverage_before=paired_coverage(first.groups["target"], pairs or {}),
    )


def _golden_accuracy(
    first: CampaignStatistics, second: CampaignStatistics
) -> tuple[Rate, Rate] | None:
    sides = [x.wrong_inputs for x in (first, second)]
    before, after = (
        None if x.wrong is None else Rate.of(x.inputs - x.wrong, x.inputs) for x in sides
    )
    return None if before is None or after is None else (before, after)


def _unrelated(
    before: str | Path, first: CampaignStatistics, after: str | Path, second: CampaignStatistics
) -> str:
    sides = []
    for place, side in ((before, first), (after, second)):
        groups = side.groups.get("target", ())
        targets = list_names(dict.fromkeys(x.key["target"] for x in groups))
        error_models = list_names(dict.fromkeys(x.key["error_model"] for x in groups))
        sides.append(f"{place} hits {targets} with {error_models}")
    return (
        "The campaigns have nothing in common to compare: "
        f"{'; '.join(sides)}. Compare campaigns that hit tensors or layers of the same names with "
        "the same error model."
    )


def _match(
    before: Sequence[GroupStatistics], after: Sequence[GroupStatistics]
) -> list[tuple[GroupStatistics, GroupStatistics]]:
    by_target = {(x.key["target"], x.key["error_model"]): x for x in after}
    by_layer: dict[tuple[str, str], list[GroupStatistics]] = {}
    for x in after:
        if x.key["layer"] is not None:
            by_layer.setdefault((x.key["layer"], x.key["error_model"]), []).append(x)
    found = []
    for x in before:
        error_model = x.key["error_model"]
        match = by_target.get((x.key["target"], error_model))
        of_layer = by_layer.get((x.key["layer"], error_model), [])
        if match is None and len(of_layer) == 1:
            match = of_layer[0]
        if match is not None:
            found.append((x, match))
    return found


def _without(
    statistics: CampaignStatistics, matched: Sequence[GroupStatistics]
) -> list[UnmatchedTarget]:
    return [
        UnmatchedTarget(x.key["target"], x.key["error_model"])
        for x in statistics.groups.get("target", ())
        if x not in matched
    ]


def _compare_groups(
    before: GroupStatistics,
    after: GroupStatistics,
    pairs: Mapping[PairKey, Mapping[str, PairCounts]] | None,
) -> ComparedGroup:
    key = before.key["target"], before.key["error_model"]
    of_group = {} if pairs is None else pairs.get(key, {})
    clustered = before.faults != before.injections or after.faults != after.injections
    rates = {}
    for name, (first, second) in _common(before.per_inference, after.per_inference).items():
        if name in of_group:
            # Per fault, if each has several inferences.
            if clustered:
                first, second = _common(before.per_fault, after.per_fault)[name]
            rates[name] = _compare_pairs(first, second, of_group[name])
        elif clustered or isinstance(first, EstimatedRate) or isinstance(second, EstimatedRate):
            p = interval_p(first, second)
            rates[name] = ComparedRate(first, second, difference(first, second), p, "intervals")
        else:
            p = two_proportion_p(first, second)
            found = difference(first, second)
            rates[name] = ComparedRate(first, second, found, p, "two-proportion")
    return ComparedGroup(key[0], after.key["target"], key[1], rates)


def _common(before: Mapping[str, _R], after: Mapping[str, _R]) -> dict[str, tuple[_R, _R]]:
    """Return the rates that both have; without alarms, all sdc is sdc that no alarm sees."""
    if UNFLAGGED_SDC in after and UNFLAGGED_SDC not in before:
        before = {**before, UNFLAGGED_SDC: before["sdc"]}
    return {name: (x, after[name]) for name, x in before.items() if name in after}


def _compare_pairs(before: Rate, after: Rate, counts: PairCounts) -> ComparedRate:
    found = paired_difference(
        both=counts.both,
        only_before=counts.only_before,
        only_after=counts.only_after,
        neither=counts.neither,
    )
    p = mcnemar_p(counts.only_before, counts.only_after)
    return ComparedRate(before, after, found, p, "mcnemar")


def _compare_networks(before: CampaignStatistics, after: CampaignStatistics) -> list[ComparedGroup]:
    others = {x.error_model: x for x in after.network}
    found = []
    for network in before.network:
        other = others.get(network.error_model)
        if other is None:
            continue
        rates = {}
        for name, (first, second) in _common(network.per_inference, other.per_inference).items():
            change, p = difference(first, second), interval_p(first, second)
            rates[name] = ComparedRate(first, second, change, p, "intervals")
        found.append(ComparedGroup(None, None, network.error_model, rates))
    return found
