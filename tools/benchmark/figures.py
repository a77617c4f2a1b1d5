"""Defines the results of benchmarks: figures with their spread, and their bars."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.benchmark.timing import Ratio


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        what: what was measured, and against what.
        model: the name of the model, or what says of which models it is a mean.
        median: the figure.
        low: the lowest that was seen.
        high: the highest that was seen.
        least: the bar from below; None where there is none.
        most: the bar from above; None where there is none.
    """

    what: str
    model: str
    median: float
    low: float
    high: float
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the figure meets its bar; None where it has none."""
        if self.least is None and self.most is None:
            return None
        return (self.least is None or self.median >= self.least) and (
            self.most is None or self.median <= self.most
        )

    @property
    def bar(self) -> str:
        """The bar in words."""
        bars = ((">=", self.least), ("<=", self.most))
        return " ".join(f"{sign} {bar:g}" for sign, bar in bars if bar is not None)


def figure(
    what: str, model: str, ratio: Ratio, *, least: float | None = None, most: float | None = None
) -> Figure:
    """Return the figure of a ratio."""
    return Figure(what, model, ratio.median, ratio.low, ratio.high, least, most)


def table(figures: Iterable[Figure]) -> str:
    """Return a table, one line for each figure."""
    rows: list[tuple[str, ...]] = [("what", "model", "figure", "lowest", "highest", "bar", "met")]
    for x in figures:
        numbers = (f"{y:.3g}" if y < 100 else f"{y:.0f}" for y in (x.median, x.low, x.high))
        met = {None: "", True: "yes", False: "NO"}[x.met]
        rows.append((x.what, x.model, *numbers, x.bar, met))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            text.rjust(width) if 2 <= number <= 4 else text.ljust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def append(x: Figure, path: Path) -> None:
    """Write a figure to the end of a file, as one line of JSON."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(x)) + "\n")


def read(path: Path) -> list[Figure]:
    """Return the figures that `append` wrote."""
    if not path.exists():
        return []
    return [Figure(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
