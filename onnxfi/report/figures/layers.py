"""Draws the SDC rate of each target, in the order of the network."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from onnxfi.report.counts import Counted
from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.figure import Figure
from onnxfi.report.figures.rate_axis import (
    highest,
    horizontal_axis,
    horizontal_rate,
    rate_trace,
)
from onnxfi.report.figures.rows import ROW, draw_name, room_for
from onnxfi.report.figures.scale import Scale
from onnxfi.report.figures.text import percent, plural, rate_text, share_shown, shorten
from onnxfi.report.target_names import target_names

# Sizes in pixels.
_HEAD = 34.0
_AXIS = 24.0
_BETWEEN = 16.0
_NARROWEST_PANEL = 130.0
_VALUE = 34.0


def layers_figure(targets: Sequence[Counted]) -> Figure:
    """Return the figure of the targets.

    Args:
        targets: the counts by target and error model, in the order of the network; at least one.
    """
    models = list(dict.fromkeys(x.error_model for x in targets))
    names = target_names(x.key for x in targets)
    return Figure(
        title="SDC by target",
        caption=f"The {share_shown(x.sdc for x in targets)}, with its 95 % "
        "interval, for each target in the order of the network. Each error model has its own "
        "scale.",
        alt=" ".join(
            _sentence([x for x in targets if x.error_model == model], names) for model in models
        ),
        _draw=lambda width: _draw(targets, names, models, width),
        _plotly=lambda: _plotly(targets, names, models),
    )


def _sentence(panel: Sequence[Counted], names: Mapping[str, str]) -> str:
    worst = max(panel, key=lambda x: x.sdc.share)
    if not worst.sdc.count:
        total = plural(sum(x.injections for x in panel), "injection")
        return f"{worst.error_model}: no SDC in {total}."
    return (
        f"{worst.error_model}: {plural(len(panel), 'target')}; SDC is highest at "
        f"{names[worst.key['target']]}, {rate_text(worst.sdc)}."
    )


def _draw(
    targets: Sequence[Counted], names: Mapping[str, str], models: Sequence[str], width: float
) -> Drawing:
    drawing = Drawing(width)
    order = list(names)
    label = room_for(names.values(), width)
    most = max(1, int((width - label + _BETWEEN) // (_NARROWEST_PANEL + _BETWEEN)))
    rows = -(-len(models) // most)
    columns = -(-len(models) // rows)
    room = (width - label - _BETWEEN * (columns - 1)) / columns
    top = 0.0
    for first in range(0, len(models), columns):
        bottom = top + _HEAD + ROW * len(order)
        for row, tensor in enumerate(order):
            draw_name(drawing, names[tensor], top + _HEAD + ROW * (row + 0.5), label)
        for column, model in enumerate(models[first : first + columns]):
            panel = {x.key["target"]: x for x in targets if x.error_model == model}
            left = label + column * (room + _BETWEEN)
            _draw_panel(drawing, panel, order, names, (left, top, left + room, bottom), model)
        top = bottom + _AXIS + _BETWEEN
    drawing.reach(top - _BETWEEN)
    return drawing


def _draw_panel(
    drawing: Drawing,
    panel: dict[str, Counted],
    order: Sequence[str],
    names: Mapping[str, str],
    box: tuple[float, float, float, float],
    model: str,
) -> None:
    """Draw the panel of one error model into a box (left, top, right, bottom)."""
    left, top, right, bottom = box
    room = right - left
    drawing.text(left, top + 12, shorten(model, FONT, room), look="bold", hover=model)
    total = plural(sum(x.injections for x in panel.values()), "injection")
    drawing.text(left, top + 25, total, look="soft", size=SMALL)
    scale = Scale.of(
        highest([x.sdc for x in panel.values()]),
        left + 3,
        right - _VALUE - 8,
        intervals=3 if room < 220 else 5,
    )
    horizontal_axis(drawing, scale, top + _HEAD - 2, bottom)
    for row, tensor in enumerate(order):
        counted = panel.get(tensor)
        if counted is None:
            continue
        y = top + _HEAD + ROW * (row + 0.5)
        horizontal_rate(drawing, scale, y, counted.sdc, name=names[tensor])
        value = percent(counted.sdc.share)
        drawing.text(right, y + SMALL / 3, value, look="soft", anchor="end", size=SMALL)


def _plotly(
    targets: Sequence[Counted], names: Mapping[str, str], models: Sequence[str]
) -> dict[str, Any]:
    order = {tensor: row for row, tensor in enumerate(names)}
    data, layout = [], {"height": 160 + 18 * len(order), "annotations": []}
    each = 1 / len(models)
    for number, model in enumerate(models):
        panel = [x for x in targets if x.error_model == model]
        trace = rate_trace(
            [x.sdc for x in panel], [order[x.key["target"]] for x in panel], along="x"
        )
        trace["customdata"] = [names[x.key["target"]] for x in panel]
        trace["hovertemplate"] = "%{customdata}: %{text}<extra></extra>"
        axis = str(number + 1) if number else ""
        data.append(trace | {"xaxis": f"x{axis}", "yaxis": "y", "name": html.escape(model)})
        layout[f"xaxis{axis}"] = {
            "domain": [number * each, (number + 0.92) * each],
            "title": {"text": f"{html.escape(model)}: SDC (%)"},
            "rangemode": "tozero",
        }
    layout["yaxis"] = {
        "tickvals": list(order.values()),
        "ticktext": [html.escape(shorten(x, 1, 30)) for x in names.values()],
        "range": [len(order) - 0.5, -0.5],
        "automargin": True,
    }
    return {"data": data, "layout": layout}
