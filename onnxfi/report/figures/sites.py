"""Draws where the faults of one target hit it."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnxfi.report.counts import Sites, merge
from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.figure import Figure
from onnxfi.report.figures.palette import step_of
from onnxfi.report.figures.steps import STEP_COLOURS, draw_steps, end_of
from onnxfi.report.figures.text import grouped, percent, plural, shorten

# The most cells along an axis; neighbours are joined beyond.
_CHANNELS = 64
_ROWS = 32
_COLUMNS = 32
# Sizes in pixels.
_LEFT = 58.0
_HEAD = 36.0
_FOOT = 36.0
_BETWEEN = 22.0
_WIDEST_CELL = 22.0
_NARROWEST_CELL = 8.0
_STRIP = 16.0


def sites_figure(name: str, sites: Mapping[str, Sites]) -> Figure:
    """Return the figure of the sites of one target.

    Args:
        name: the target.
        sites: its sites by error model; at least one.
    """
    return Figure(
        title=f"Injection sites of {name}",
        caption="Share of the hits that belong to an injection that ended in silent data "
        "corruption (SDC), by channel, and by row and column over all channels. A hit is one "
        "corrupted value. Outlined cells were not hit.",
        alt=" ".join(_sentence(model, x) for model, x in sites.items()),
        _draw=lambda width: _draw(sites, width),
        _plotly=lambda: _plotly(sites),
    )


def _sentence(model: str, sites: Sites) -> str:
    channels, rows, columns = sites.shape
    hits, sdc = (int(x) for x in sites.channels.sum(axis=1))
    return (
        f"{model}: {plural(sites.injections, 'injection')} with {plural(hits, 'hit')} in "
        f"{plural(channels, 'channel')} of {rows} x {columns}; {_about(hits, sdc)}."
    )


def _about(hits: int, sdc: int) -> str:
    return f"SDC in {percent(sdc / hits)} % of {plural(hits, 'hit')}"


def _draw(sites: Mapping[str, Sites], width: float) -> Drawing:
    drawing = Drawing(width)
    panels = {model: _grids(x) for model, x in sites.items()}
    wide = max(grid.hits.shape[2] for grids in panels.values() for grid in grids)
    beside = int((width + _BETWEEN) // (_LEFT + wide * _NARROWEST_CELL + _BETWEEN))
    columns = max(1, min(beside, len(panels)))
    room = (width - _BETWEEN * (columns - 1)) / columns
    top = bottom = 0.0
    for number, (model, grids) in enumerate(panels.items()):
        column = number % columns
        if not column and number:
            top = bottom + _BETWEEN
        left = column * (room + _BETWEEN) + _LEFT
        about = (
            f"{plural(sites[model].injections, 'injection')}, "
            f"{plural(int(sites[model].channels[0].sum()), 'hit')}"
        )
        drawing.text(left, top + 12, shorten(model, FONT, room - _LEFT), look="bold", hover=model)
        drawing.text(left, top + 25, about, look="soft", size=SMALL)
        end = end_of([_highest(x.hits) for x in grids])
        y = top + _HEAD
        for grid in grids:
            y = _draw_grid(drawing, grid, (left, y), end, room - _LEFT)
        draw_steps(drawing, left, y, end, right=left - _LEFT + room, name="SDC of hits")
        bottom = max(bottom, y + _FOOT)
    drawing.reach(bottom)
    return drawing


@dataclass(frozen=True, slots=True)
class _Grid:
    """Hits (2, rows, columns), with the names and the full lengths of the two axes."""

    hits: np.ndarray
    row: str
    column: str
    rows: int
    columns: int


def _grids(sites: Sites) -> list[_Grid]:
    """Return the channels, and the rows and columns, of targets that have several."""
    channels, rows, columns = sites.shape
    found = []
    if channels > 1 or rows * columns == 1:
        hits = merge(sites.channels, {1: _CHANNELS})[:, None, :]
        found.append(_Grid(hits, "", "channel", 1, channels))
    if rows * columns > 1:
        hits = merge(sites.positions, {1: _ROWS, 2: _COLUMNS if rows > 1 else _CHANNELS})
        names = ("row", "column") if rows > 1 else ("", "position")
        found.append(_Grid(hits, *names, rows, columns))
    return found


def _highest(hits: np.ndarray) -> float:
    shares = np.divide(hits[1], hits[0], out=np.zeros(hits[0].shape), where=hits[0] > 0)
    return float(np.max(shares))


def _draw_grid(
    drawing: Drawing, grid: _Grid, corner: tuple[float, float], end: float, room: float
) -> float:
    """Draw a grid and its axes at a corner (left, top); return where they end."""
    left, top = corner
    high, wide = (int(x) for x in grid.hits.shape[1:])
    cell = min(_WIDEST_CELL, room / wide)
    height = _STRIP if high == 1 else cell
    for row, column in np.ndindex(high, wide):
        total, sdc = (int(x) for x in grid.hits[:, row, column])
        x, y = left + column * cell, top + row * height
        if not total:
            drawing.rectangle(x + 1, y + 1, cell - 2, height - 2, look="empty")
            continue
        where = f"{grid.column} {_range(column, wide, grid.columns)}"
        if grid.row:
            where = f"{grid.row} {_range(row, high, grid.rows)}, {where}"
        hover = f"{where}: {_about(total, sdc)}"
        look = f"q{step_of(sdc / total, end)}"
        drawing.rectangle(x + 0.5, y + 0.5, cell - 1, height - 1, look=look, hover=hover)
    bottom = top + high * height
    _name_axes(drawing, grid, (left, top), (left + wide * cell, bottom))
    return bottom + 26


def _name_axes(
    drawing: Drawing, grid: _Grid, start: tuple[float, float], end: tuple[float, float]
) -> None:
    """Write the names and the ends of the axes around a grid."""
    (left, top), (right, bottom) = start, end
    below, before = bottom + 11, left - 6
    drawing.text(left, below, "0", look="soft", size=SMALL)
    if grid.columns > 1:
        last = grouped(grid.columns - 1)
        drawing.text(right, below, last, look="soft", anchor="end", size=SMALL)
    if right - left > 110:
        middle = (left + right) / 2
        drawing.text(middle, below, grid.column, look="soft", anchor="middle", size=SMALL)
    else:
        drawing.text(before, below, grid.column, look="soft", anchor="end", size=SMALL)
    if grid.row:
        drawing.text(before, top + SMALL, f"{grid.row} 0", look="soft", anchor="end", size=SMALL)
        last = grouped(grid.rows - 1)
        drawing.text(before, bottom - 2, last, look="soft", anchor="end", size=SMALL)


def _range(cell: int, cells: int, size: int) -> str:
    """Return the places that a cell stands for."""
    first = -(-cell * size // cells)
    last = -(-(cell + 1) * size // cells) - 1
    return f"{first}" if first == last else f"{first} to {last}"


def _plotly(sites: Mapping[str, Sites]) -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {}
    grids = [(model, grid) for model, x in sites.items() for grid in _grids(x)]
    each = 1 / len(grids)
    for number, (model, grid) in enumerate(grids):
        axis = str(number + 1) if number else ""
        all_hits, sdc = grid.hits
        shares = np.where(all_hits > 0, 100 * sdc / np.maximum(all_hits, 1), np.nan)
        data.append(
            {
                "type": "heatmap",
                "z": shares.tolist(),
                "text": all_hits.tolist(),
                "colorscale": STEP_COLOURS,
                "zmin": 0,
                "showscale": not number,
                "hovertemplate": f"{grid.column} %{{x}}: %{{z:.1f}} % of %{{text}}<extra></extra>",
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
            }
        )
        top = 1 - number * each
        layout[f"yaxis{axis}"] = {"domain": [top - 0.6 * each, top], "autorange": "reversed"}
        layout[f"xaxis{axis}"] = {
            "anchor": f"y{axis}",
            "title": {"text": f"{grid.column} ({html.escape(model)})"},
        }
    layout["height"] = 120 + 200 * len(grids)
    return {"data": data, "layout": layout}
