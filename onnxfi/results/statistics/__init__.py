"""Computes rates from the records of a campaign, with their confidence intervals."""

from onnxfi.results.statistics.campaign_statistics import (
    Accuracy,
    CampaignStatistics,
    GroupStatistics,
    NetworkStatistics,
    TargetDue,
    WrongInputs,
    WrongInputsHandling,
)
from onnxfi.results.statistics.difference import Difference
from onnxfi.results.statistics.masked_locations import MaskedAt, TargetMasking
from onnxfi.results.statistics.network import WeightedRate
from onnxfi.results.statistics.rate import Rate
from onnxfi.results.statistics.summary import summarise, summarise_records

__all__ = [
    "Accuracy",
    "CampaignStatistics",
    "Difference",
    "GroupStatistics",
    "MaskedAt",
    "NetworkStatistics",
    "Rate",
    "TargetDue",
    "TargetMasking",
    "WeightedRate",
    "WrongInputs",
    "WrongInputsHandling",
    "summarise",
    "summarise_records",
]
