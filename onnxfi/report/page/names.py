"""Makes the anchors of a page."""

import re
import zlib

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,40}")
_OTHER = re.compile(r"[^A-Za-z0-9_]+")
_LONGEST = 40  # characters of a name in an anchor


def anchor(*names: str) -> str:
    """Return the id of an element that is about something, the same in every report.

    Names of letters and digits are kept; others are shortened, and told apart by a checksum.
    """
    text = "-".join(names)
    if _PLAIN.fullmatch(text):
        return text
    kept = _OTHER.sub("-", text).strip("-")[:_LONGEST]
    return f"{kept}-{zlib.crc32(text.encode(errors='replace')):08x}"
