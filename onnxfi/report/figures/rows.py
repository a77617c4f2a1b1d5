"""Names the rows of figures."""

from collections.abc import Iterable, Sequence

from onnxfi.report.counts import Counted
from onnxfi.report.figures.drawing import FONT, Drawing
from onnxfi.report.figures.text import shorten, width_of

#: Height of a row in pixels.
ROW = 15.0

_GAP = 8.0
_WIDEST = 0.38  # of the figure


def target_names(targets: Sequence[Counted]) -> dict[str, str]:
    """Return a name for each target: its layer; its tensor where a layer has several targets."""
    of_layer: dict[str, set[str]] = {}
    for x in targets:
        of_layer.setdefault(x.key["layer"] or "", set()).add(x.key["target"])
    return {
        str(x.key["target"]): str(x.key["layer"])
        if x.key["layer"] and len(of_layer[x.key["layer"]]) == 1
        else str(x.key["target"])
        for x in targets
    }


def room_for(names: Iterable[str], width: float) -> float:
    """Return the width of the column of names in a figure of a width, in pixels."""
    return min(max(width_of(x, FONT) for x in names) + _GAP, _WIDEST * width)


def draw_name(drawing: Drawing, name: str, y: float, room: float, *, look: str = "") -> None:
    """Write a name into the column of names, beside the middle of its row."""
    short = shorten(name, FONT, room - _GAP)
    hover = name if short != name else ""
    drawing.text(room - _GAP, y + FONT / 3, short, look=look, anchor="end", hover=hover)
