"""Draws how far the SDC rate falls when targets are protected, the most important first."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from onnxfi.report.counts import Answer, Counted
from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.figure import Figure
from onnxfi.report.figures.palette import colour
from onnxfi.report.figures.rate_axis import horizontal_axis
from onnxfi.report.figures.rows import ROW, draw_name, room_for
from onnxfi.report.figures.scale import Scale
from onnxfi.report.figures.text import percent, plural, shorten
from onnxfi.report.target_names import target_names

# The most targets that are drawn.
_MOST = 20
# Sizes in pixels.
_HEAD = 34.0
_AXIS = 26.0
_BETWEEN = 20.0
_SHARE = 118.0


def protection_figure(answers: Sequence[Answer], order: Sequence[Counted]) -> Figure:
    """Return the figure of protection.

    Args:
        answers: the answers of the error models with an SDC; at least one.
        order: the counts by target, for their names.
    """
    names = target_names(x.key for x in order)
    return Figure(
        title="What protection would achieve",
        caption="SDC rate of the network if targets are protected perfectly, one after the other, "
        "the one with the largest share of all SDC first. Each target counts with its bits. The "
        "line is the 95 % interval.",
        alt=" ".join(_sentence(x, names) for x in answers),
        _draw=lambda width: _draw(answers, names, width),
        _plotly=lambda: _plotly(answers, names),
    )


def _sentence(answer: Answer, names: Mapping[str, str]) -> str:
    half = next(k for k, x in enumerate(answer.protection, 1) if x.together >= 0.5 - 1e-9)
    last = answer.protection[half - 1]
    return (
        f"{answer.error_model}: protecting {plural(half, 'target')} "
        f"({', '.join(names[x.target] for x in answer.protection[:half][:5])}"
        f"{', …' if half > 5 else ''}) lowers SDC from {percent(answer.sdc.share)} % to "
        f"{percent(last.remaining.share)} %."
    )


def _draw(answers: Sequence[Answer], names: Mapping[str, str], width: float) -> Drawing:
    drawing = Drawing(width)
    shown = [name for x in answers for name, _, _ in _rows(x, names)]
    label = room_for(shown, width)
    top = 0.0
    for answer in answers:
        drawing.text(
            label,
            top + 12,
            shorten(answer.error_model, FONT, width - label),
            look="bold",
            hover=answer.error_model,
        )
        rows = _rows(answer, names)
        scale = Scale.of(100 * answer.sdc.high, label + 3, width - _SHARE - 12)
        bottom = top + _HEAD + ROW * len(rows)
        for x, head in ((width, "of all SDC"), (width - _SHARE / 2, "SDC left")):
            drawing.text(x, top + 25, head, look="soft", anchor="end", size=SMALL)
        horizontal_axis(drawing, scale, top + _HEAD, bottom)
        places = []
        for row, (name, share, rate) in enumerate(rows):
            y = top + _HEAD + ROW * (row + 0.5)
            draw_name(drawing, name, y, label)
            drawing.line(scale(100 * rate.low), y, scale(100 * rate.high), y, look="sdc-range")
            hover = (
                f"{name}: SDC {percent(rate.share)} % [{percent(rate.low)}, {percent(rate.high)}]"
            )
            drawing.circle(scale(100 * rate.share), y, 2.8, look="sdc", hover=hover)
            left = f"{percent(rate.share)} %"
            for x, text in ((width, share), (width - _SHARE / 2, left)):
                drawing.text(x, y + SMALL / 3, text, look="soft", anchor="end", size=SMALL)
            places.append((scale(100 * rate.share), y))
        drawing.path(places, look="edge")
        top = bottom + _AXIS + _BETWEEN
    drawing.reach(top - _BETWEEN)
    return drawing


def _rows(answer: Answer, names: Mapping[str, str]) -> list[tuple[str, str, Any]]:
    """Return the name, the share and the rate of each row; the first protects nothing."""
    shown = [x for x in answer.protection[:_MOST] if x.share]
    rows: list[tuple[str, str, Any]] = [("nothing protected", "", answer.sdc)]
    for k, x in enumerate(shown):
        name = names[x.target]
        rows.append((f"+ {name}" if k else name, f"{percent(x.share)} %", x.remaining))
    return rows


def _plotly(answers: Sequence[Answer], names: Mapping[str, str]) -> dict[str, Any]:
    data = []
    for answer in answers:
        rows = [answer.sdc, *(x.remaining for x in answer.protection)]
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": html.escape(answer.error_model),
                "x": list(range(len(rows))),
                "y": [100 * x.share for x in rows],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [100 * (x.high - x.share) for x in rows],
                    "arrayminus": [100 * (x.share - x.low) for x in rows],
                    "width": 0,
                },
                "text": ["nothing", *(html.escape(names[x.target]) for x in answer.protection)],
                "hovertemplate": "%{x} protected, last %{text}: %{y:.2f} %<extra></extra>",
            }
        )
    if len(data) == 1:
        data[0]["marker"] = {"color": colour("sdc")}
    layout = {
        "xaxis": {"title": {"text": "protected targets"}},
        "yaxis": {"title": {"text": "SDC of the network (%)"}, "rangemode": "tozero"},
    }
    return {"data": data, "layout": layout}
