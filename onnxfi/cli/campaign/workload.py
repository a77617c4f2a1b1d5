"""Describes the workload of a campaign: how many injections, and how long they take."""

import os

from onnxfi.campaign import Campaign, Worker, estimate_seconds
from onnxfi.display import counted

# Injections. Estimating the duration of fewer takes about as long as running them.
_WORTH_ESTIMATING = 1000


def describe_workload(campaign: Campaign) -> str:
    """Return the number of injections of a campaign, and their duration if there are many."""
    configuration = campaign.directory.configuration
    seconds = None
    if campaign.injections >= _WORTH_ESTIMATING:
        seconds = estimate_duration(Worker(configuration))
    return format_workload(
        campaign.injections, seconds, at_most=configuration.injections.until is not None
    )


def estimate_duration(worker: Worker) -> float:
    """Return the estimated duration of a campaign in seconds, with the workers it configures."""
    workers = worker.configuration.execution.workers
    return estimate_seconds(worker, workers=(os.cpu_count() or 1) if workers == "auto" else workers)


def format_workload(injections: int, seconds: float | None, *, at_most: bool) -> str:
    """Return the number of injections, and the duration if it is known."""
    most = "at most " if at_most else ""
    text = f"{most}{injections} injections"
    return text if seconds is None else f"{text}, {most}about {format_duration(seconds)}"


def format_duration(seconds: float) -> str:
    """Return a duration as text, in the largest unit that makes it at least 2."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return counted(max(1, round(seconds)), "second")
