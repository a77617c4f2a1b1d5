"""Computes rates from the records of a campaign, with their confidence intervals."""

from onnxfi.campaign.statistics.campaign_statistics import summarise, summarise_records
from onnxfi.campaign.statistics.difference import Difference
from onnxfi.campaign.statistics.masked_locations import MaskedAt, TargetMasking
from onnxfi.campaign.statistics.network import WeightedRate
from onnxfi.campaign.statistics.rate import Rate
from onnxfi.campaign.statistics.results import (
    Accuracy,
    CampaignStatistics,
    GroupStatistics,
    NetworkStatistics,
    TargetDue,
    WrongInputs,
    WrongInputsHandling,
)

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
