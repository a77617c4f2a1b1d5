"""Draws the figures of a campaign, and writes its report as one HTML file.

The names below are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.report.counts import Answer
    from onnxfi.report.figures.figure import Figure
    from onnxfi.report.figures.palette import css_variables
    from onnxfi.report.figures.worst import Replay
    from onnxfi.report.node_data import write_node_data
    from onnxfi.report.page.campaign_page import write_campaign_report
    from onnxfi.report.page.comparison_page import write_comparison_report
    from onnxfi.report.plots import Plots
    from onnxfi.report.sentences import sentence

__all__ = [
    "Answer",
    "Figure",
    "Plots",
    "Replay",
    "css_variables",
    "sentence",
    "write_campaign_report",
    "write_comparison_report",
    "write_node_data",
]

_HOMES = {
    "Answer": "onnxfi.report.counts.answers",
    "Figure": "onnxfi.report.figures.figure",
    "Plots": "onnxfi.report.plots",
    "Replay": "onnxfi.report.figures.worst",
    "css_variables": "onnxfi.report.figures.palette",
    "sentence": "onnxfi.report.sentences",
    "write_campaign_report": "onnxfi.report.page.campaign_page",
    "write_comparison_report": "onnxfi.report.page.comparison_page",
    "write_node_data": "onnxfi.report.node_data",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
