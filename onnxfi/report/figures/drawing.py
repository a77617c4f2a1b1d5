"""Builds SVG pictures."""

import html
from collections.abc import Iterable
from typing import Literal

from onnxfi.report.figures.palette import style
from onnxfi.report.figures.text import clean

#: Size of the labels in pixels: 8 pt at the width of a paper's column.
FONT = 10.7
#: Size of the smallest text in pixels: 7 pt.
SMALL = 9.4

_PIXELS_PER_MM = 96 / 25.4
Anchor = Literal["start", "middle", "end"]


def pixels(millimetres: float) -> float:
    """Return a length in pixels; an inch has 96 of them."""
    return millimetres * _PIXELS_PER_MM


class Drawing:
    """Collects the elements of one picture; y grows downwards."""

    def __init__(self, width: float) -> None:
        """Begin an empty picture of a width in pixels."""
        self.width = width
        self.height = 0.0
        self._parts: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        look: str = "",
        anchor: Anchor = "start",
        size: float = FONT,
        turned: bool = False,
        hover: str = "",
    ) -> None:
        """Add a line of text whose baseline is at y; turned text runs upwards."""
        attributes = f'x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}"'
        if anchor != "start":
            attributes += f' text-anchor="{anchor}"'
        if turned:
            attributes += f' transform="rotate(-90 {_n(x)} {_n(y)})"'
        self._add("text", attributes, look, hover, _escape(text))

    def line(self, x1: float, y1: float, x2: float, y2: float, *, look: str) -> None:
        """Add a straight line."""
        ends = f'x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"'
        self._add("line", ends, look)

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        look: str,
        hover: str = "",
        corner: float = 0,
    ) -> None:
        """Add a rectangle."""
        place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        if corner:
            place += f' rx="{_n(corner)}"'
        self._add("rect", place, look, hover)

    def circle(self, x: float, y: float, radius: float, *, look: str, hover: str = "") -> None:
        """Add a circle."""
        self._add("circle", f'cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"', look, hover)

    def path(self, points: Iterable[tuple[float, float]], *, look: str) -> None:
        """Add an open polygon."""
        steps = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        self._add("path", f'd="M{steps}"', look)

    def curve(self, points: tuple[tuple[float, float], ...], *, look: str) -> None:
        """Add a cubic Bézier curve of four points."""
        start, *others = (f"{_n(x)} {_n(y)}" for x, y in points)
        self._add("path", f'd="M{start}C{" ".join(others)}"', look)

    def reach(self, y: float) -> None:
        """Make the picture at least so high."""
        self.height = max(self.height, y)

    def svg(self, *, title: str, description: str, opaque: bool = False, scale: float = 1.0) -> str:
        """Return the picture as an SVG element with a title and a description.

        Args:
            title: a few words.
            description: the message of the picture.
            opaque: whether the picture has a background of its own.
            scale: by how much the picture is enlarged.
        """
        width, height = _n(self.width), _n(self.height)
        background = f'<rect class="paper" width="{width}" height="{height}"/>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="onnxfi-figure" role="img" '
            f'aria-label="{_escape(title)}" '
            f'width="{scale * self.width:.5g}" height="{scale * self.height:.5g}" '
            f'viewBox="0 0 {width} {height}"><title>{_escape(title)}</title>'
            f"<desc>{_escape(description)}</desc><style>{style()}</style>"
            f"{background if opaque else ''}{''.join(self._parts)}</svg>"
        )

    def _add(self, tag: str, attributes: str, look: str, hover: str = "", inside: str = "") -> None:
        shown = f' class="{look}"' if look else ""
        about = f"<title>{_escape(hover)}</title>" if hover else ""
        content = f"{inside}{about}"
        end = f">{content}</{tag}>" if content else "/>"
        self._parts.append(f"<{tag}{shown} {attributes}{end}")


def _n(value: float) -> str:
    """Return a coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def _escape(text: str) -> str:
    return html.escape(clean(text))
