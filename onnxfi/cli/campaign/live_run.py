"""Runs a campaign with a live view and an event log."""

import shlex
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Annotated

import typer

from onnxfi.campaign import Campaign, ShardOutcomes, dask_executor
from onnxfi.cli.campaign.event_log import EventLog
from onnxfi.cli.campaign.live_view import LiveView
from onnxfi.cli.campaign.workload import describe_workload
from onnxfi.cli.interrupts import INTERRUPTED
from onnxfi.cli.options.targets import print_left_out
from onnxfi.cli.output import messages
from onnxfi.errors import OnnxfiError
from onnxfi.injector import surviving_exits
from onnxfi.storage import display_path


@dataclass(frozen=True, kw_only=True)
class LiveRunOptions:
    """The options of commands that run a campaign."""

    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Inject on the workers of a Dask scheduler, tcp://host:port (extra distributed).",
        ),
    ] = None
    log_json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Log events as JSON lines to FILE, or - for stderr."),
    ] = None


def run_to_end(campaign: Campaign, options: LiveRunOptions | None = None) -> str:
    """Run a campaign with a live view; an interrupt exits with the command that resumes it.

    Args:
        campaign: the campaign; it begins once the scheduler and the log are open.
        options: where to inject and where to log; None for threads and no log.

    Returns:
        The run directory: an address, or a path relative to the current folder.
    """
    options = options or LiveRunOptions()
    executing: AbstractContextManager[tuple[Executor | None, Callable[[], int] | None]] = (
        nullcontext((None, None)) if options.scheduler is None else dask_executor(options.scheduler)
    )
    with (
        surviving_exits(),
        executing as (executor, workers),
        EventLog(options.log_json) as log,
    ):
        view: LiveView | None = None
        try:
            campaign.begin()
            place = display_path(campaign.directory.place)
            view = LiveView(
                planned=campaign.injections,
                weighted=campaign.configuration.injections.sampling != "uniform",
                disabled=log.on_stderr,
            )
            provider = campaign.directory.manifest["provider"]
            if not log.on_stderr:
                print_left_out(campaign.left_out)
                messages.print(f"{describe_workload(campaign)} on {provider}, records in {place}")
            log.write("began", out=place, planned=campaign.injections, provider=provider)

            def keep(shard: ShardOutcomes) -> None:
                view.add(shard)
                log.write(
                    "shard",
                    first=shard.shard.first,
                    injections=shard.shard.count,
                    target=shard.target,
                    error_model=shard.error_model,
                    outcomes=dict(shard.outcomes),
                    seconds=round(shard.seconds, 6),
                )

            with view:
                campaign.run(executor, workers=workers, on_injections=view.advance, on_shard=keep)
        except KeyboardInterrupt as error:
            log.write("interrupted")
            running = "".join(f"{x}\n" for x in getattr(error, "__notes__", ()))
            if not log.on_stderr:
                messages.print(
                    f"{running}Interrupted before the first injection. Nothing was written."
                    if view is None
                    else f"{running}{_describe_interruption(campaign, done=view.done)}"
                )
            raise typer.Exit(INTERRUPTED) from None
        except OnnxfiError as error:
            log.write("failed", error=type(error).__name__, message=str(error))
            raise
        log.write("ended")
    return place


def _describe_interruption(campaign: Campaign, *, done: int) -> str:
    """Return what is kept, what is lost, and how to resume."""
    recorded = campaign.directory.recorded
    lost = max(0, done - recorded)
    unfinished = f" ({lost} more in unfinished shards are lost)" if lost else ""
    place = shlex.quote(display_path(campaign.directory.place))
    return (
        f"Interrupted after {recorded} of {campaign.injections} injections{unfinished}. "
        f"Resume with: onnxfi campaign resume {place}"
    )
