"""Finds names: by a pattern, or the closest to one that is not there."""

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase


def is_pattern(text: str) -> bool:
    """Return whether a text may stand for several names: it holds ``*``, ``?`` or ``[``."""
    return any(x in text for x in "*?[")


def matches(name: str | None, pattern: str) -> bool:
    """Return whether a name is the pattern or matches it; case counts."""
    return name is not None and (name == pattern or fnmatchcase(name, pattern))


def closest(name: str, names: Iterable[str]) -> str:
    """Return a sentence with the closest of the names, followed by a space, or an empty string.

    Case does not count: ``CONV1`` is close to ``conv1``.
    """
    by_lower = {candidate.lower(): candidate for candidate in names if candidate}
    found = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.4)
    if not found:
        return ""
    return f"The closest are {', '.join(repr(by_lower[x]) for x in found)}. "
