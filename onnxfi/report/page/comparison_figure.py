"""Draws the rates of two campaigns side by side."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from onnxfi.report.figures import Figure
from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.palette import colour
from onnxfi.report.figures.rate_axis import horizontal_axis
from onnxfi.report.figures.rows import draw_name, room_for
from onnxfi.report.figures.scale import Scale
from onnxfi.report.figures.text import percent, shorten
from onnxfi.statistics import ComparedGroup, Rate, WeightedRate

# Sizes in pixels.
_ROW = 22.0
_HEAD = 26.0
_AXIS = 26.0
_BETWEEN = 18.0
_VALUES = 84.0
_APART = 4.0


def comparison_figure(
    groups: Sequence[ComparedGroup], labels: Mapping[str, str], name: str
) -> Figure:
    """Return the figure of a rate at each target, before and after.

    Args:
        groups: the compared targets, at least one.
        labels: the label of each target of the first campaign.
        name: the outcome, such as ``sdc``.
    """
    models = list(dict.fromkeys(x.error_model for x in groups))
    lower = sum(1 for x in groups if x.rates[name].difference.high < 0)
    higher = sum(1 for x in groups if x.rates[name].difference.low > 0)
    return Figure(
        title=f"{name.upper()} by target, before and after",
        caption=f"Share of injections that end in {name.upper()}, with its 95 % interval: before "
        "in grey with an open dot, after in colour. Each error model has its own scale.",
        alt=f"{name.upper()} is lower at {lower} and higher at {higher} of {len(groups)} targets; "
        "the table below has the numbers.",
        _draw=lambda width: _draw(groups, labels, models, name, width),
        _plotly=lambda: _plotly(groups, labels, name),
    )


def _draw(
    groups: Sequence[ComparedGroup],
    labels: Mapping[str, str],
    models: Sequence[str],
    name: str,
    width: float,
) -> Drawing:
    drawing = Drawing(width)
    label = room_for(labels.values(), width)
    top = 0.0
    for model in models:
        panel = [x for x in groups if x.error_model == model]
        bottom = top + _HEAD + _ROW * len(panel)
        drawing.text(label, top + 12, shorten(model, FONT, width - label), look="bold", hover=model)
        ends = [max(x.rates[name].before.high, x.rates[name].after.high) for x in panel]
        scale = Scale.of(100 * max(ends), label + 3, width - _VALUES - 8)
        horizontal_axis(drawing, scale, top + _HEAD - 2, bottom)
        for row, x in enumerate(panel):
            y = top + _HEAD + _ROW * (row + 0.5)
            target = labels[str(x.target)]
            rate = x.rates[name]
            draw_name(drawing, target, y, label)
            _draw_rate(drawing, scale, y - _APART, rate.before, "masked", f"{target}, before")
            _draw_rate(drawing, scale, y + _APART, rate.after, "sdc", f"{target}, after")
            values = f"{percent(rate.before.share)} → {percent(rate.after.share)}"
            drawing.text(width, y + SMALL / 3, values, look="soft", anchor="end", size=SMALL)
        top = bottom + _AXIS + _BETWEEN
    drawing.reach(top - _BETWEEN)
    return drawing


def _draw_rate(
    drawing: Drawing, scale: Scale, y: float, rate: Rate | WeightedRate, look: str, name: str
) -> None:
    drawing.line(scale(100 * rate.low), y, scale(100 * rate.high), y, look=f"{look}-line")
    ends = f"[{percent(rate.low)}, {percent(rate.high)}]"
    hover = f"{name}: {percent(rate.share)} % {ends}"
    dot = "plain" if look == "masked" else look
    drawing.circle(scale(100 * rate.share), y, 2.8, look=dot, hover=hover)


def _plotly(
    groups: Sequence[ComparedGroup], labels: Mapping[str, str], name: str
) -> dict[str, Any]:
    rows = [f"{labels[str(x.target)]} · {x.error_model}" for x in groups]
    data = []
    for when, shade in (("before", "masked"), ("after", "sdc")):
        rates = [getattr(x.rates[name], when) for x in groups]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": when,
                "x": [100 * x.share for x in rates],
                "y": [html.escape(x) for x in rows],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [100 * (x.high - x.share) for x in rates],
                    "arrayminus": [100 * (x.share - x.low) for x in rates],
                },
                "marker": {"color": colour(shade)},
            }
        )
    return {
        "data": data,
        "layout": {
            "xaxis": {"title": {"text": f"{name.upper()} (%)"}, "rangemode": "tozero"},
            "yaxis": {"autorange": "reversed", "automargin": True},
        },
    }
