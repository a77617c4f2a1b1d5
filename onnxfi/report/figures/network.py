"""Draws the network as a graph, with targets coloured by their SDC rate."""

import html
from collections.abc import Sequence
from typing import Any

from onnxfi.report.counts import Counted
from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.figure import Figure
from onnxfi.report.figures.palette import step_of
from onnxfi.report.figures.rows import ROW, draw_name, room_for
from onnxfi.report.figures.steps import STEP_COLOURS, draw_steps, end_of
from onnxfi.report.figures.text import percent, plural, rate_text, share_shown, shorten
from onnxfi.report.target_names import target_names
from onnxfi.report.wiring import Wiring, lanes_of

_JOINT = " + "
# Sizes in pixels.
_HEAD = 24.0
_FOOT = 34.0
_BETWEEN = 22.0
_LANE = 13.0
_RADIUS = 4.6
_SMALL_RADIUS = 2.0
_VALUE = 40.0
_NARROWEST_PANEL = 150.0


def network_figure(targets: Sequence[Counted], wiring: Wiring) -> Figure:
    """Return the figure of the network.

    Args:
        targets: the counts by target and error model; at least one.
        wiring: the network, reduced to these targets.
    """
    models = list(dict.fromkeys(x.error_model for x in targets))
    rows = _Rows(targets, wiring)
    return Figure(
        title="SDC in the network",
        caption="The network from its inputs (above) to its outputs (below). Each target is "
        f"coloured by the {share_shown(x.sdc for x in targets)}. Operators "
        "that are no targets are left out, but for those that join branches (small points).",
        alt=f"The network with {plural(sum(bool(x.tensors) for x in wiring.vertices), 'target')}. "
        + " ".join(_sentence(model, rows) for model in models),
        _draw=lambda width: _draw(rows, models, width),
        _plotly=lambda: _plotly(rows, models),
    )


class _Rows:
    """The vertices with their names, their lanes and their counts."""

    def __init__(self, targets: Sequence[Counted], wiring: Wiring) -> None:
        self.wiring = wiring
        self.lanes = lanes_of(wiring.sources)
        self.names = target_names(x.key for x in targets)
        self._of_tensor: dict[tuple[str, str], Counted] = {}
        for x in targets:
            for tensor in (*str(x.key["target"]).split(_JOINT), str(x.key["target"])):
                self._of_tensor[x.error_model, tensor] = x

    def name(self, row: int) -> str:
        """Return the name of a vertex."""
        vertex = self.wiring.vertices[row]
        return ", ".join(self.names.get(x, x) for x in vertex.tensors) or vertex.name

    def counted(self, model: str, row: int) -> Counted | None:
        """Return the counts of a vertex; of several targets the one with the highest rate."""
        tensors = self.wiring.vertices[row].tensors
        found = [y for x in tensors if (y := self._of_tensor.get((model, x))) is not None]
        return max(found, key=lambda x: x.sdc.share, default=None)

    def panel(self, model: str) -> list[Counted | None]:
        """Return the counts of all vertices."""
        return [self.counted(model, row) for row in range(len(self.lanes))]


def _sentence(model: str, rows: _Rows) -> str:
    found = [(x, row) for row, x in enumerate(rows.panel(model)) if x is not None]
    if not found:
        return ""
    worst, row = max(found, key=lambda pair: pair[0].sdc.share)
    return f"{model}: SDC is highest at {rows.name(row)}, {rate_text(worst.sdc)}."


def _draw(rows: _Rows, models: Sequence[str], width: float) -> Drawing:
    drawing = Drawing(width)
    label = room_for([rows.name(row) for row in range(len(rows.lanes))], width)
    count = max(rows.lanes, default=0) + 1
    wanted = max(_NARROWEST_PANEL, count * _LANE + _VALUE)
    columns = max(1, min(len(models), int((width - label + _BETWEEN) // (wanted + _BETWEEN))))
    room = (width - label - _BETWEEN * (columns - 1)) / columns
    lane = min(_LANE, (room - _VALUE) / count)
    top = 0.0
    for first in range(0, len(models), columns):
        bottom = top + _HEAD + ROW * len(rows.lanes)
        for row, vertex in enumerate(rows.wiring.vertices):
            y = top + _HEAD + ROW * (row + 0.5)
            look = "" if vertex.tensors else "soft"
            draw_name(drawing, rows.name(row), y, label, look=look)
        for column, model in enumerate(models[first : first + columns]):
            left = label + column * (room + _BETWEEN)
            drawing.text(left, top + 12, shorten(model, FONT, room), look="bold", hover=model)
            _draw_graph(drawing, rows, model, (left, top + _HEAD), (room, lane))
        top = bottom + _FOOT + _BETWEEN
    drawing.reach(top - _BETWEEN)
    return drawing


def _draw_graph(
    drawing: Drawing,
    rows: _Rows,
    model: str,
    corner: tuple[float, float],
    sizes: tuple[float, float],
) -> None:
    (left, top), (room, lane) = corner, sizes
    places = [
        (left + lane * (x + 0.5), top + ROW * (row + 0.5)) for row, x in enumerate(rows.lanes)
    ]
    _draw_edges(drawing, rows.wiring.sources, places)
    panel = rows.panel(model)
    end = end_of([x.sdc.share for x in panel if x is not None])
    beside = left + lane * (max(rows.lanes, default=0) + 1)
    for row, ((x, y), counted) in enumerate(zip(places, panel, strict=True)):
        name = rows.name(row)
        if counted is None:
            is_joint = bool(rows.wiring.sources[row]) and not rows.wiring.vertices[row].tensors
            radius = _SMALL_RADIUS if is_joint else _RADIUS - 1
            drawing.circle(x, y, radius, look="joint" if is_joint else "plain", hover=name)
            continue
        hover = f"{name}: {rate_text(counted.sdc)}"
        if name != rows.names[counted.key["target"]] and _JOINT in str(counted.key["target"]):
            hover += f", hit together: {counted.key['target']}"
        step = step_of(counted.sdc.share, end)
        drawing.circle(x, y, _RADIUS, look=f"q{step} ring", hover=hover)
        if counted.sdc.count:
            value = percent(counted.sdc.share)
            drawing.text(beside + 6, y + SMALL / 3, value, look="soft", size=SMALL)
    draw_steps(drawing, left, top + ROW * len(places) + 8, end, right=left + room)


def _draw_edges(
    drawing: Drawing,
    sources: Sequence[Sequence[int]],
    places: Sequence[tuple[float, float]],
) -> None:
    """Draw a line down the lane of each vertex, and bends into the lanes of its readers."""
    ends: dict[int, float] = {}
    for row, read in enumerate(sources):
        x, y = places[row]
        for source in read:
            start = places[source][0]
            turn = y if start == x else y - ROW
            ends[source] = max(ends.get(source, 0.0), turn)
            if start != x:
                middle = (turn + y) / 2
                curve = ((start, turn), (start, middle), (x, middle), (x, y))
                drawing.curve(curve, look="edge")
    for source, end in ends.items():
        x, y = places[source]
        if end > y:
            drawing.line(x, y, x, end, look="edge")


def _plotly(rows: _Rows, models: Sequence[str]) -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"height": 160 + 18 * len(rows.lanes)}
    each = 1 / len(models)
    for number, model in enumerate(models):
        axis = f"x{number + 1}" if number else "x"
        x: list[float | None] = []
        y: list[float | None] = []
        for row, sources in enumerate(rows.wiring.sources):
            for source in sources:
                x += [rows.lanes[source], rows.lanes[source], rows.lanes[row], None]
                y += [source, row - 1, row, None]
        lines = {"mode": "lines", "line": {"color": "#57606a", "width": 1}, "hoverinfo": "skip"}
        data.append({"type": "scatter", "x": x, "y": y, "xaxis": axis, "showlegend": False} | lines)
        shown = [(row, c) for row, c in enumerate(rows.panel(model)) if c is not None]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [rows.lanes[row] for row, _ in shown],
                "y": [row for row, _ in shown],
                "xaxis": axis,
                "showlegend": False,
                "marker": {
                    "size": 11,
                    "color": [100 * c.sdc.share for _, c in shown],
                    "colorscale": STEP_COLOURS,
                    "cmin": 0,
                    "line": {"color": "#57606a", "width": 1},
                },
                "text": [f"{html.escape(rows.name(row))}: {rate_text(c.sdc)}" for row, c in shown],
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
        layout[f"xaxis{number + 1 if number else ''}"] = {
            "domain": [number * each, (number + 0.92) * each],
            "visible": True,
            "showticklabels": False,
            "title": {"text": html.escape(model)},
        }
    layout["yaxis"] = {
        "tickvals": list(range(len(rows.lanes))),
        "ticktext": [html.escape(shorten(rows.name(x), 1, 30)) for x in range(len(rows.lanes))],
        "range": [len(rows.lanes) - 0.5, -0.5],
        "automargin": True,
    }
    return {"data": data, "layout": layout}
