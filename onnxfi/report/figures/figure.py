"""Defines a figure: one picture, for pages, notebooks and papers."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxfi.atomic_write import atomic_write
from onnxfi.display import shorten
from onnxfi.errors import ConfigurationError, MissingExtraError
from onnxfi.report.figures.drawing import Drawing, pixels
from onnxfi.report.figures.palette import resolved
from onnxfi.report.figures.text import clean

#: Width of two columns of a paper in millimetres, as Elsevier and IEEE print them.
WIDTH = 174.0
# Resolution of PNG files, which journals ask for.
_DOTS_PER_INCH = 300
_FORMATS = (".svg", ".pdf", ".png")


@dataclass(frozen=True, slots=True, repr=False)
class Figure:
    """One figure of a campaign.

    Attributes:
        title: the title; it is not drawn.
        caption: says what is drawn, in one or two sentences.
        alt: the message of the figure in words, for readers who do not see it.
    """

    title: str
    caption: str
    alt: str
    _draw: Callable[[float], Drawing]
    _plotly: Callable[[], Mapping[str, Any]]

    def __repr__(self) -> str:
        """Return one line: the title."""
        return f"<onnxfi.report.Figure {shorten(self.title)}>"

    def svg(self, width: float = WIDTH) -> str:
        """Return the figure as an SVG element that needs nothing else.

        Its text is text. Its colours are CSS variables (``--onnxfi-…``) with light defaults.

        Args:
            width: the width in millimetres that it is laid out for. The text is at least 7 pt.
        """
        return self._draw(pixels(width)).svg(title=self.title, description=self.alt)

    def plotly(self) -> Any:
        """Return the figure as a plotly figure.

        Raises:
            MissingExtraError: plotly is not installed.
        """
        try:
            import plotly.graph_objects as go
        except ImportError as error:
            raise _missing("A plotly figure needs plotly") from error
        figure = go.Figure(self._plotly())
        figure.update_layout(template="plotly_white", title={"text": html.escape(self.title)})
        return figure

    def save(self, path: str | Path, *, width: float = WIDTH) -> Path:
        """Write the figure to a .svg, .pdf or .png file, with light colours.

        Args:
            path: the file.
            width: the width in millimetres; 84 for one column of a paper, 174 for two.

        Returns:
            The path.

        Raises:
            ConfigurationError: the name has another ending, or the file cannot be written.
            MissingExtraError: a .pdf or .png is wanted, and vl-convert-python is not installed.
        """
        path = Path(path)
        if path.suffix.lower() not in _FORMATS:
            raise ConfigurationError(
                f"{path} must end with {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}. Choose one of "
                "these formats."
            )
        content = self._content(path.suffix.lower(), width)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as aside:
                aside.write_bytes(content)
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be written: {error}. Choose another path."
            ) from error
        return path

    def _content(self, ending: str, width: float) -> bytes:
        # vl-convert takes a pixel as 1/72 of an inch; in SVG and CSS it is 1/96.
        svg = self._draw(pixels(width)).svg(
            title=self.title,
            description=self.alt,
            opaque=ending == ".png",
            scale=1 if ending == ".svg" else 72 / 96,
        )
        svg = resolved(svg)
        if ending == ".svg":
            return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'.encode()
        try:
            import vl_convert
        except ImportError as error:
            raise _missing(f"A {ending} file needs vl-convert-python") from error
        if ending == ".pdf":
            return bytes(vl_convert.svg_to_pdf(svg))
        return bytes(vl_convert.svg_to_png(svg, ppi=_DOTS_PER_INCH))

    def _repr_html_(self) -> str:
        """Return the figure with its caption, for notebooks."""
        return (
            f'<figure style="margin:0">{self.svg()}<figcaption style="max-width:{WIDTH}mm">'
            f"{html.escape(clean(self.caption))}</figcaption></figure>"
        )


def _missing(what: str) -> MissingExtraError:
    return MissingExtraError(
        f"{what}, which is not installed. Install the extra report: pip install 'onnxfi[report]'."
    )
