"""Explains the steps of a share's colour."""

from collections.abc import Sequence

from onnxfi.report.figures.drawing import SMALL, Drawing
from onnxfi.report.figures.palette import STEPS, colour
from onnxfi.report.figures.text import width_of

_BOX = 26.0  # pixels
_HEIGHT = 9.0
_LAST = 14.0  # half of the last label

#: The colour scale of plotly's heat maps.
STEP_COLOURS = [[k / (STEPS - 1), colour(f"q{k}")] for k in range(STEPS)]


def end_of(shares: Sequence[float]) -> float:
    """Return the end of the scale of some shares: a round number above the highest."""
    highest = max(shares, default=0.0)
    return next((x for x in (0.001, 0.01, 0.04, 0.08, 0.2, 0.4, 0.8) if highest <= x), 1.0)


def draw_steps(
    drawing: Drawing, left: float, top: float, end: float, *, right: float, name: str = "SDC"
) -> None:
    """Draw the steps from zero to the end, with their limits below; none ends behind the right."""
    drawing.text(left, top + _HEIGHT, name, look="soft", size=SMALL)
    left += width_of(name, SMALL) + 8
    box = min(_BOX, (right - left - _LAST) / STEPS)
    for step in range(STEPS):
        drawing.rectangle(left + step * box, top, box, _HEIGHT, look=f"q{step}")
    for step in range(0, STEPS + 1, 2 if box > 18 else 4):
        label = f"{100 * end * step / STEPS:g}" + ("\N{NO-BREAK SPACE}%" if step == STEPS else "")
        x = left + step * box
        drawing.text(x, top + _HEIGHT + SMALL + 1, label, look="soft", anchor="middle", size=SMALL)
