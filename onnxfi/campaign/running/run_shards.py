"""Hands shards to an executor and collects their outcomes."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue

from onnxfi.errors import ConfigurationError, InputError
from onnxfi.run_directory import Shard
from onnxfi.runtime import is_out_of_memory

# Shards handed to the executor ahead of time, per worker: enough to keep it busy.
_QUEUED_PER_WORKER = 2


@dataclass(frozen=True, slots=True)
class ShardOutcomes:
    """The outcomes of a shard whose records are written.

    Attributes:
        shard: the shard.
        target: name of the targets in the records.
        error_model: name of the error models in the records.
        outcomes: the number of injections of each outcome.
        seconds: time that it took.
    """

    shard: Shard
    target: str
    error_model: str
    outcomes: Mapping[str, int]
    seconds: float


class FinishedIds:
    """The ids of the recorded injections."""

    def __init__(self, ranges: Iterable[range]) -> None:
        """Keep the ranges of ids."""
        self._ranges = sorted(ranges, key=lambda x: x.start)
        self._starts = [x.start for x in self._ranges]

    def __len__(self) -> int:
        """Return the number of ids."""
        return sum(map(len, self._ranges))

    def missing(self, shards: Iterable[Shard]) -> Iterator[Shard]:
        """Yield the unrecorded parts of shards, whose size may differ from the last run's."""
        for shard in shards:
            first, end = shard.first, shard.first + shard.count
            at = max(0, bisect_right(self._starts, first) - 1)
            for finished in islice(self._ranges, at, None):
                if finished.start >= end:
                    break
                if finished.start > first:
                    yield Shard(first, finished.start - first, shard.stratum)
                first = max(first, finished.stop)
            if first < end:
                yield Shard(first, end - first, shard.stratum)


def run_shards(
    shards: Iterator[Shard],
    submit: Callable[[Shard], Future[ShardOutcomes]],
    *,
    workers: Callable[[], int],
    on_shard: Callable[[ShardOutcomes], None],
) -> None:
    """Run shards, a few at a time; the first failure cancels the queued shards.

    The cost of each shard does not grow with the number of workers or shards.

    Args:
        shards: the shards.
        submit: hands a shard to an executor.
        workers: returns the present number of workers.
        on_shard: called in this thread for each finished shard.

    Raises:
        ConfigurationError: a worker process died, or a worker needs more memory than there is.
    """
    pending: set[Future[ShardOutcomes]] = set()
    done: SimpleQueue[Future[ShardOutcomes]] = SimpleQueue()
    try:
        while True:
            for shard in islice(shards, max(0, workers() * _QUEUED_PER_WORKER - len(pending))):
                future = submit(shard)
                pending.add(future)
                future.add_done_callback(done.put)
            if not pending:
                return
            future = done.get()
            pending.remove(future)
            on_shard(future.result())
    except BrokenExecutor as error:
        raise ConfigurationError(
            f"A worker process died (often out of memory): {str(error).rstrip('.')}. Finished "
            "shards are kept; continue with `onnxfi campaign resume DIR`."
        ) from error
    except (MemoryError, InputError) as error:
        if not isinstance(error, MemoryError) and not is_out_of_memory(error):
            raise
        reason = str(error) or "Not enough memory for a worker."
        raise ConfigurationError(
            f"{reason.rstrip('.')}. Finished shards are kept. Use fewer workers "
            "(execution.workers) or end other programs, then continue with "
            "`onnxfi campaign resume DIR`."
        ) from error
    finally:
        for future in pending:
            future.cancel()
