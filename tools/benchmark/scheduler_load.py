"""Estimates how many workers one scheduler keeps busy, by a simulation and a measurement.

The simulation has one scheduler that handles messages one after the other, each shard taking
`--cost` seconds of it, and workers with two shards each ahead. A shard takes a lognormal time. The
table shows which part of their time the workers work, for their number and the mean seconds of a
shard; the campaign is 20 shards a worker long, its end included.

With --measure it starts a Dask scheduler and two workers here and sends shards that do nothing
through the code that campaigns use; the seconds per shard are what `--cost` should be.

Usage: python -m tools.benchmark.scheduler_load [--cost 0.001] [--measure 3000]
"""

import argparse
import heapq
import random
import time
from collections import deque
from concurrent.futures import Future

from onnxfi.campaign import ShardOutcomes, dask_executor
from onnxfi.campaign.running.run_shards import run_shards
from onnxfi.run_directory import Shard

_WORKERS = (10, 100, 1000, 4000)
_SECONDS = (0.1, 0.5, 1, 2, 5, 15, 60)
_AHEAD = 2
_SHARDS_PER_WORKER = 20
# The standard deviation of a shard's time is about a quarter of its mean.
_SIGMA = 0.25


def main() -> None:
    """Print the table, or the measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cost", type=float, default=0.001, help="scheduler seconds per shard")
    parser.add_argument("--measure", type=int, metavar="N", help="send N empty shards")
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure)
        return
    print(f"share of their time that the workers work; {1 / arguments.cost:.0f} shards/s at most")
    print(f"{'workers':>8}" + "".join(f"{x:>8} s" for x in _SECONDS))
    for workers in _WORKERS:
        shares = (simulate(workers, x, arguments.cost) for x in _SECONDS)
        print(f"{workers:>8}" + "".join(f"{x:>9.0%} " for x in shares), flush=True)


def simulate(workers: int, seconds: float, cost: float, *, seed: int = 0) -> float:
    """Return which part of their time the workers work.

    Args:
        workers: their number.
        seconds: mean time of a shard.
        cost: seconds of the scheduler per shard: it is told of one that is done and hands out one.
        seed: of the times.
    """
    rng = random.Random(seed)
    left = workers * _SHARDS_PER_WORKER
    free_at, busy = 0.0, 0.0
    waiting = [0] * workers  # shards that a worker has and has not begun
    idle = [True] * workers
    events: list[tuple[float, int, str]] = []  # what arrives where: a shard, or the end of one
    messages = deque((worker, 0.0) for _ in range(_AHEAD) for worker in range(workers))
    now = 0.0

    def serve() -> None:
        nonlocal free_at, left
        while messages and left:
            worker, sent = messages.popleft()
            free_at = max(free_at, sent) + cost
            left -= 1
            heapq.heappush(events, (free_at, worker, "shard"))

    serve()
    while events:
        now, worker, what = heapq.heappop(events)
        if what == "shard":
            waiting[worker] += 1
        else:
            idle[worker] = True
            messages.append((worker, now))
            serve()
        if idle[worker] and waiting[worker]:
            idle[worker] = False
            waiting[worker] -= 1
            took = seconds * rng.lognormvariate(-(_SIGMA**2) / 2, _SIGMA)
            busy += took
            heapq.heappush(events, (now + took, worker, "end"))
    return busy / (workers * now)


def measure(count: int) -> None:
    """Print what a shard that does nothing costs on a cluster of two workers."""
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        dask_executor(cluster.scheduler_address) as (executor, workers),
    ):
        done: list[ShardOutcomes] = []

        def submit(shard: Shard) -> Future[ShardOutcomes]:
            return executor.submit(do_nothing, "/run", "id", shard)

        for ahead in (workers(), 1000):
            began, used = time.perf_counter(), time.process_time()
            shards = (Shard(500 * i, 500, 0) for i in range(count))
            run_shards(shards, submit, workers=lambda ahead=ahead: ahead, on_shard=done.append)  # type: ignore[misc]
            wall, cpu = time.perf_counter() - began, time.process_time() - used
            print(
                f"{2 * ahead} shards ahead: {1e3 * wall / count:.2f} ms per shard by the wall "
                f"clock, {1e3 * cpu / count:.2f} ms of this process's processor"
            )


def do_nothing(place: str, run_id: str, shard: Shard) -> ShardOutcomes:
    """Return what a shard returns, without one."""
    return ShardOutcomes(shard, "conv1", "bitflip:bit=any", {"masked": 400, "sdc": 100}, 1.0)


if __name__ == "__main__":
    main()
