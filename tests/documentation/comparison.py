"""Compares the output that a page shows with the output of its block.

Words must be equal; runs of spaces and the borders of tables do not count. ``...`` stands for any
text, over several lines if it is alone on a line. A number that an interval in brackets follows may
lie anywhere in that interval, and the ends of the interval may move by its width. Other numbers are
equal, or within the tolerance that the page states.
"""

import math
import re
from collections.abc import Iterator

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_INTERVAL = re.compile(rf"({_NUMBER.pattern})(?: %)? \[({_NUMBER.pattern}), ({_NUMBER.pattern})\]")
_BORDERS = re.compile(r"[│┃|─━┏┓┗┛┳┻┡┩╇┬┴┼└┘├┤╭╮╰╯╞╪╡╷╵╶╴]+")


def differences(expected: str, actual: str, tolerance: float = 0.0) -> list[str]:
    """List where the output differs from what the page shows.

    Args:
        expected: what the page shows.
        actual: the output.
        tolerance: the largest relative difference of numbers without an interval, in percent;
            infinite to compare only words.
    """
    rest = [line for x in actual.splitlines() if (line := _plain(x))]
    may_skip, found = False, []
    for line in filter(None, map(_plain, expected.splitlines())):
        if line == "...":
            may_skip = True
            continue
        at = next(
            (
                i
                for i, x in enumerate(rest if may_skip else rest[:1])
                if _agrees(line, x, tolerance)
            ),
            None,
        )
        if at is None:
            found.append(f"{line!r} is not in the output, which goes on with {rest[:1]}")
        else:
            rest = rest[at + 1 :]
        may_skip = False
    if rest and not may_skip and not found:
        found.append(f"the page does not show {rest[0]!r}")
    return found


def _plain(line: str) -> str:
    return " ".join(_BORDERS.sub(" ", line).split())


def _agrees(expected: str, actual: str, tolerance: float) -> bool:
    pattern, bounds = _pattern(expected, tolerance)
    match = re.fullmatch(pattern, actual)
    return match is not None and all(
        low <= float(x) <= high for x, (low, high) in zip(match.groups(), bounds, strict=True)
    )


def _pattern(line: str, tolerance: float) -> tuple[str, list[tuple[float, float]]]:
    """Return a pattern with a group for each number, and the bounds of these numbers."""
    bounds = list(_bounds(line, tolerance))
    words = [re.escape(x) for x in _NUMBER.split(line)]
    pattern = f"({_NUMBER.pattern})".join(words)
    return pattern.replace(re.escape("..."), ".*"), bounds


def _bounds(line: str, tolerance: float) -> Iterator[tuple[float, float]]:
    at = 0
    if math.isinf(tolerance):
        yield from [(-math.inf, math.inf)] * len(_NUMBER.findall(line))
        return
    while number := _NUMBER.search(line, at):
        if interval := _INTERVAL.match(line, number.start()):
            low, high = float(interval[2]), float(interval[3])
            yield low, high
            for end in (low, high):
                yield end - (high - low), end + (high - low)
            at = interval.end()
        else:
            value = float(number[0])
            margin = abs(value) * tolerance / 100
            yield value - margin, value + margin
            at = number.end()
