"""Draws the SDC rate of each spatial pattern, the most dangerous first."""

import html
from collections.abc import Sequence
from typing import Any

from onnxfi.report.counts import Counted
from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.figure import Figure
from onnxfi.report.figures.glyphs import GLYPH_HEIGHT, GLYPH_WIDTH, draw_glyph
from onnxfi.report.figures.rate_axis import (
    highest,
    horizontal_axis,
    horizontal_rate,
    rate_trace,
)
from onnxfi.report.figures.scale import Scale
from onnxfi.report.figures.text import (
    grouped,
    percent,
    plural,
    rate_text,
    share_shown,
    shorten,
    width_of,
)
from onnxfi.statistics import EstimatedRate

# Sizes in pixels.
_ROW = GLYPH_HEIGHT + 9
_HEAD = 34.0
_AXIS = 26.0
_BETWEEN = 20.0
_GAP = 8.0
_VALUES = 104.0


def patterns_figure(patterns: Sequence[Counted]) -> Figure:
    """Return the figure of the patterns.

    Args:
        patterns: the counts by pattern and error model; at least one.
    """
    models = list(dict.fromkeys(x.error_model for x in patterns))
    panels = {
        model: sorted(
            (x for x in patterns if x.error_model == model),
            key=lambda x: (-x.sdc.share, -x.sdc.low),
        )
        for model in models
    }
    return Figure(
        title="SDC by spatial pattern",
        caption=f"The {share_shown(x.sdc for x in patterns)}, with its 95 % "
        "interval, by the spatial pattern of the corrupted values, the most dangerous first. The "
        "drawings are examples: three channels, each with rows and columns.",
        alt=" ".join(
            f"{model}: {plural(len(panel), 'pattern')}; {_name(panel[0])} is most dangerous, "
            f"{rate_text(panel[0].sdc)}."
            for model, panel in panels.items()
        ),
        _draw=lambda width: _draw(panels, width),
        _plotly=lambda: _plotly(panels),
    )


def _name(counted: Counted) -> str:
    return str(counted.key["pattern"]).replace("_", " ")


def _draw(panels: dict[str, list[Counted]], width: float) -> Drawing:
    drawing = Drawing(width)
    names = {_name(x) for panel in panels.values() for x in panel}
    room = min(max(width_of(x, FONT) for x in names), 0.3 * width)
    left = room + 2 * _GAP + GLYPH_WIDTH
    top = 0.0
    for model, panel in panels.items():
        bottom = top + _HEAD + _ROW * len(panel)
        drawing.text(left, top + 12, shorten(model, FONT, width - left), look="bold", hover=model)
        drawing.text(width, top + 26, "SDC", look="soft", anchor="end", size=SMALL)
        scale = Scale.of(highest([x.sdc for x in panel]), left + 3, width - _VALUES - _GAP)
        horizontal_axis(drawing, scale, top + _HEAD, bottom)
        for row, x in enumerate(panel):
            y = top + _HEAD + _ROW * (row + 0.5)
            short = shorten(_name(x), FONT, room)
            drawing.text(room, y + FONT / 3, short, anchor="end", hover=str(x.key["pattern"]))
            draw_glyph(drawing, str(x.key["pattern"]), room + _GAP, y - GLYPH_HEIGHT / 2)
            horizontal_rate(drawing, scale, y, x.sdc, name=_name(x))
            value = f"{grouped(x.sdc.count)} of {grouped(x.injections)}"
            if isinstance(x.sdc, EstimatedRate):
                value = f"{percent(x.sdc.share)}\N{NO-BREAK SPACE}%"
            drawing.text(width, y + SMALL / 3, value, look="soft", anchor="end", size=SMALL)
        top = bottom + _AXIS + _BETWEEN
    drawing.reach(top - _BETWEEN)
    return drawing


def _plotly(panels: dict[str, list[Counted]]) -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"height": 140}
    each = 1 / len(panels)
    for number, (model, panel) in enumerate(panels.items()):
        axis = str(number + 1) if number else ""
        names = [html.escape(_name(x)) for x in panel]
        trace = rate_trace([x.sdc for x in panel], names, along="x")
        data.append(trace | {"xaxis": f"x{axis}", "yaxis": f"y{axis}"})
        layout[f"xaxis{axis}"] = {
            "anchor": f"y{axis}",
            "title": {"text": f"{html.escape(model)}: SDC (%)"},
            "rangemode": "tozero",
        }
        layout[f"yaxis{axis}"] = {
            "domain": [1 - (number + 0.8) * each, 1 - number * each],
            "autorange": "reversed",
            "automargin": True,
        }
        layout["height"] += 80 + 20 * len(panel)
    return {"data": data, "layout": layout}
