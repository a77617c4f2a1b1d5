"""Campaigns: a planned set of injections, executed, recorded, resumable."""

from onnxfi.campaign.campaign import Campaign
from onnxfi.campaign.configuration import Configuration
from onnxfi.campaign.profiling import profile
from onnxfi.campaign.records import read_records
from onnxfi.campaign.run_directory import RunDirectory
from onnxfi.campaign.summary import (
    BitSummary,
    Rate,
    TargetSummary,
    summarise_bits,
    summarise_targets,
)

__all__ = [
    "BitSummary",
    "Campaign",
    "Configuration",
    "Rate",
    "RunDirectory",
    "TargetSummary",
    "profile",
    "read_records",
    "summarise_bits",
    "summarise_targets",
]
