"""Draws which golden class became which faulty class."""

import html
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onnxfi.report.counts import ClassPair
from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.figure import Figure
from onnxfi.report.figures.palette import step_of, text_on
from onnxfi.report.figures.steps import STEP_COLOURS, draw_steps, end_of
from onnxfi.report.figures.text import grouped, percent, plural, shorten, width_of

# The most classes that have a row or a column of their own.
_MOST = 16
_OTHER = -1
# Sizes in pixels.
_LEFT = 68.0
_HEAD = 56.0
_FOOT = 34.0
_BETWEEN = 24.0
_ROW = 17.0
_WIDEST_CELL = 34.0
_NARROWEST_CELL = 24.0


def confusion_figure(classes: Mapping[str, Mapping[ClassPair, int]]) -> Figure:
    """Return the figure of the classes.

    Args:
        classes: the number of injections by golden and faulty class, by error model; at least one.
    """
    matrices = {model: _matrix(counts) for model, counts in classes.items()}
    return Figure(
        title="Golden class to faulty class",
        caption="Number of injections by the class that the network answers without the fault "
        "(row) and with it (column). The colour is the share of the row; answers that did not "
        "change are outlined. Due injections are left out.",
        alt=" ".join(_sentence(model, counts) for model, counts in classes.items()),
        _draw=lambda width: _draw(matrices, width),
        _plotly=lambda: _plotly(matrices),
    )


@dataclass(frozen=True, slots=True)
class _Matrix:
    rows: list[int]
    columns: list[int]
    counts: Mapping[ClassPair, int]

    def total(self, golden: int) -> int:
        """Return the number of injections of a golden class."""
        return sum(self.counts.get((golden, x), 0) for x in self.columns)

    def share(self, golden: int, faulty: int) -> float:
        """Return the share of a row that a cell holds."""
        return self.counts.get((golden, faulty), 0) / (self.total(golden) or 1)


def _sentence(model: str, counts: Mapping[ClassPair, int]) -> str:
    changed = Counter({pair: count for pair, count in counts.items() if pair[0] != pair[1]})
    total = plural(sum(counts.values()), "injection")
    if not changed:
        return f"{model}: no class changed in {total}."
    (golden, faulty), most = changed.most_common(1)[0]
    return (
        f"{model}: the class changed in {grouped(changed.total())} of {total}; most often from "
        f"{golden} to {faulty} ({grouped(most)})."
    )


def _matrix(counts: Mapping[ClassPair, int]) -> _Matrix:
    """Return the counts of the classes that change most often; the others are joined."""
    rows = _chosen(Counter({x: 0 for x, _ in counts}), counts, 0)
    columns = _chosen(Counter({x: 0 for pair in counts for x in pair}), counts, 1)
    joined: Counter[ClassPair] = Counter()
    for (golden, faulty), count in counts.items():
        row = golden if golden in rows else _OTHER
        joined[row, faulty if faulty in columns else _OTHER] += count
    return _Matrix(_with_other(rows, counts, 0), _with_other(columns, counts, 1), joined)


def _chosen(found: Counter[int], counts: Mapping[ClassPair, int], side: int) -> list[int]:
    for pair, count in counts.items():
        if pair[0] != pair[1]:
            found[pair[side]] += count
    ranked = sorted(found, key=lambda x: (-found[x], x))
    return sorted(ranked[:_MOST])


def _with_other(chosen: list[int], counts: Mapping[ClassPair, int], side: int) -> list[int]:
    return chosen + [_OTHER] * any(pair[side] not in chosen for pair in counts)


def _draw(matrices: Mapping[str, _Matrix], width: float) -> Drawing:
    drawing = Drawing(width)
    most = max(len(x.columns) for x in matrices.values())
    beside = int((width + _BETWEEN) // (_LEFT + most * _NARROWEST_CELL + _BETWEEN))
    columns = max(1, min(beside, len(matrices)))
    room = (width - _BETWEEN * (columns - 1)) / columns
    cell = min(_WIDEST_CELL, (room - _LEFT) / most)
    top = bottom = 0.0
    for number, (model, matrix) in enumerate(matrices.items()):
        column = number % columns
        if not column and number:
            top = bottom + _BETWEEN
        left = column * (room + _BETWEEN) + _LEFT
        _draw_head(drawing, model, matrix, (left, top), (room - _LEFT, cell))
        _draw_cells(drawing, matrix, left, top + _HEAD, cell)
        end = top + _HEAD + _ROW * len(matrix.rows)
        draw_steps(
            drawing, left, end + 8, _end(matrix), right=left - _LEFT + room, name="share of row"
        )
        bottom = max(bottom, end + _FOOT)
    drawing.reach(bottom)
    return drawing


def _draw_head(
    drawing: Drawing,
    model: str,
    matrix: _Matrix,
    corner: tuple[float, float],
    sizes: tuple[float, float],
) -> None:
    """Write the error model and the faulty classes above a matrix."""
    (left, top), (room, cell) = corner, sizes
    drawing.text(left, top + 12, shorten(model, FONT, room), look="bold", hover=model)
    drawing.text(left, top + 32, "faulty class", look="soft", size=SMALL)
    y = top + _HEAD - 8
    drawing.text(left - 8, y, "golden class", look="soft", anchor="end", size=SMALL)
    for column, faulty in enumerate(matrix.columns):
        x = left + (column + 0.5) * cell
        drawing.text(x, y, _label(faulty, cell), anchor="middle", size=SMALL)


def _draw_cells(drawing: Drawing, matrix: _Matrix, left: float, top: float, cell: float) -> None:
    end = _end(matrix)
    for row, golden in enumerate(matrix.rows):
        y = top + row * _ROW
        name = _label(golden, _LEFT - 12)
        drawing.text(left - 8, y + _ROW / 2 + FONT / 3, name, anchor="end")
        for column, faulty in enumerate(matrix.columns):
            count = matrix.counts.get((golden, faulty), 0)
            if not count:
                continue
            x = left + column * cell
            hover = (
                f"{_label(golden, 99)} to {_label(faulty, 99)}: {grouped(count)}, "
                f"{percent(matrix.share(golden, faulty))} % of the row"
            )
            same = golden == faulty != _OTHER
            step = step_of(matrix.share(golden, faulty), end)
            drawing.rectangle(
                x + 1, y + 1, cell - 2, _ROW - 2, look="empty" if same else f"q{step}", hover=hover
            )
            text, look = grouped(count), "soft" if same else text_on(step)
            if width_of(text, SMALL) <= cell:
                baseline = y + _ROW / 2 + SMALL / 3
                drawing.text(x + cell / 2, baseline, text, look=look, anchor="middle", size=SMALL)


def _end(matrix: _Matrix) -> float:
    """Return the end of the scale, which is that of the answers that changed."""
    return end_of([matrix.share(a, b) for a, b in matrix.counts if a != b or a == _OTHER])


def _label(number: int, room: float) -> str:
    name = "other" if number == _OTHER else str(number)
    return name if number != _OTHER or width_of(name, SMALL) <= room else "…"


def _plotly(matrices: Mapping[str, _Matrix]) -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"height": 140}
    each = 1 / len(matrices)
    for number, (model, matrix) in enumerate(matrices.items()):
        axis = str(number + 1) if number else ""
        pairs = [[(a, b) for b in matrix.columns] for a in matrix.rows]
        data.append(
            {
                "type": "heatmap",
                "x": [f"to {_label(x, 99)}" for x in matrix.columns],
                "y": [_label(x, 99) for x in matrix.rows],
                "z": [
                    [None if a == b else 100 * matrix.share(a, b) for a, b in row] for row in pairs
                ],
                "text": [[matrix.counts.get(pair, 0) for pair in row] for row in pairs],
                "colorscale": STEP_COLOURS,
                "zmin": 0,
                "showscale": not number,
                "hovertemplate": "%{y} %{x}: %{text} (%{z:.1f} % of the row)<extra></extra>",
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
            }
        )
        layout[f"xaxis{axis}"] = {
            "anchor": f"y{axis}",
            "title": {"text": f"faulty class ({html.escape(model)})"},
            "type": "category",
        }
        layout[f"yaxis{axis}"] = {
            "domain": [1 - (number + 0.8) * each, 1 - number * each],
            "autorange": "reversed",
            "title": {"text": "golden class"},
            "type": "category",
        }
        layout["height"] += 100 + 18 * len(matrix.rows)
    return {"data": data, "layout": layout}
