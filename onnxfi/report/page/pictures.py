"""Fits figures into a page."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onnxfi.errors import OnnxfiError
from onnxfi.report.figures import Figure

# Widths in millimetres: of the text of a page, and of a phone's screen.
_BROAD = 165.0
_NARROW = 92.0
# Characters of a picture that is laid out a second time, for phones; larger ones scroll there.
_TWICE = 50_000
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure in a page.

    Attributes:
        id: the anchor.
        title: the title of the figure.
        caption: the caption of the figure.
        broad: the picture for screens and paper, as markup.
        narrow: the picture for phones, as markup; None if the broad one scrolls there.
    """

    id: str
    title: str
    caption: str
    broad: Any
    narrow: Any


def picture(id: str, make: Callable[[], Figure], *, twice: bool = True) -> Picture | None:
    """Return a figure as a picture; None if the campaign has nothing for it.

    Args:
        id: the anchor.
        make: returns the figure, or raises an `OnnxfiError` if there is nothing to draw.
        twice: whether to lay out a small picture for phones too.
    """
    from markupsafe import Markup

    try:
        figure = make()
    except OnnxfiError:  # also if the model cannot be run here
        return None
    broad = _without_style(figure.svg(_BROAD))
    small = twice and len(broad) <= _TWICE
    narrow = _without_style(figure.svg(_NARROW)) if small else None
    return Picture(
        id, figure.title, figure.caption, Markup(broad), None if narrow is None else Markup(narrow)
    )


def _without_style(svg: str) -> str:
    """Return a picture without its style sheet, which the page has once."""
    return _STYLE.sub("", svg)
