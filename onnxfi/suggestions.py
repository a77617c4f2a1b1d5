"""Suggests names that are similar to an unknown one."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, names: Iterable[str], *, most: int = 1) -> str:
    """Return ``" (did you mean 'a' or 'b'?)"`` for similar names, or an empty string.

    Case does not count: ``CONV1`` is similar to ``conv1``.

    Args:
        name: the unknown name.
        names: the known names.
        most: how many names to suggest at most; more than one if the message lists no names.
    """
    by_lower = {known.lower(): known for known in names if known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=most)
    if not found:
        return ""
    *others, last = (repr(by_lower[x]) for x in found)
    listed = f"{', '.join(others)} or {last}" if others else last
    return f" (did you mean {listed}?)"
