"""Fits texts into a number of columns of the terminal."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

# The share of a shortened name before the ellipsis, in the order in which they are tried.
_HEADS = (0.5, 0.35, 0.65, 0.2, 0.8, 0.0)
# Wrapping needs one.
_CONSOLE = Console()


def shorten_apart(names: Sequence[str], width: int) -> dict[str, str] | None:
    """Return the short form of each name; None if two names would have the same."""
    for head in _HEADS:
        short = {name: shorten(name, width, head=head) for name in names}
        if len(set(short.values())) == len(short):
            return short
    return None


def shorten(name: str, width: int, *, head: float = 0.5) -> str:
    """Return a name with an ellipsis in place of its middle, if it is wider than ``width``.

    Args:
        name: the name.
        width: the columns that it may take.
        head: the share of the kept characters before the ellipsis.
    """
    if cell_len(name) <= width:
        return name
    first = set_cell_size(name, int((width - 1) * head)).rstrip()
    last = set_cell_size(name[::-1], width - 1 - cell_len(first))[::-1].lstrip()
    return f"{first}…{last}"


def pad(text: str, width: int, *, right: bool) -> str:
    """Return a text filled up to a width, aligned to the left or to the right."""
    space = " " * (width - cell_len(text))
    return f"{space}{text}" if right else f"{text}{space}"


def wrap(text: str, width: int | None, style: str = "") -> list[Text]:
    """Return the lines of a text; none if it is empty."""
    if not text:
        return []
    if width is None or cell_len(text) <= width:
        return [Text(text, style)]
    lines = list(Text(text, style).wrap(_CONSOLE, width))
    for line in lines:
        line.rstrip()
    return lines
