"""Submits shards to an executor, or to threads and processes of this machine."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from queue import SimpleQueue

from onnxfi.campaign.running.local.shard_process import CannotOpenError, ShardProcess
from onnxfi.campaign.running.local.shard_threads import ShardThreads
from onnxfi.campaign.running.local.worker_choice import Workers
from onnxfi.campaign.running.record_shard import record_shard, run_shard
from onnxfi.campaign.running.run_shards import ShardOutcomes
from onnxfi.campaign.running.worker import Worker
from onnxfi.injector import watching_calls
from onnxfi.run_directory import RunDirectory, Shard

Submit = Callable[[Shard], Future[ShardOutcomes]]

#: Seconds that shards in flight get to stop. They stop after a block of injections, which takes a
#: fraction of a second; code of the user may never return.
GRACE = 5.0


def submit_to_executor(directory: RunDirectory, executor: Executor) -> Submit:
    """Return a function that submits a shard to an executor."""
    place, run_id = directory.place, str(directory.manifest["run_id"])
    return lambda shard: executor.submit(run_shard, place, run_id, shard)


@contextmanager
def submitting_here(
    directory: RunDirectory,
    worker: Worker,
    workers: Workers,
    *,
    on_injections: Callable[[int], None],
) -> Iterator[Submit]:
    """Yield a function that submits a shard to threads or processes of this machine.

    A thread runs shards with the worker of this process, or waits for a process that does. Where a
    process cannot open the campaign, such as with an error model of the user's script, its thread
    runs the shards itself.

    Args:
        directory: the run directory.
        worker: the worker of this process.
        workers: the number of workers, and whether all but one are processes.
        on_injections: called from time to time with the number of injections done since.
    """
    processes = _start(directory, workers.count - 1) if workers.processes else []
    idle: SimpleQueue[ShardProcess | None] = SimpleQueue()
    for x in (None, *processes, *[None] * (workers.count - 1 - len(processes))):
        idle.put(x)

    def run(shard: Shard) -> ShardOutcomes:
        process = idle.get()
        try:
            if process is not None:
                try:
                    return process.run(shard, on_injections=on_injections)
                except CannotOpenError:
                    process = None
            return record_shard(directory, worker, shard, on_injections=on_injections)
        finally:
            idle.put(process)

    threads = ShardThreads(workers.count, run)

    def end() -> list[str]:
        # However it ends: shards in flight stop, and leave no records.
        worker.stop()
        for process in processes:
            process.end()
        return threads.end(within=GRACE)

    with watching_calls(threads.contexts):
        try:
            yield threads.submit
        except BaseException as error:
            for note in end():
                error.add_note(note)
            raise
        end()


def _start(directory: RunDirectory, count: int) -> list[ShardProcess]:
    """Start so many processes, or as many as can be started."""
    processes: list[ShardProcess] = []
    with suppress(CannotOpenError):
        for _ in range(count):
            processes.append(ShardProcess(directory))  # noqa: PERF401 (one by one: some may start)
    return processes
