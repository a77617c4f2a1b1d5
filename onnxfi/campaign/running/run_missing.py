"""Runs the injections of a campaign that have no records yet."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass

from onnxfi.campaign.running.failed_user_code import noting_failed_user_code
from onnxfi.campaign.running.local.submitting import submit_to_executor, submitting_here
from onnxfi.campaign.running.local.worker_choice import choose_workers
from onnxfi.campaign.running.pace import measure_pace
from onnxfi.campaign.running.progress import progress_bar
from onnxfi.campaign.running.run_shards import FinishedIds, ShardOutcomes, run_shards
from onnxfi.campaign.running.severity_rounds import make_rounds
from onnxfi.campaign.running.worker import Worker
from onnxfi.run_directory import STOPPED_EARLY, Heartbeat, RunDirectory, read_shards

_logger = logging.getLogger("onnxfi")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the caller of `Campaign.run` wants.

    Attributes:
        executor: runs the shards; None for threads or processes of this machine.
        workers: returns the present number of the executor's workers.
        progress: whether to show a progress bar.
        on_injections: called with the number of injections done since the last call.
        on_shard: called after each recorded shard.
    """

    executor: Executor | None
    workers: Callable[[], int] | None
    progress: bool | None
    on_injections: Callable[[int], None]
    on_shard: Callable[[ShardOutcomes], None]


def run_missing(directory: RunDirectory, rehearsed: Worker | None, options: RunOptions) -> None:
    """Run every shard that has no records yet.

    Args:
        directory: the run directory.
        rehearsed: a worker whose first sessions are open; None to make one.
        options: what the caller wants.

    Raises:
        OnnxfiError: the run cannot continue; finished shards are kept.
    """
    configuration = directory.configuration
    planned = int(directory.manifest["injections"])
    showing = progress_bar(planned, shown=options.progress)
    noting = noting_failed_user_code(directory)
    with Heartbeat(directory.storage) as heartbeat, showing as advance, noting:
        for message in directory.clean():
            _logger.warning(message)

        def count(done: int) -> None:
            heartbeat.add(done)
            advance(done)
            options.on_injections(done)

        worker = rehearsed or _open_worker(directory)
        finished = FinishedIds(directory.finished())
        advance(len(finished))
        options.on_injections(len(finished))
        pace = measure_pace(worker)
        missing = len(worker.plan) - len(finished) if options.executor is None else 0
        here = choose_workers(worker, pace, missing=missing)
        count_workers = options.workers or (lambda: here.count)
        size = pace.shard(
            configuration.execution,
            largest=max(worker.plan.faults, default=0) * worker.plan.inputs_per_fault,
            workers=max(1, count_workers()),
        )
        rounds = make_rounds(worker)
        decides = configuration.injections.until is not None or worker.plan.most is not None
        if decides and len(finished):
            rounds.add_records(read_shards(directory.place, ("injection_id", "outcome")))

        def keep(outcomes: ShardOutcomes) -> None:
            rounds.add(outcomes.shard, outcomes.outcomes)
            if options.executor is not None:
                count(outcomes.shard.count)
            options.on_shard(outcomes)

        submitting = (
            submitting_here(directory, worker, here, on_injections=count)
            if options.executor is None
            else nullcontext(submit_to_executor(directory, options.executor))
        )
        with submitting as submit:
            for shards in rounds.shards(size):
                missing_parts = finished.missing(shards)
                run_shards(missing_parts, submit, workers=count_workers, on_shard=keep)
        if decides:
            directory.storage.write(STOPPED_EARLY, b"")


def _open_worker(directory: RunDirectory) -> Worker:
    worker = Worker(directory.configuration)
    directory.check_unchanged(worker.model)  # it may have changed since `Campaign.open`
    return worker
