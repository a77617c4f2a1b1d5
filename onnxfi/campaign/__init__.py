"""Campaigns: a planned set of injections, executed, recorded, resumable."""

from onnxfi.campaign.campaign import Campaign
from onnxfi.campaign.configuration import Configuration
from onnxfi.campaign.profiling import profile
from onnxfi.campaign.records.record_files import read_records
from onnxfi.campaign.run_directory.run_directory import RunDirectory
from onnxfi.campaign.statistics import CampaignStatistics, Rate, summarise

__all__ = [
    "Campaign",
    "CampaignStatistics",
    "Configuration",
    "Rate",
    "RunDirectory",
    "profile",
    "read_records",
    "summarise",
]
