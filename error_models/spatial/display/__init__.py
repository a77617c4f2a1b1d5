"""Shows spatial models as text and corruptions as pictures."""

from onnxfi.error_models.spatial.display.description import describe, summarise
from onnxfi.error_models.spatial.display.picture import (
    COLOURS,
    draw_png,
    draw_strip,
    draw_svg,
    panels_of,
)

__all__ = [
    "COLOURS",
    "describe",
    "draw_png",
    "draw_strip",
    "draw_svg",
    "panels_of",
    "summarise",
]
