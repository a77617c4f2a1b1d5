"""Chooses the number of workers, and whether they are threads or processes.

Threads share one model and its sessions. ONNX Runtime computes without holding Python's global
interpreter lock, so threads suit models whose injections spend most of their time there. On a light
model an injection is mostly Python; threads then wait for one another, and processes do not.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from onnxfi.campaign.running.pace import PYTHON_SECONDS, Pace
from onnxfi.campaign.running.worker import Worker
from onnxfi.runtime import choose_provider

# Seconds of one run of the suffix. From here on Python is at most a tenth of an injection
# (`PYTHON_SECONDS` and the metric), so threads gain.
_HEAVY = 1e-3
# Seconds of one run of the suffix. Below, a second thread gains nothing on LeNet (2 cores).
_MOSTLY_PYTHON = 1e-4
# Seconds that one worker needs for the missing injections. A process takes one to two seconds to
# import onnxfi and open the model, so a shorter campaign gains nothing.
_LONG_ENOUGH = 10.0
# Two threads that are together less than this many times as fast as one spend more than 1 / 1.25 =
# 80 % of their time under Python's lock, or lose as much by waiting for it.
_LEAST_GAIN = 1.25
# Injections of the trial. The first ones also open sessions and try fast paths, so the trial is
# repeated until its time has passed (seconds), then timed in turns.
_TRIAL_INJECTIONS, _WARM_UP, _TURNS = 512, 0.5, 3


@dataclass(frozen=True, slots=True)
class Workers:
    """The workers of a run on this machine.

    Attributes:
        count: their number.
        processes: whether all but the first are processes of their own.
    """

    count: int
    processes: bool = False


def choose_workers(worker: Worker, pace: Pace, *, missing: int) -> Workers:
    """Return the workers of a run.

    Args:
        worker: the worker of this process.
        pace: the measured pace.
        missing: number of injections to run.

    Raises:
        OnnxfiError: the injections of the trial fail.
    """
    execution = worker.configuration.execution
    if execution.workers != "auto":
        return Workers(execution.workers)
    processors = os.cpu_count() or 1
    if pace.seconds >= _HEAVY or processors == 1:
        return Workers(processors)
    short = missing * (pace.seconds + PYTHON_SECONDS) < _LONG_ENOUGH
    if short or choose_provider(execution.provider) != "cpu":
        return Workers(1 if pace.seconds < _MOSTLY_PYTHON else processors)
    return Workers(processors, processes=thread_gain(_trial(worker)) < _LEAST_GAIN)


def thread_gain(run: Callable[[], object]) -> float:
    """Return how many times as fast two threads are as one; each runs the function once.

    The best of a few turns counts, which other load on the machine disturbs least.
    """
    alone, together = [], []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(_TURNS):
            alone.append(_seconds(run))
            together.append(_seconds(lambda: list(pool.map(lambda _: run(), range(2)))))
    return 2 * min(alone) / min(together)


def _trial(worker: Worker) -> Callable[[], object]:
    """Return a function that runs some first injections and drops them; it is warmed up."""
    shard = next(worker.plan.shards(_TRIAL_INJECTIONS))

    def run() -> object:
        return worker.run(shard).table()

    began = time.perf_counter()
    while time.perf_counter() - began < _WARM_UP:
        run()
    return run


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
