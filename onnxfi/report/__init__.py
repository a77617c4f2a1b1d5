"""Reports: what a campaign measured, as one HTML file."""

from onnxfi.report.html import write_report

__all__ = ["write_report"]
