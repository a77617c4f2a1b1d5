"""Draws how far the outputs moved."""

import html
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from onnxfi.report.counts import PER_DECADE, Magnitudes
from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.figure import Figure
from onnxfi.report.figures.palette import colour
from onnxfi.report.figures.rate_axis import vertical_axis
from onnxfi.report.figures.scale import Scale
from onnxfi.report.figures.text import grouped, shorten, width_of

_OUTCOMES = ("sdc", "benign", "due")
# Sizes in pixels.
_LEFT = 40.0
_PANEL = 110.0
_HEAD = 38.0
_AXIS = 36.0
_BETWEEN = 18.0
_LABELS = 210.0
_LINE = 14.0

_Panel = Mapping[str, Magnitudes]


def magnitudes_figure(found: Mapping[tuple[str, str], Magnitudes]) -> Figure:
    """Return the figure of the errors.

    Args:
        found: the errors by error model and outcome; at least one.
    """
    models = list(dict.fromkeys(model for model, _ in found))
    panels = {
        model: {x: found[model, x] for x in (*_OUTCOMES, "masked") if (model, x) in found}
        for model in models
    }
    return Figure(
        title="Size of the error",
        caption="Share of the injections of each outcome whose outputs moved by at most this much "
        "(largest absolute error, logarithmic axis). Errors that are zero, infinite or not a "
        "number are counted beside it.",
        alt=" ".join(_sentence(model, panel) for model, panel in panels.items()),
        _draw=lambda width: _draw(panels, width),
        _plotly=lambda: _plotly(panels),
    )


def _sentence(model: str, panel: _Panel) -> str:
    parts = [f"{name} {_about(x)}" for name, x in panel.items() if x.total]
    return f"{model}: {'; '.join(parts)}."


def _about(found: Magnitudes) -> str:
    """Return the median error and the counts of the others, such as ``12, median 0.3``."""
    parts = [grouped(found.total)]
    if found.bins:
        parts.append(f"median {_median(found):.2g}" if _is_finite(found) else "mostly not finite")
    for count, name in ((found.zero, "zero"), (found.infinite, "infinite"), (found.nan, "NaN")):
        if count:
            parts.append(f"{grouped(count)} {name}" if count < found.total else f"all {name}")
    return ", ".join(parts)


def _is_finite(found: Magnitudes) -> bool:
    return 2 * (found.infinite + found.nan) < found.total


def _median(found: Magnitudes) -> float:
    """Return the median of the finite errors that are not zero."""
    half, seen = found.bins.total() / 2, 0
    for place in sorted(found.bins):
        seen += found.bins[place]
        if seen >= half:
            return float(10 ** ((place + 0.5) / PER_DECADE))
    return 0.0


def steps_of(found: Magnitudes) -> list[tuple[float, float]]:
    """Return the distribution function: logarithms of errors, and the share up to them.

    The share is of all injections, so it ends below 1 if some errors are not finite.
    """
    places = sorted(found.bins)
    sums = itertools.accumulate((found.bins[x] for x in places), initial=found.zero)
    starts = [places[0], *(x + 1 for x in places)]
    return [(x / PER_DECADE, y / found.total) for x, y in zip(starts, sums, strict=True)]


def _draw(panels: Mapping[str, _Panel], width: float) -> Drawing:
    drawing = Drawing(width)
    beside = width > 2 * _LABELS
    right = width - _LABELS if beside else width - 8
    top = 0.0
    for model, panel in panels.items():
        below = 0.0 if beside else _LINE * len(panel)
        bottom = top + _HEAD + _PANEL
        short = shorten(model, FONT, width - _LEFT)
        drawing.text(_LEFT, top + 12, short, look="bold", hover=model)
        drawing.text(_LEFT, top + 26, "share of injections", look="soft", size=SMALL)
        vertical_axis(drawing, Scale.of(100, bottom, top + _HEAD), _LEFT, right)
        _draw_curves(drawing, panel, (_LEFT, top + _HEAD, right, bottom))
        for line, (name, found) in enumerate(panel.items()):
            x = right + 14 if beside else _LEFT
            y = top + _HEAD + 12 + line * _LINE if beside else bottom + _AXIS + (line + 0.7) * _LINE
            drawing.text(x, y, name, look=f"{name} bold", size=FONT)
            about = shorten(_about(found), SMALL, width - x - 48)
            drawing.text(x + 46, y, about, look="soft", size=SMALL, hover=_about(found))
        top = bottom + _AXIS + below + _BETWEEN
    drawing.reach(top - _BETWEEN)
    return drawing


def _draw_curves(drawing: Drawing, panel: _Panel, box: tuple[float, float, float, float]) -> None:
    """Draw the distributions and their axis into a box (left, top, right, bottom)."""
    left, top, right, bottom = box
    curves = {name: steps_of(x) for name, x in panel.items() if x.bins}
    if not curves:
        drawing.text((left + right) / 2, (top + bottom) / 2, "no finite error", anchor="middle")
        return
    first = math.floor(min(x[0][0] for x in curves.values()))
    last = max(math.ceil(max(x[-1][0] for x in curves.values())), first + 1)

    def across(logarithm: float) -> float:
        return left + (right - left) * (logarithm - first) / (last - first)

    for name, steps in reversed(curves.items()):
        corners = [(across(first), bottom - steps[0][1] * (bottom - top))]
        for (_, before), (x, share) in itertools.pairwise(steps):
            corners.append((across(x), bottom - before * (bottom - top)))
            corners.append((across(x), bottom - share * (bottom - top)))
        corners.append((right, corners[-1][1]))
        drawing.path(corners, look=f"{name}-line")
    every = max(1, math.ceil((last - first) * width_of("10-00", SMALL) * 1.6 / (right - left)))
    for power in range(first, last + 1, every):
        drawing.line(across(power), bottom, across(power), bottom + 4, look="axis")
        drawing.text(
            across(power), bottom + 15, _power(power), look="soft", anchor="middle", size=SMALL
        )
    drawing.text(
        (left + right) / 2,
        bottom + 28,
        "largest absolute error",
        look="soft",
        anchor="middle",
        size=SMALL,
    )


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _power(exponent: int) -> str:
    """Return a power of ten: as a number near 1, else with a raised exponent."""
    if -3 <= exponent <= 3:
        return f"{10.0**exponent:g}"
    return f"10{str(exponent).translate(_RAISED)}"


def _plotly(panels: Mapping[str, _Panel]) -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"height": 120 + 220 * len(panels)}
    each = 1 / len(panels)
    for number, (model, panel) in enumerate(panels.items()):
        axis = str(number + 1) if number else ""
        shown: Sequence[str] = [name for name, x in panel.items() if x.bins]
        for name in shown:
            steps = steps_of(panel[name])
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "line": {"shape": "hv", "color": colour(name)},
                    "name": f"{name} ({html.escape(model)})",
                    "x": [10**x for x, _ in steps],
                    "y": [100 * y for _, y in steps],
                    "xaxis": f"x{axis}",
                    "yaxis": f"y{axis}",
                }
            )
        layout[f"xaxis{axis}"] = {
            "type": "log",
            "anchor": f"y{axis}",
            "title": {"text": f"largest absolute error ({html.escape(model)})"},
        }
        layout[f"yaxis{axis}"] = {
            "domain": [1 - (number + 0.7) * each, 1 - number * each],
            "title": {"text": "share (%)"},
            "range": [0, 100],
        }
    return {"data": data, "layout": layout}
