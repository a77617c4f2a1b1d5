"""Runs a shard and writes its records, in this process or in any other."""

import threading
import time
from collections.abc import Callable
from functools import lru_cache

from onnxfi.campaign.running.run_shards import ShardOutcomes
from onnxfi.campaign.running.worker import StoppedError, Worker
from onnxfi.run_directory import RunDirectory, Shard


def record_shard(
    directory: RunDirectory,
    worker: Worker,
    shard: Shard,
    *,
    on_injections: Callable[[int], None] = lambda count: None,
) -> ShardOutcomes:
    """Run a shard and write its records.

    Args:
        directory: the run directory.
        worker: runs the shard.
        shard: the shard.
        on_injections: called from time to time with the number of injections done since.

    Raises:
        OnnxfiError: the shard cannot be run, its records cannot be written, or a file of the
            campaign changed meanwhile.
        StoppedError: the worker was stopped.
    """
    began = time.perf_counter()
    records = worker.run(shard, on_injections=on_injections)
    # Inputs and external weights are read during the run.
    worker.files.check(lambda: directory.check_unchanged(worker.model))
    if worker.stopped:
        raise StoppedError
    directory.write(shard, records.table())
    seconds = time.perf_counter() - began
    return ShardOutcomes(
        shard, records.target, records.error_model, dict(records.outcomes), seconds
    )


def run_shard(place: str, run_id: str, shard: Shard) -> ShardOutcomes:
    """Run a shard of a run directory in the current process, and record it there.

    Args:
        place: the run directory, a path or an address that this process reaches.
        run_id: id of the run in its manifest.
        shard: the shard.

    Raises:
        OnnxfiError: the shard cannot be run, or its records cannot be written.
    """
    with _opening:  # threads that come first at the same time make one worker
        directory, worker = open_worker(place, run_id)
    return record_shard(directory, worker, shard)


_opening = threading.Lock()


@lru_cache(maxsize=1)
def open_worker(place: str, run_id: str) -> tuple[RunDirectory, Worker]:
    """Return the run directory and this process's worker; a new `run_id` makes a new worker.

    Raises:
        OnnxfiError: the run directory or the model cannot be opened, or something changed since the
            campaign began.
    """
    directory = RunDirectory.open(place)
    worker = Worker(directory.configuration)
    directory.check_unchanged(worker.model)
    return directory, worker
