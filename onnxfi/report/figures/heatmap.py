"""Draws the SDC rate of each target and flipped bit as a heat map."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from onnxfi.report.counts import Counted
from onnxfi.report.figures.bits import (
    draw_bit_numbers,
    draw_regions,
    panel_name,
    panels_of,
    width_of_bits,
)
from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.figure import Figure
from onnxfi.report.figures.palette import step_of, text_on
from onnxfi.report.figures.rows import ROW, draw_name, room_for
from onnxfi.report.figures.steps import STEP_COLOURS, draw_steps, end_of
from onnxfi.report.figures.text import (
    grouped,
    percent,
    plural,
    rate_text,
    share_shown,
    shorten,
    width_of,
)
from onnxfi.report.target_names import target_names

# Sizes in pixels.
_HEAD = 38.0
_FOOT = 44.0
_BETWEEN = 22.0
_WIDEST_CELL = 52.0
# Room for a name where the pointer rests.
_HOVER = 90.0
# In more cells than that only those with an SDC show their numbers.
_MOST_HOVERS = 2000

_Panels = Mapping[tuple[str, str], Sequence[Counted]]


def heatmap_figure(cells: Sequence[Counted], order: Sequence[Counted]) -> Figure:
    """Return the heat map of targets and bits.

    Args:
        cells: the counts by bit, target, dtype and error model; at least one.
        order: the counts by target, in the order of the network.
    """
    names = target_names(x.key for x in order)
    panels = panels_of(cells)
    return Figure(
        title="SDC by target and flipped bit",
        caption=f"The {share_shown(x.sdc for x in cells)}, by target in the "
        "order of the network and by the flipped bit. The numbers in the cells are percentages. "
        "An outlined cell had no injection; a pale one had some, without an SDC.",
        alt=" ".join(_sentence(panel, found, names) for panel, found in panels.items()),
        _draw=lambda width: _draw(panels, names, width),
        _plotly=lambda: _plotly(panels, names),
    )


def _sentence(panel: tuple[str, str], found: Sequence[Counted], names: Mapping[str, str]) -> str:
    worst = max(found, key=lambda x: x.sdc.low)
    if not worst.sdc.count:
        total = plural(sum(x.injections for x in found), "injection")
        return f"{panel[0]}, {panel[1]}: no SDC in {total}."
    return (
        f"{panel[0]}, {panel[1]}: SDC is highest at {names[worst.key['target']]}, bit "
        f"{worst.key['bit']}, {rate_text(worst.sdc)}."
    )


def _draw(panels: _Panels, names: Mapping[str, str], width: float) -> Drawing:
    drawing = Drawing(width)
    label = room_for(names.values(), width)
    top = 0.0
    for panel, found in panels.items():
        rows = [x for x in names if any(y.key["target"] == x for y in found)]
        count = width_of_bits(panel[1], [int(x.key["bit"]) for x in found])
        cell = min((width - label) / count, _WIDEST_CELL)
        bottom = top + _HEAD + ROW * len(rows)
        _draw_head(drawing, panel_name(panel, list(panels)), found, top, label)
        draw_regions(drawing, panel[1], label, cell, top + _HEAD - 6, bottom)
        _draw_cells(drawing, found, rows, names, (label, top + _HEAD, cell, count))
        draw_bit_numbers(drawing, count, label, cell, bottom + FONT)
        end = end_of([x.sdc.share for x in found])
        draw_steps(drawing, label, bottom + 18, end, right=width)
        top = bottom + _FOOT + _BETWEEN
    drawing.reach(top - _BETWEEN)
    return drawing


def _draw_head(
    drawing: Drawing, name: str, found: Sequence[Counted], top: float, left: float
) -> None:
    fewest, most = (f(x.injections for x in found) for f in (min, max))
    each = grouped(most) if fewest == most else f"{grouped(fewest)} to {grouped(most)}"
    about = f"{plural(sum(x.injections for x in found), 'injection')}, {each} in a cell"
    room = drawing.width - left - width_of(about, SMALL) - 12
    drawing.text(left, top + 12, shorten(name, FONT, room), look="bold", hover=name)
    drawing.text(drawing.width, top + 12, about, look="soft", anchor="end", size=SMALL)


def _draw_cells(
    drawing: Drawing,
    found: Sequence[Counted],
    rows: Sequence[str],
    names: Mapping[str, str],
    grid: tuple[float, float, float, int],
) -> None:
    """Draw the cells into a grid (left, top, width of a cell, number of bits)."""
    left, top, cell, count = grid
    end = end_of([x.sdc.share for x in found])
    by_place = {(x.key["target"], int(x.key["bit"])): x for x in found}
    for row, tensor in enumerate(rows):
        y = top + ROW * row
        draw_name(drawing, names[tensor], y + ROW / 2, left)
        for bit in range(count):
            x, at = left + bit * cell, by_place.get((tensor, bit))
            if at is None:
                drawing.rectangle(x + 1, y + 1, cell - 2, ROW - 2, look="empty")
                continue
            step = step_of(at.sdc.share, end)
            hover = ""
            if at.sdc.count or len(found) <= _MOST_HOVERS:
                # The full name would make up most of the picture.
                short = shorten(names[tensor], SMALL, _HOVER)
                hover = f"{short}, bit {bit}: {rate_text(at.sdc)}"
            drawing.rectangle(x + 0.5, y + 0.5, cell - 1, ROW - 1, look=f"q{step}", hover=hover)
            _write(drawing, at, x + cell / 2, y + ROW / 2 + SMALL / 3, cell - 2, text_on(step))


def _write(drawing: Drawing, at: Counted, x: float, y: float, room: float, look: str) -> None:
    """Write the rate into a cell, with the count if there is room; nothing without an SDC."""
    if not at.sdc.count or room < width_of("88", SMALL):
        return
    candidates = (
        f"{percent(at.sdc.share)} of {grouped(at.injections)}",
        f"{100 * at.sdc.share:.0f}" if at.sdc.share >= 0.005 else "<1",
    )
    text = next((t for t in candidates if width_of(t, SMALL) <= room), None)
    if text is not None:
        drawing.text(x, y, text, look=look, anchor="middle", size=SMALL)


def _plotly(panels: _Panels, names: Mapping[str, str]) -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"height": 140}
    each = 1 / len(panels)
    for number, (panel, found) in enumerate(panels.items()):
        rows = [x for x in names if any(y.key["target"] == x for y in found)]
        count = width_of_bits(panel[1], [int(x.key["bit"]) for x in found])
        by_place = {(x.key["target"], int(x.key["bit"])): x for x in found}
        grid = [[by_place.get((row, bit)) for bit in range(count)] for row in rows]
        axis = str(number + 1) if number else ""
        data.append(
            {
                "type": "heatmap",
                "z": [[None if x is None else 100 * x.sdc.share for x in row] for row in grid],
                "text": [["" if x is None else rate_text(x.sdc) for x in row] for row in grid],
                "colorscale": STEP_COLOURS,
                "zmin": 0,
                "showscale": not number,
                "hovertemplate": "%{y}, bit %{x}: %{text}<extra></extra>",
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
            }
        )
        name = html.escape(panel_name(panel, list(panels)))
        layout[f"xaxis{axis}"] = {"anchor": f"y{axis}", "title": {"text": f"bit ({name})"}}
        layout[f"yaxis{axis}"] = {
            "domain": [1 - (number + 0.8) * each, 1 - number * each],
            "tickvals": list(range(len(rows))),
            "ticktext": [html.escape(shorten(names[x], 1, 30)) for x in rows],
            "autorange": "reversed",
            "automargin": True,
        }
        layout["height"] += 90 + 18 * len(rows)
    return {"data": data, "layout": layout}
