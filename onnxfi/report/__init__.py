"""Writes the report of a campaign as one HTML file."""

from onnxfi.report.campaign_report import write_campaign_report
from onnxfi.report.html import write_report

__all__ = ["write_campaign_report", "write_report"]
