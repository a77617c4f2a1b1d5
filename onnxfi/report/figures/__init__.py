"""Draws the figures of a campaign."""

from onnxfi.report.figures.bits import bits_figure
from onnxfi.report.figures.figure import WIDTH, Figure
from onnxfi.report.figures.layers import layers_figure
from onnxfi.report.figures.palette import css_variables

__all__ = ["WIDTH", "Figure", "bits_figure", "css_variables", "layers_figure"]
