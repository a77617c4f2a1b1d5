"""Computes rates from the records of a campaign, with their confidence intervals.

The names below are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.statistics.campaign_statistics import (
        Accuracy,
        CampaignStatistics,
        Coverage,
        Detection,
        GroupStatistics,
        NetworkStatistics,
        TargetDue,
        WrongInputs,
        WrongInputsHandling,
    )
    from onnxfi.statistics.checking import Check, Finding, Verdict, check_campaign
    from onnxfi.statistics.comparison import (
        ComparedGroup,
        Comparison,
        UnmatchedTarget,
        compare,
    )
    from onnxfi.statistics.descriptions import (
        describe_counts,
        describe_due,
        describe_false_alarms,
        describe_masking,
        describe_place,
    )
    from onnxfi.statistics.difference import Difference
    from onnxfi.statistics.drivers import Driver, describe_drivers, find_drivers
    from onnxfi.statistics.grouping import (
        GOLDEN_CORRECT,
        GROUPINGS,
        NOT_RECORDED,
        UNFLAGGED_SDC,
        prepare,
    )
    from onnxfi.statistics.masked_locations import MaskedAt, TargetMasking
    from onnxfi.statistics.network import WeightedRate, weighted_rate
    from onnxfi.statistics.open_faults import OpenFaults
    from onnxfi.statistics.rate import Rate, wilson
    from onnxfi.statistics.summary import break_down, summarise, summarise_records
    from onnxfi.statistics.tally import Group, Tally
    from onnxfi.statistics.weighting import EstimatedRate
    from onnxfi.statistics.worst import WorstInjection, worst_injections

__all__ = [
    "GOLDEN_CORRECT",
    "GROUPINGS",
    "NOT_RECORDED",
    "UNFLAGGED_SDC",
    "Accuracy",
    "CampaignStatistics",
    "Check",
    "ComparedGroup",
    "Comparison",
    "Coverage",
    "Detection",
    "Difference",
    "Driver",
    "EstimatedRate",
    "Finding",
    "Group",
    "GroupStatistics",
    "MaskedAt",
    "NetworkStatistics",
    "OpenFaults",
    "Rate",
    "Tally",
    "TargetDue",
    "TargetMasking",
    "UnmatchedTarget",
    "Verdict",
    "WeightedRate",
    "WorstInjection",
    "WrongInputs",
    "WrongInputsHandling",
    "break_down",
    "check_campaign",
    "compare",
    "describe_counts",
    "describe_drivers",
    "describe_due",
    "describe_false_alarms",
    "describe_masking",
    "describe_place",
    "find_drivers",
    "prepare",
    "summarise",
    "summarise_records",
    "weighted_rate",
    "wilson",
    "worst_injections",
]

_HOMES = {
    "Accuracy": "onnxfi.statistics.campaign_statistics",
    "CampaignStatistics": "onnxfi.statistics.campaign_statistics",
    "ComparedGroup": "onnxfi.statistics.comparison",
    "Coverage": "onnxfi.statistics.campaign_statistics",
    "Detection": "onnxfi.statistics.campaign_statistics",
    "Check": "onnxfi.statistics.checking",
    "Comparison": "onnxfi.statistics.comparison",
    "Finding": "onnxfi.statistics.checking",
    "Verdict": "onnxfi.statistics.checking",
    "check_campaign": "onnxfi.statistics.checking",
    "Difference": "onnxfi.statistics.difference",
    "Driver": "onnxfi.statistics.drivers",
    "EstimatedRate": "onnxfi.statistics.weighting",
    "GOLDEN_CORRECT": "onnxfi.statistics.grouping",
    "GROUPINGS": "onnxfi.statistics.grouping",
    "Group": "onnxfi.statistics.tally",
    "GroupStatistics": "onnxfi.statistics.campaign_statistics",
    "MaskedAt": "onnxfi.statistics.masked_locations",
    "NOT_RECORDED": "onnxfi.statistics.grouping",
    "UNFLAGGED_SDC": "onnxfi.statistics.grouping",
    "NetworkStatistics": "onnxfi.statistics.campaign_statistics",
    "OpenFaults": "onnxfi.statistics.open_faults",
    "Rate": "onnxfi.statistics.rate",
    "Tally": "onnxfi.statistics.tally",
    "TargetDue": "onnxfi.statistics.campaign_statistics",
    "TargetMasking": "onnxfi.statistics.masked_locations",
    "UnmatchedTarget": "onnxfi.statistics.comparison",
    "WeightedRate": "onnxfi.statistics.network",
    "WorstInjection": "onnxfi.statistics.worst",
    "WrongInputs": "onnxfi.statistics.campaign_statistics",
    "WrongInputsHandling": "onnxfi.statistics.campaign_statistics",
    "break_down": "onnxfi.statistics.summary",
    "compare": "onnxfi.statistics.comparison",
    "describe_counts": "onnxfi.statistics.descriptions",
    "describe_drivers": "onnxfi.statistics.drivers",
    "describe_due": "onnxfi.statistics.descriptions",
    "describe_false_alarms": "onnxfi.statistics.descriptions",
    "describe_masking": "onnxfi.statistics.descriptions",
    "describe_place": "onnxfi.statistics.descriptions",
    "find_drivers": "onnxfi.statistics.drivers",
    "prepare": "onnxfi.statistics.grouping",
    "summarise": "onnxfi.statistics.summary",
    "summarise_records": "onnxfi.statistics.summary",
    "weighted_rate": "onnxfi.statistics.network",
    "wilson": "onnxfi.statistics.rate",
    "worst_injections": "onnxfi.statistics.worst",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
