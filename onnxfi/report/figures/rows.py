"""Names the rows of figures."""

from collections.abc import Iterable

from onnxfi.report.figures.drawing import FONT, Drawing
from onnxfi.report.figures.text import shorten, width_of

#: Height of a row in pixels.
ROW = 15.0

_GAP = 8.0
_WIDEST = 0.38  # of the figure


def room_for(names: Iterable[str], width: float) -> float:
    """Return the width of the column of names in a figure of a width, in pixels."""
    return min(max(width_of(x, FONT) for x in names) + _GAP, _WIDEST * width)


def draw_name(drawing: Drawing, name: str, y: float, room: float, *, look: str = "") -> None:
    """Write a name into the column of names, beside the middle of its row."""
    short = shorten(name, FONT, room - _GAP)
    hover = name if short != name else ""
    drawing.text(room - _GAP, y + FONT / 3, short, look=look, anchor="end", hover=hover)
