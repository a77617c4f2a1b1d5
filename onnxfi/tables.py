"""Lays out small tables as text and as HTML."""

from collections.abc import Sequence
from html import escape

# Rows of an HTML table; more would make a notebook slow.
_MOST_ROWS = 500
_SCROLLING = "max-height: 24em; overflow: auto"


def text_table(header: Sequence[str], rows: Sequence[Sequence[object]], *, left: int) -> str:
    """Return a table as text, each column as wide as its longest cell.

    Args:
        header: the names of the columns.
        rows: the cells of each row.
        left: number of columns that are aligned to the left; the others are aligned to the right.
    """
    lines = [header, *([str(x) for x in row] for row in rows)]
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
