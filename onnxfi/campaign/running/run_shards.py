"""Handing shards to an executor, and what comes back."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue

from onnxfi.campaign.planning.plan import Shard
from onnxfi.errors import ConfigurationError

# Shards handed to the executor at once, per worker: enough to keep it busy, and no list of all.
_QUEUED_PER_WORKER = 2


@dataclass(frozen=True, slots=True)
class ShardOutcomes:
    """What came of a shard whose records are written.

    Attributes:
        shard: the shard.
        target: what its records call the targets.
        error_model: what its records call the error models.
        outcomes: the number of injections of each outcome.
        seconds: how long it took.
    """

    shard: Shard
    target: str
    error_model: str
    outcomes: Mapping[str, int]
    seconds: float


class FinishedIds:
    """The ids of the injections whose records are there."""

    def __init__(self, ranges: Iterable[range]) -> None:
        """Keep the ranges of ids."""
        self._ranges = sorted(ranges, key=lambda x: x.start)
        self._starts = [x.start for x in self._ranges]

    def __len__(self) -> int:
        """Return the number of ids."""
        return sum(map(len, self._ranges))

    def missing(self, shards: Iterable[Shard]) -> Iterator[Shard]:
        """Yield what is left of shards; their size may have changed since the last run."""
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
    """Run shards, a few at a time; the first failure ends it and cancels what is queued.

    What it costs for each shard does not grow with the number of workers, or of shards.

    Args:
        shards: the shards.
        submit: hands a shard to an executor.
        workers: tells how many workers there are at the moment.
        on_shard: called for each shard that is done, in this thread.

    Raises:
        ConfigurationError: a worker process ended.
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
            f"The workers must live on, and one ended: {str(error).rstrip('.')}. Memory is a "
            "frequent reason. What is recorded stays; go on with `onnxfi campaign resume`."
        ) from error
    finally:
        for future in pending:
            future.cancel()
