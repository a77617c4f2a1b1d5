"""Draws where the faults of one target hit it."""

import html
from collections.abc import Mapping
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
    top = 0.0
    for model, x in sites.items():
        channels = merge(x.channels, {1: _CHANNELS})
        positions = merge(x.positions, {1: _ROWS, 2: _COLUMNS})
        parts = [y for y in (channels, positions) if y[0].size > 1] or [channels]
        end = end_of([_highest(y) for y in parts])
        drawing.text(_LEFT, top + 12, shorten(model, FONT, width - _LEFT), look="bold", hover=model)
        about = f"{plural(x.injections, 'injection')}, {plural(int(x.channels[0].sum()), 'hit')}"
        drawing.text(_LEFT, top + 25, about, look="soft", size=SMALL)
        top += _HEAD
        if channels[0].size > 1 or (len(parts) == 1 and parts[0] is channels):
            top = _draw_grid(drawing, channels[:, None, :], top, end, ("", "channel"), x.shape[0])
        if positions[0].size > 1:
            words = ("row", "column") if positions.shape[1] > 1 else ("", "position")
            top = _draw_grid(drawing, positions, top, end, words, x.shape[2], x.shape[1])
        draw_steps(drawing, _LEFT, top, end, name="SDC of the hits")
        top += _FOOT + _BETWEEN
    drawing.reach(top - _BETWEEN)
    return drawing


def _highest(hits: np.ndarray) -> float:
    shares = np.divide(hits[1], hits[0], out=np.zeros(hits[0].shape), where=hits[0] > 0)
    return float(np.max(shares))


def _draw_grid(
    drawing: Drawing,
    hits: np.ndarray,
    top: float,
    end: float,
    words: tuple[str, str],
    columns: int,
    rows: int = 1,
) -> float:
    """Draw a grid of hits (2, rows, columns) with names of its axes; return where it ends."""
    high, wide = (int(x) for x in hits.shape[1:])
    cell = min(_WIDEST_CELL, (drawing.width - _LEFT) / wide)
    height = _STRIP if high == 1 else cell
    for row, column in np.ndindex(high, wide):
        total, sdc = (int(x) for x in hits[:, row, column])
        x, y = _LEFT + column * cell, top + row * height
        if not total:
            drawing.rectangle(x + 1, y + 1, cell - 2, height - 2, look="empty")
            continue
        where = f"{words[1]} {_range(column, wide, columns)}"
        if words[0]:
            where = f"{words[0]} {_range(row, high, rows)}, {where}"
        hover = f"{where}: {_about(total, sdc)}"
        look = f"q{step_of(sdc / total, end)}"
        drawing.rectangle(x + 0.5, y + 0.5, cell - 1, height - 1, look=look, hover=hover)
    bottom = top + high * height
    _name_axes(drawing, (top, bottom, _LEFT + wide * cell), words, columns, rows)
    return bottom + 26


def _name_axes(
    drawing: Drawing,
    box: tuple[float, float, float],
    words: tuple[str, str],
    columns: int,
    rows: int,
) -> None:
    """Write the names and the ends of the axes around a grid (top, bottom, right)."""
    top, bottom, right = box
    below, before = bottom + 11, _LEFT - 6
    drawing.text(_LEFT, below, "0", look="soft", size=SMALL)
    if columns > 1:
        last = grouped(columns - 1)
        drawing.text(right, below, last, look="soft", anchor="end", size=SMALL)
    if right - _LEFT > 110:
        middle = (_LEFT + right) / 2
        drawing.text(middle, below, words[1], look="soft", anchor="middle", size=SMALL)
    else:
        drawing.text(before, below, words[1], look="soft", anchor="end", size=SMALL)
    if words[0]:
        drawing.text(before, top + SMALL, f"{words[0]} 0", look="soft", anchor="end", size=SMALL)
        last = grouped(rows - 1)
        drawing.text(before, bottom - 2, last, look="soft", anchor="end", size=SMALL)


def _range(cell: int, cells: int, size: int) -> str:
    """Return the places that a cell stands for."""
    first = -(-cell * size // cells)
    last = -(-(cell + 1) * size // cells) - 1
    return f"{first}" if first == last else f"{first} to {last}"


def _plotly(sites: Mapping[str, Sites]) -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"height": 120 + 320 * len(sites)}
    each = 1 / len(sites)
    for number, (model, x) in enumerate(sites.items()):
        grids = (merge(x.channels, {1: _CHANNELS})[:, None, :], merge(x.positions, {1: 32, 2: 32}))
        for part, (hits, word) in enumerate(zip(grids, ("channel", "column"), strict=True)):
            total = np.where(hits[0] > 0, hits[0], 1)
            axis = 2 * number + part + 1
            ending = str(axis) if axis > 1 else ""
            data.append(
                {
                    "type": "heatmap",
                    "z": np.where(hits[0] > 0, 100 * hits[1] / total, np.nan).tolist(),
                    "text": hits[0].tolist(),
                    "colorscale": STEP_COLOURS,
                    "zmin": 0,
                    "showscale": axis == 1,
                    "hovertemplate": f"{word} %{{x}}: %{{z:.1f}} % of %{{text}}<extra></extra>",
                    "xaxis": f"x{ending}",
                    "yaxis": f"y{ending}",
                }
            )
            top = 1 - (number + 0.25 * part) * each
            layout[f"yaxis{ending}"] = {
                "domain": [top - (0.5 if part else 0.08) * each, top],
                "autorange": "reversed",
            }
            layout[f"xaxis{ending}"] = {
                "anchor": f"y{ending}",
                "title": {"text": f"{word} ({html.escape(model)})"},
            }
    return {"data": data, "layout": layout}
