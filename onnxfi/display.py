"""Displays names on one line, and small tables as text and as HTML."""

from collections.abc import Iterable, Sequence
from html import escape

# Characters of a name, and names on one line: three of them leave room for the rest.
_WIDTH = 30
_LISTED = 3

# Rows of an HTML table; more would make a notebook slow.
_MOST_ROWS = 500
_SCROLLING = "max-height: 24em; overflow: auto; white-space: nowrap"


def shorten(name: object) -> str:
    """Return a name of at most 30 characters, with an ellipsis in place of its middle."""
    text = " ".join(str(name).split())
    half = (_WIDTH - 1) // 2
    return text if len(text) <= _WIDTH else f"{text[:half]}…{text[-half:]}"


def list_names(names: Iterable[object]) -> str:
    """Return a few names on one line: ``a, b, c and 4 more``."""
    known = list(names)
    left_out = len(known) - _LISTED
    shown = ", ".join(map(shorten, known[:_LISTED]))
    return f"{shown} and {left_out} more" if left_out > 0 else shown


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 site``, ``2 sites``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def text_table(header: Sequence[str], rows: Sequence[Sequence[object]], *, left: int) -> str:
    """Return a table as text, each column as wide as its longest cell.

    Args:
        header: the names of the columns.
        rows: the cells of each row.
        left: number of columns that are aligned to the left; the others are aligned to the right.
    """
    lines = [header, *([str(x).replace("\n", " ") for x in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    cells = (
        [
            x.ljust(width) if place < left else x.rjust(width)
            for place, (x, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    )
    return "\n".join("  ".join(x).rstrip() for x in cells)


def html_table(
    header: Sequence[str], rows: Sequence[Sequence[object]], *, caption: str = ""
) -> str:
    """Return a table as HTML that scrolls if it is long; every text is escaped.

    Args:
        header: the names of the columns.
        rows: the cells of each row. Rows after the first 500 are left out, and counted below.
        caption: the text above the table.
    """

    def line(cells: Sequence[object], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(str(x))}</{tag}>' for x in cells)}</tr>"

    body = "".join(line(x, "td") for x in rows[:_MOST_ROWS])
    left_out = len(rows) - _MOST_ROWS
    more = f"<p>and {left_out} more rows</p>" if left_out > 0 else ""
    return (
        f'<div style="{_SCROLLING}"><table><caption>{escape(caption)}</caption>'
        f"<thead>{line(header, 'th')}</thead><tbody>{body}</tbody></table>{more}</div>"
    )
