"""Measures, shortens and formats the text of figures."""

import re
import unicodedata
from collections.abc import Iterable

from onnxfi.statistics import EstimatedRate, Rate

# Advance widths of DejaVu Sans, in em. It is the widest of the fonts that browsers fall back to,
# so labels fit whatever font a reader has.
_WIDTHS = {
    **dict.fromkeys("iljtfrI.,:;'|!()[] /\\-", 0.41),
    **dict.fromkeys("w#&+<=>~^", 0.84),
    **dict.fromkeys("mMW@%…", 1.0),
}
_LOWER = 0.64
_UPPER = 0.79
# Characters that XML 1.0 does not allow.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Return text with the characters that XML does not allow replaced."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def width_of(text: str, size: float) -> float:
    """Return how wide a text is in pixels, at most, in the common fonts."""
    return size * sum(_width(x) for x in text)


def _width(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return _WIDTHS.get(character, _UPPER if character.isupper() else _LOWER)


def shorten(text: str, size: float, room: float) -> str:
    """Return a text that fits into a width, with its middle left out if need be.

    Args:
        text: the text.
        size: size of the font in pixels.
        room: the width in pixels.
    """
    if width_of(text, size) <= room:
        return text
    kept = len(text) - 1
    while kept > 2:
        head = (kept + 1) // 2
        short = f"{text[:head]}…{text[len(text) - kept + head :]}"
        if width_of(short, size) <= room:
            return short
        kept -= 1
    return f"{text[:1]}…{text[-1:]}"


def percent(share: float) -> str:
    """Return a share in percent, such as ``12.3`` or ``0.04``."""
    value = 100 * share
    if value == 0 or value >= 0.95:
        return f"{value:.1f}" if value < 99.95 or value == 100 else ">99.9"
    return f"{value:.2f}" if value >= 0.005 else "<0.01"


def rate_text(rate: Rate) -> str:
    """Return a rate with its interval and counts, such as ``2.5 % [1.9, 3.3], 25 of 1000``.

    Counts of injections that were sampled by severity would mislead, and are left out.
    """
    counts = f"{rate.count} of {rate.total}"
    if isinstance(rate, EstimatedRate):
        counts = f"estimated from {plural(rate.total, 'injection')}"
    return (
        f"{percent(rate.share)}\N{NO-BREAK SPACE}% "
        f"[{percent(rate.low)}, {percent(rate.high)}], {counts}"
    )


def share_shown(rates: Iterable[Rate]) -> str:
    """Return which share a figure of SDC rates shows, for its caption."""
    silent = "that end in silent data corruption (SDC)"
    if any(isinstance(x, EstimatedRate) for x in rates):
        return f"share of faults {silent}, estimated from injections sampled by severity"
    return f"share of injections {silent}"


def grouped(number: int) -> str:
    """Return a number with thin spaces between thousands."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def plural(number: int, noun: str) -> str:
    """Return a number with a noun, such as ``1 injection`` or ``2 injections``."""
    return f"{grouped(number)} {noun}{'' if number == 1 else 's'}"
