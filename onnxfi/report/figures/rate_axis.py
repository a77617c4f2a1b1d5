"""Draws shares with their intervals as dots on lines."""

from collections.abc import Sequence
from typing import Any

from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.palette import colour
from onnxfi.report.figures.scale import Scale, tick_label
from onnxfi.report.figures.text import rate_text
from onnxfi.statistics import Rate

_RADIUS = 2.8  # pixels


def horizontal_rate(drawing: Drawing, scale: Scale, y: float, rate: Rate, *, name: str) -> None:
    """Draw a rate at the height y: its interval as a line, its share as a dot."""
    drawing.line(scale(100 * rate.low), y, scale(100 * rate.high), y, look="sdc-range")
    hover = f"{name}: {rate_text(rate)}"
    drawing.circle(scale(100 * rate.share), y, _RADIUS, look="sdc", hover=hover)


def vertical_rate(drawing: Drawing, scale: Scale, x: float, rate: Rate, *, name: str) -> None:
    """Draw a rate at the place x: its interval as a line, its share as a dot."""
    drawing.line(x, scale(100 * rate.low), x, scale(100 * rate.high), look="sdc-range")
    hover = f"{name}: {rate_text(rate)}"
    drawing.circle(x, scale(100 * rate.share), _RADIUS, look="sdc", hover=hover)


def horizontal_axis(drawing: Drawing, scale: Scale, top: float, bottom: float) -> None:
    """Draw the vertical lines of a scale, with their values in percent below."""
    for tick in scale.ticks:
        x = scale(tick)
        drawing.line(x, top, x, bottom, look="rule")
        label = tick_label(tick) + ("\N{NO-BREAK SPACE}%" if tick == scale.ticks[-1] else "")
        drawing.text(x, bottom + FONT + 2, label, look="soft", anchor="middle", size=SMALL)


def vertical_axis(drawing: Drawing, scale: Scale, left: float, right: float) -> None:
    """Draw the horizontal lines of a scale, with their values in percent on the left."""
    for tick in scale.ticks:
        y = scale(tick)
        drawing.line(left, y, right, y, look="rule")
        label = tick_label(tick) + ("\N{NO-BREAK SPACE}%" if tick == scale.ticks[-1] else "")
        drawing.text(left - 4, y + SMALL / 3, label, look="soft", anchor="end", size=SMALL)


def highest(rates: Sequence[Rate]) -> float:
    """Return the end of a scale that shows all intervals, in percent."""
    return 100 * max((x.high for x in rates), default=1.0)


def rate_trace(rates: Sequence[Rate], places: Sequence[Any], *, along: str) -> dict[str, Any]:
    """Return a plotly trace of rates with their intervals.

    Args:
        rates: the rates.
        places: the place of each rate on the other axis.
        along: the axis of the shares, ``x`` or ``y``.
    """
    across = "y" if along == "x" else "x"
    return {
        "type": "scatter",
        "mode": "markers",
        "showlegend": False,
        along: [100 * x.share for x in rates],
        across: list(places),
        f"error_{along}": {
            "type": "data",
            "symmetric": False,
            "array": [100 * (x.high - x.share) for x in rates],
            "arrayminus": [100 * (x.share - x.low) for x in rates],
            "width": 0,
        },
        "marker": {"color": colour("sdc")},
        "text": [rate_text(x) for x in rates],
        "hovertemplate": f"%{{{across}}}: %{{text}}<extra></extra>",
    }
