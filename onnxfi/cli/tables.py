"""Prints tables that fit the terminal without losing a name.

A table that is too wide shortens its names in the middle and hides intervals. If that is not
enough, it stacks: the names of a row stand on a line above its numbers, and in a narrow terminal
every value has a line of its own.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal, Self, TypeAlias

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from onnxfi.cli.text_fitting import pad, shorten_apart, wrap

# Names are data: "[bold]" and ":dog:" in them are not markup.
_PLAIN: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}
_GAP = "  "
# Columns of the terminal: a shorter name is hard to recognise, a narrower text hard to read.
_LEAST = {"text": 24, "name": 20}
# Lines of a name above its row, if words fill them: targets hit together have long names.
_MOST_LINES = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, as text.

    Attributes:
        value: the value, such as ``2.3``.
        interval: its interval, such as ``[1.5, 3.4]``.
    """

    value: str
    interval: str

    def __str__(self) -> str:
        """Return the value and the interval."""
        return f"{self.value} {self.interval}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        heading: the heading.
        kind: a ``name`` may be shortened in the middle, a ``text`` wrapped; a ``number`` is aligned
            to the right and stays whole.
        important: whether its intervals are hidden last.
    """

    heading: str
    kind: Literal["name", "text", "number"] = "name"
    important: bool = False


#: The cells of a row.
Row: TypeAlias = Sequence[str | Estimate]


@dataclass(frozen=True, slots=True)
class Table:
    """A table for a terminal.

    Attributes:
        columns: the columns.
        rows: the rows, with one cell for each column.
        title: the text above the table.
        caption: the text below the table.
        within: the heading of a column that splits the table into parts, one for each value.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    title: str = ""
    caption: str = ""
    within: str | None = None


def print_table(table: Table) -> None:
    """Print a table on stdout, fitted to the terminal or to COLUMNS; elsewhere at full width."""
    console = Console(**_PLAIN)
    fitted = console.is_terminal or "COLUMNS" in os.environ
    console.print(format_table(table, width=console.width if fitted else None), soft_wrap=True)


def format_table(table: Table, *, width: int | None) -> Text:
    """Return a table as text, without a line break at its end.

    Args:
        table: the table.
        width: the width of the terminal; None if there is no limit.
    """
    lines = wrap(table.title, width, "bold")
    columns = [x for x in table.columns if x.heading != table.within]
    parts = list(_split(table))
    layout = _choose_layout(columns, [row for _, rows in parts for row in rows], width)
    for value, rows in parts:
        if value is not None:
            lines += [Text(), *wrap(f"{table.within}: {value}", width, "bold")]
        lines += layout.format(rows)
    lines += wrap(table.caption, width, "dim")
    if layout.hidden:
        lines += wrap(f"no room for the intervals of {', '.join(layout.hidden)}", width, "dim")
    return Text("\n").join(lines)


def _split(table: Table) -> Iterator[tuple[str | None, list[Row]]]:
    """Yield each value of the column ``within``, and its rows without that column."""
    if table.within is None:
        yield None, list(table.rows)
        return
    at = [x.heading for x in table.columns].index(table.within)
    parts: dict[str, list[Row]] = {}
    for row in table.rows:
        parts.setdefault(_text(row[at]), []).append([*row[:at], *row[at + 1 :]])
    yield from parts.items()


def _choose_layout(
    columns: Sequence[Column], rows: Sequence[Row], width: int | None
) -> "_Grid | _List":
    """Return the first layout that fits the width, from the most to the least readable."""
    estimated = {k for row in rows for k, cell in enumerate(row) if isinstance(cell, Estimate)}
    unimportant = {k for k in estimated if not columns[k].important}
    for stacked, hidden in (
        (False, set()),
        (False, unimportant),
        (True, set()),
        (True, unimportant),
        (False, estimated),
        (True, estimated),
    ):
        grid = _Grid.fit(columns, rows, width, stacked=stacked, hidden=frozenset(hidden))
        if grid is not None:
            return grid
    return _List(columns, width or 0)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Aligned columns, below the names of the row if it is stacked.

    Attributes:
        columns: all columns.
        above: the columns whose cells stand on a line above the others.
        widths: the width of each of the other columns, by its place.
        short: the short forms of the names in each column.
        without: the columns whose intervals are hidden.
        width: the width of the terminal; None if there is no limit.
    """

    columns: Sequence[Column]
    above: Sequence[int]
    widths: Mapping[int, int]
    short: Mapping[int, Mapping[str, str]]
    without: frozenset[int]
    width: int | None

    @classmethod
    def fit(
        cls,
        columns: Sequence[Column],
        rows: Sequence[Row],
        width: int | None,
        *,
        stacked: bool,
        hidden: frozenset[int],
    ) -> Self | None:
        """Return the columns in widths that fit; None if there are none."""
        above = [k for k, x in enumerate(columns) if stacked and x.kind == "name"]
        inline = [k for k in range(len(columns)) if k not in above]
        cells = {k: [_text(row[k], short=k in hidden) for row in rows] for k in inline}
        widths = {
            k: max(map(cell_len, [*columns[k].heading.split(), *cells[k]]), default=0)
            for k in inline
        }
        if width is not None and not _narrow(widths, columns, width):
            return None
        short = {}
        for k in inline:
            if columns[k].kind == "name":
                names = shorten_apart(cells[k], widths[k])
                if names is None:
                    return None
                short[k] = names
        if width is not None:
            for k in above:
                names = shorten_apart([_text(row[k]) for row in rows], _MOST_LINES * width)
                short[k] = names or {}
        return cls(columns, above, widths, short, hidden, width) if inline else None

    @property
    def hidden(self) -> list[str]:
        """The headings of the columns whose intervals are hidden."""
        return [self.columns[k].heading for k in sorted(self.without)]

    def format(self, rows: Sequence[Row]) -> list[Text]:
        """Return the headings and the rows as lines."""
        lines = wrap(_GAP.join(self.columns[k].heading for k in self.above), self.width)
        lines += self._lay_out({k: self.columns[k].heading for k in self.widths})
        for line in lines:
            line.stylize("bold")
        lines.append(Text(_GAP.join("─" * x for x in self.widths.values())))
        for row in rows:
            names = [_text(row[k]) for k in self.above]
            names = [self.short[k].get(x, x) for k, x in zip(self.above, names, strict=True)]
            lines += wrap(_GAP.join(filter(None, names)), self.width)
            lines += self._lay_out(
                {
                    k: self.short[k][_text(row[k])]
                    if k in self.short
                    else _text(row[k], short=k in self.without)
                    for k in self.widths
                }
            )
        return lines

    def _lay_out(self, cells: Mapping[int, str]) -> list[Text]:
        wrapped = [[x.plain for x in wrap(cells[k], self.widths[k])] for k in self.widths]
        lines = []
        for line in zip_longest(*wrapped, fillvalue=""):
            padded = (
                pad(text, self.widths[k], right=self.columns[k].kind == "number")
                for k, text in zip(self.widths, line, strict=True)
            )
            lines.append(Text(_GAP.join(padded).rstrip()))
        return lines


@dataclass(frozen=True, slots=True)
class _List:
    """A line for each value, below the names of the row."""

    columns: Sequence[Column]
    width: int
    hidden: Sequence[str] = ()

    def format(self, rows: Sequence[Row]) -> list[Text]:
        """Return the rows as lines."""
        headings = max(cell_len(x.heading) for x in self.columns)
        lines: list[Text] = []
        for row in rows:
            if lines:
                lines.append(Text())
            for k, column in enumerate(self.columns):
                heading = pad(column.heading, headings, right=False)
                for line in wrap(_text(row[k]), max(1, self.width - headings - len(_GAP))):
                    lines.append(Text(f"{heading}{_GAP}{line.plain}"))
                    heading = " " * headings
        return lines


def _narrow(widths: dict[int, int], columns: Sequence[Column], width: int) -> bool:
    """Take the excess width from the widest names and texts; return whether that is enough."""
    excess = sum(widths.values()) + len(_GAP) * (len(widths) - 1) - width
    least = {k: _LEAST[columns[k].kind] for k in widths if columns[k].kind in _LEAST}
    while excess > 0 and (wide := [k for k in least if widths[k] > least[k]]):
        widths[max(wide, key=widths.__getitem__)] -= 1
        excess -= 1
    return excess <= 0


def _text(cell: str | Estimate, *, short: bool = False) -> str:
    """Return a cell as text without control characters, which names of any origin may hold."""
    text = cell.value if short and isinstance(cell, Estimate) else str(cell)
    return text if text.isprintable() else "".join(map(_escape, text))


def _escape(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]
