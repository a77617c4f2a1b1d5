"""Running a campaign in front of somebody."""

import os
import shlex
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import typer

from onnxfi.campaign import Campaign
from onnxfi.campaign.running.cluster import dask_executor
from onnxfi.campaign.running.run_shards import ShardOutcomes
from onnxfi.campaign.storage import is_address
from onnxfi.cli.campaign.event_log import EventLog
from onnxfi.cli.campaign.live_view import LiveView
from onnxfi.cli.campaign.plan import expected_text
from onnxfi.cli.options.targets import print_left_out
from onnxfi.cli.output import messages
from onnxfi.errors import OnnxfiError

INTERRUPTED = 130


def run_to_end(
    campaign: Campaign, *, scheduler: str | None = None, log_json: str | None = None
) -> str:
    """Run a campaign with a live view; an interrupt ends the command with a way to go on.

    Args:
        campaign: the campaign.
        scheduler: address of a Dask scheduler whose workers run it; None for threads here.
        log_json: where to log, see `EventLog`.

    Returns:
        The run directory, as it was given or relative to the current folder.
    """
    place = shown(campaign.directory.place)
    executing: AbstractContextManager[tuple[Executor | None, Callable[[], int] | None]] = (
        nullcontext((None, None)) if scheduler is None else dask_executor(scheduler)
    )
    with EventLog(log_json) as log:
        view = LiveView(planned=campaign.injections, disabled=log.on_stderr)
        provider = campaign.directory.manifest["provider"]
        if not log.on_stderr:
            print_left_out(campaign.left_out)
            messages.print(f"{expected_text(campaign)} on {provider}, records in {place}")
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

        try:
            with executing as (executor, workers), view:
                campaign.run(executor, workers=workers, on_injections=view.advance, on_shard=keep)
        except KeyboardInterrupt:
            log.write("interrupted")
            if not log.on_stderr:
                messages.print(
                    "Interrupted; what is recorded stays. "
                    f"Go on with: onnxfi campaign resume {shlex.quote(place)}",
                )
            raise typer.Exit(INTERRUPTED) from None
        except OnnxfiError as error:
            log.write("failed", error=type(error).__name__, message=str(error))
            raise
        log.write("ended")
    return place


def shown(place: str | Path) -> str:
    """Return a path relative to the current folder, or an address as it is."""
    return str(place) if is_address(place) else os.path.relpath(place)
