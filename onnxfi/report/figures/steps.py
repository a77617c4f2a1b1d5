"""Explains the steps of a share's colour."""

from collections.abc import Sequence

from onnxfi.report.figures.drawing import SMALL, Drawing
from onnxfi.report.figures.palette import STEPS, colour
from onnxfi.report.figures.text import width_of

_BOX = 26.0  # pixels
_HEIGHT = 9.0

#: The colour scale of plotly's heat maps.
STEP_COLOURS = [[k / (STEPS - 1), colour(f"q{k}")] for k in range(STEPS)]


def end_of(shares: Sequence[float]) -> float:
    """Return the end of the scale of some shares: a round number above the highest."""
    highest = max(shares, default=0.0)
    return next((x for x in (0.001, 0.01, 0.04, 0.08, 0.2, 0.4, 0.8) if highest <= x), 1.0)


def draw_steps(
    drawing: Drawing, left: float, top: float, end: float, *, name: str = "SDC", box: float = _BOX
) -> None:
    """Draw the steps from zero to the end, with their limits below."""
    drawing.text(left, top + _HEIGHT, name, look="soft", size=SMALL)
    left += width_of(name, SMALL) + 8
    for step in range(STEPS):
        drawing.rectangle(left + step * box, top, box, _HEIGHT, look=f"q{step}")
    for step in range(0, STEPS + 1, 2 if box > 20 else 4):
        label = f"{100 * end * step / STEPS:g}" + ("\N{NO-BREAK SPACE}%" if step == STEPS else "")
        x = left + step * box
        drawing.text(x, top + _HEIGHT + SMALL + 1, label, look="soft", anchor="middle", size=SMALL)
