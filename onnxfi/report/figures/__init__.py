"""Draws the figures of a campaign."""

from onnxfi.report.figures.bits import bits_figure
from onnxfi.report.figures.confusion import confusion_figure
from onnxfi.report.figures.figure import WIDTH, Figure
from onnxfi.report.figures.heatmap import heatmap_figure
from onnxfi.report.figures.layers import layers_figure
from onnxfi.report.figures.magnitudes import magnitudes_figure
from onnxfi.report.figures.network import network_figure
from onnxfi.report.figures.palette import css_variables
from onnxfi.report.figures.patterns import patterns_figure
from onnxfi.report.figures.protection import protection_figure
from onnxfi.report.figures.sites import sites_figure
from onnxfi.report.figures.worst import OutputPair, Replay, worst_figure

__all__ = [
    "WIDTH",
    "Figure",
    "OutputPair",
    "Replay",
    "bits_figure",
    "confusion_figure",
    "css_variables",
    "heatmap_figure",
    "layers_figure",
    "magnitudes_figure",
    "network_figure",
    "patterns_figure",
    "protection_figure",
    "sites_figure",
    "worst_figure",
]
