"""Computes the statistics of a campaign from its records."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from onnxfi.configuration import Configuration
from onnxfi.injector import DUE_REASONS, OUTCOMES
from onnxfi.run_directory import read_shards
from onnxfi.statistics.campaign_statistics import (
    Accuracy,
    CampaignStatistics,
    GroupStatistics,
    NetworkStatistics,
    TargetDue,
    WrongInputs,
    WrongInputsHandling,
)
from onnxfi.statistics.detection import DetectionTally
from onnxfi.statistics.difference import difference
from onnxfi.statistics.grouping import (
    FLAGGED,
    GAINED,
    GOLDEN_CORRECT,
    GOLDEN_RIGHT,
    GROUPINGS,
    LABELLED,
    LOST,
    NOT_READ,
    NOT_RECORDED,
    RIGHT,
    flags_of,
    prepare,
)
from onnxfi.statistics.masked_locations import MaskingTally
from onnxfi.statistics.network import WeightedRate, weighted_rate
from onnxfi.statistics.open_faults import OpenFaults
from onnxfi.statistics.rate import Rate
from onnxfi.statistics.tally import Group, Tally, WeightedGroup

# Records in memory at once, at least.
_ROWS_AT_ONCE = 1 << 16
_COUNTED = (*OUTCOMES, LABELLED, GOLDEN_RIGHT, RIGHT, LOST, GAINED)


def summarise(
    directory: str | Path,
    configuration: Configuration,
    *,
    groupings: Mapping[str, Sequence[str]] = GROUPINGS,
    wrong_inputs: WrongInputsHandling | None = None,
) -> CampaignStatistics:
    """Return the statistics of a run directory, whose records are read in parts.

    Args:
        directory: the run directory, or its address.
        configuration: configuration of the campaign.
        groupings: the columns to group by, for each grouping, named as `prepare` names them; the
            rates of the network need ``target``.
        wrong_inputs: whether to keep or exclude injections whose input is wrong without a fault; by
            default as the configuration says.

    Raises:
        ConfigurationError: there are no records, or they cannot be read.
    """
    masking = MaskingTally()
    found = summarise_records(
        _read_parts(directory, masking),
        groupings=groupings,
        inputs_per_fault=configuration.injections.inputs_per_fault,
        wrong_inputs=wrong_inputs or configuration.statistics.wrong_inputs,
    )
    return replace(found, masking=masking.found(configuration.model))


def break_down(
    directory: str | Path, configuration: Configuration, groupings: Mapping[str, Sequence[str]]
) -> CampaignStatistics:
    """Return the statistics of a run directory by groupings of your own, without masking.

    Args:
        directory: the run directory, or its address.
        configuration: configuration of the campaign.
        groupings: the columns to group by, for each grouping, named as `prepare` names them.

    Raises:
        ConfigurationError: there are no records, or they cannot be read.
    """
    return summarise_records(
        _read_parts(directory),
        groupings=groupings,
        inputs_per_fault=configuration.injections.inputs_per_fault,
        wrong_inputs=configuration.statistics.wrong_inputs,
    )


def _read_parts(directory: str | Path, masking: MaskingTally | None = None) -> Iterator[pa.Table]:
    """Yield the records in parts, without the columns that no statistic needs."""
    names = [x for x in next(read_shards(directory)).column_names if x not in NOT_READ]
    waiting: list[pa.Table] = []
    for table in read_shards(directory, names):
        if masking is not None:
            masking.add(table)
        waiting.append(table)
        if sum(len(x) for x in waiting) >= _ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def summarise_records(
    parts: Iterable[pa.Table],
    *,
    groupings: Mapping[str, Sequence[str]] = GROUPINGS,
    inputs_per_fault: int | Literal["all"] = 1,
    wrong_inputs: WrongInputsHandling = "keep",
) -> CampaignStatistics:
    """Return the statistics of records.

    Args:
        parts: the records in parts, all with the same columns.
        groupings: the columns to group by, for each grouping.
        inputs_per_fault: number of records of each fault in a complete campaign.
        wrong_inputs: whether to keep or exclude injections whose input is wrong without a fault.
    """
    waiting = iter(parts)
    first = next(waiting, None)
    flags = [] if first is None else flags_of(first.schema)
    counted, clustered = (*_COUNTED, *flags), inputs_per_fault != 1
    faults = OpenFaults(inputs_per_fault if isinstance(inputs_per_fault, int) else None)
    tallies = {name: Tally(keys, counted, clustered=clustered) for name, keys in groupings.items()}
    overall = Tally((), counted, clustered=clustered)
    whole = Tally(GROUPINGS["error_model"], counted, clustered=clustered)
    reasons = Tally(("due_reason", "target", "error_model"), (), clustered=False)
    inputs = Tally(("input_index", GOLDEN_CORRECT), (), clustered=False)
    detection = DetectionTally(clustered=clustered) if FLAGGED in flags else None
    for part in () if first is None else chain((first,), waiting):
        prepared = prepare(part, flags)
        inputs.add(prepared)
        if wrong_inputs == "exclude":
            prepared = prepared.filter(pc.fill_null(prepared[GOLDEN_CORRECT], True))
        complete = faults.add(part) if clustered else None
        reasons.add(prepared)
        if detection is not None:
            detection.add(prepared, complete)
        for tally in (overall, whole, *tallies.values()):
            tally.add(prepared)
            if complete is not None:
                tally.close(complete)
    names = (*OUTCOMES, *flags)
    groups = {
        name: [_group(x, names) for x in _ordered(found)]
        for name, tally in tallies.items()
        if (found := tally.groups())
    }
    return CampaignStatistics(
        injections=sum(x.injections for x in overall.groups()),
        faults=sum(x.faults for x in overall.groups()),
        wrong_inputs=_wrong_inputs(inputs.groups(), wrong_inputs),
        groups=groups,
        network=_network(groups.get("target", ()), whole.groups(), names),
        due=_due(reasons.groups()),
        detection=None if detection is None else detection.found(groups.get("target", ())),
    )


def _ordered(groups: Sequence[Group]) -> list[Group]:
    """Sort bits and classes by number; other groups keep the order of their first records."""
    return sorted(
        groups, key=lambda x: n if isinstance(n := next(iter(x.key.values())), int) else 0
    )


def _group(group: Group, names: Sequence[str]) -> GroupStatistics:
    accuracy = None
    if group.count(LABELLED):
        # Which inputs are right without a fault does not depend on the faults.
        golden = (
            group.per_inference(GOLDEN_RIGHT)
            if isinstance(group, WeightedGroup)
            else Rate.of(group.count(GOLDEN_RIGHT), group.count(LABELLED))
        )
        accuracy = Accuracy(
            golden=golden,
            faulty=group.per_inference(RIGHT),
            drop=difference(group.per_inference(GAINED), group.per_inference(LOST)),
        )
    return GroupStatistics(
        key=group.key,
        injections=group.injections,
        faults=group.faults,
        per_inference={name: group.per_inference(name) for name in names},
        per_fault={name: group.per_fault(name) for name in names},
        accuracy=accuracy,
    )


def _due(groups: Sequence[Group]) -> list[TargetDue]:
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for x in groups:
        of_target = counts.setdefault((x.key["target"], x.key["error_model"]), {})
        of_target[x.key["due_reason"]] = x.injections
    order = (*DUE_REASONS, NOT_RECORDED)
    return [
        TargetDue(
            target, error_model, sum(found.values()), {x: found[x] for x in order if x in found}
        )
        for (target, error_model), found in counts.items()
    ]


def _network(
    targets: Sequence[GroupStatistics], whole: Sequence[Group], names: Sequence[str]
) -> list[NetworkStatistics]:
    found = []
    for error_model in dict.fromkeys(x.key["error_model"] for x in targets):
        parts = [x for x in targets if x.key["error_model"] == error_model]
        bits = [x.key["target_bits"] for x in parts]
        rates = {
            name: weighted_rate([x.per_inference[name] for x in parts], bits) for name in names
        }
        for group in whole:
            # Strata of scored faults count targets by their bits already.
            if isinstance(group, WeightedGroup) and group.key["error_model"] == error_model:
                of_faults = {name: group.per_inference(name) for name in names}
                rates = {x: WeightedRate(y.share, y.low, y.high) for x, y in of_faults.items()}
        found.append(NetworkStatistics(error_model, len(parts), sum(bits), rates))
    return found


def _wrong_inputs(inputs: Sequence[Group], handling: WrongInputsHandling) -> WrongInputs:
    wrong = [x for x in inputs if x.key[GOLDEN_CORRECT] is False]
    labelled = any(x.key[GOLDEN_CORRECT] is not None for x in inputs)
    return WrongInputs(
        inputs=len({x.key["input_index"] for x in inputs}),
        wrong=len({x.key["input_index"] for x in wrong}) if labelled else None,
        injections=sum(x.injections for x in wrong),
        handling=handling,
    )
