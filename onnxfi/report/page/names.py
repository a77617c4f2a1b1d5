"""Names targets in a page, and the anchors of its rows."""

import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,40}")
_OTHER = re.compile(r"[^A-Za-z0-9_]+")
_LONGEST = 40  # characters of a name in an anchor


def labels_of(keys: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the label of each target: its layer, or its tensor where a layer has several targets.

    Args:
        keys: mappings with ``target`` and ``layer``.
    """
    layers: dict[str, str | None] = {key["target"]: key["layer"] for key in keys}
    known = [layer for layer in layers.values() if layer]
    unique = {layer for layer in known if known.count(layer) == 1}
    return {
        target: layer if layer and layer in unique else target for target, layer in layers.items()
    }


def anchor(*names: str) -> str:
    """Return the id of an element that is about something, the same in every report.

    Names of letters and digits are kept; others are shortened, and told apart by a checksum.
    """
    text = "-".join(names)
    if _PLAIN.fullmatch(text):
        return text
    kept = _OTHER.sub("-", text).strip("-")[:_LONGEST]
    return f"{kept}-{zlib.crc32(text.encode(errors='replace')):08x}"
