"""Matches names with patterns."""

from fnmatch import fnmatchcase


def is_pattern(text: str) -> bool:
    """Return whether a text may stand for several names: it holds ``*``, ``?`` or ``[``."""
    return any(x in text for x in "*?[")


def matches(name: str | None, pattern: str) -> bool:
    """Return whether a name is the pattern or matches it; case counts."""
    return name is not None and (name == pattern or fnmatchcase(name, pattern))
