"""Shows the progress of a campaign on a terminal: rate, time left, and outcome rates so far."""

from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from onnxfi.cli.output import messages
from onnxfi.cli.rates import estimate_rate
from onnxfi.cli.tables import Column, Row, Table, format_table
from onnxfi.statistics import Rate

if TYPE_CHECKING:  # it needs ONNX Runtime, which reading records does not
    from onnxfi.campaign import ShardOutcomes

#: The columns of a table of strata.
STRATUM_COLUMNS = (
    Column("target"),
    Column("error model"),
    Column("injections", "number"),
    Column("sdc", "number", important=True),
    Column("due", "number"),
)
# Rows of the table.
_MOST_ROWS = 10
# Lines of the progress, and of the terminal's prompt.
_LINES_BELOW = 2


class LiveView:
    """Shows the progress of a campaign on stderr, if stderr is a terminal."""

    def __init__(self, *, planned: int, weighted: bool = False, disabled: bool = False) -> None:
        """Prepare the view.

        Args:
            planned: the number of injections of the campaign.
            weighted: whether injections have weights, without which rates would mislead.
            disabled: show nothing, even on a terminal.
        """
        self._planned = planned
        self._weighted = weighted
        self._strata: dict[tuple[str, str], Counter[str]] = {}
        self._progress = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=messages,
        )
        # No progress bars in log files.
        self._live = (
            Live(get_renderable=self.render, console=messages, transient=True)
            if messages.is_terminal and not disabled
            else None
        )

    def __enter__(self) -> Self:
        """Show the view."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the view from the terminal."""
        if self._live is not None:
            self._live.stop()

    def advance(self, count: int) -> None:
        """Count finished injections; the first call counts the injections of earlier runs."""
        if not self._progress.tasks:
            self._progress.add_task("", total=self._planned, completed=count, rate="")
            return
        task = self._progress.tasks[0]
        rate = f"{task.speed:.0f}/s" if task.speed else ""
        self._progress.update(task.id, advance=count, rate=rate)

    @property
    def done(self) -> int:
        """Number of injections done, including those of unfinished shards and of earlier runs."""
        return int(self._progress.tasks[0].completed) if self._progress.tasks else 0

    def add(self, shard: "ShardOutcomes") -> None:
        """Count the outcomes of a shard."""
        key = (shard.target, shard.error_model)
        counted = self._strata.pop(key, Counter())
        counted.update(shard.outcomes)
        self._strata[key] = counted  # last

    def render(self) -> RenderableType:
        """Return the strata that were updated last, as many as fit, and the progress."""
        room = messages.height - _LINES_BELOW
        for count in range(min(_MOST_ROWS, len(self._strata)), 0, -1):
            table = format_table(self._table(count), width=messages.width)
            if table.plain.count("\n") < room:
                return Group(table, self._progress)
        return self._progress

    def _table(self, count: int) -> Table:
        shown = dict(list(self._strata.items())[-count:])
        return counts_table(shown, weighted=self._weighted, what="this run so far")


def counts_table(
    strata: Mapping[tuple[str, str], Counter[str]], *, weighted: bool, what: str
) -> Table:
    """Return a table of outcomes by target and error model.

    Args:
        strata: the number of injections of each outcome, by target and error model.
        weighted: whether injections have weights: their rates are left out.
        what: what the counts are of, for the caption.
    """
    rows: list[Row] = []
    for (target, error_model), counted in strata.items():
        rates = () if weighted else (Rate.of(counted[x], counted.total()) for x in ("sdc", "due"))
        rows.append((target, error_model, str(counted.total()), *map(estimate_rate, rates)))
    if weighted:
        caption = f"{what}; `onnxfi campaign summary` weights them"
        return Table(STRATUM_COLUMNS[:3], rows, caption=caption, within="error model")
    caption = f"{what}, in % with 95 % intervals"
    return Table(STRATUM_COLUMNS, rows, caption=caption, within="error model")
