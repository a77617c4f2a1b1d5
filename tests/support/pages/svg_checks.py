"""Reads figures as the XML that they are."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from onnxfi.report import Figure

SVG = "{http://www.w3.org/2000/svg}"


def texts(figure: Figure, width: float = 174) -> list[str]:
    """Return the texts of a figure, in the order in which they are drawn."""
    root = ET.fromstring(figure.svg(width))
    return [_plain(x.text or "") for x in root.iter(f"{SVG}text")]


def hovers(figure: Figure, tags: Sequence[str] = ("circle", "rect")) -> list[str]:
    """Return the texts that show when the pointer rests on a mark."""
    root = ET.fromstring(figure.svg())
    found = [x.findtext(f"{SVG}title") for tag in tags for x in root.iter(f"{SVG}{tag}")]
    return [_plain(x) for x in found if x]


def _plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
