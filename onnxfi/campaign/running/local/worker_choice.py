"""Chooses the number of workers, and whether they are threads or processes.

Threads share one model and its sessions. ONNX Runtime computes without Python's global interpreter
lock, so threads are best where injections spend most of their time there. On a light model an
injection is mostly Python: threads wait for one another, and processes do not.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from onnxfi.campaign.running.pace import PYTHON_SECONDS, Pace
from onnxfi.campaign.running.worker import Worker
from onnxfi.runtime import choose_provider

# Seconds of one run of the suffix. From here on Python takes a small part of an injection
# (`PYTHON_SECONDS` and the metric), and threads are best.
_HEAVY = 1e-3
# Seconds of one run of the suffix. Below, a second thread gains nothing (LeNet, 2 cores).
_MOSTLY_PYTHON = 1e-4
# Seconds that one worker needs for the missing injections. A process takes one to two seconds to
# import onnxfi and open the model, so a shorter campaign gains nothing.
_LONG_ENOUGH = 10.0
# Share of processor time outside ONNX Runtime above which processes are used. Only one thread at a
# time is outside, so at 0.5 no number of threads is more than twice as fast as one. Measured shares
# are 0.92 for LeNet and 0.22 for SqueezeNet.
_PYTHON_SHARE = 0.5
# Injections of the trial. The first ones also open sessions and try fast paths, so the trial is
# repeated for some seconds before it is timed, in turns.
_TRIAL_INJECTIONS, _WARM_UP, _TURNS = 512, 0.5, 3
# The functions of ONNX Runtime's extension module that run a session.
_RUNS = frozenset({"run", "run_with_iobinding", "run_with_ort_values", "run_with_ortvaluevector"})


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
    return Workers(processors, processes=python_share(_trial(worker)) > _PYTHON_SHARE)


def python_share(run: Callable[[], object]) -> float:
    """Return the share of a function's processor time that it spends outside ONNX Runtime.

    Half of the calls are timed as a whole, the other half with a profile function that adds up the
    time inside ONNX Runtime: it slows down Python only. Processor time is not affected by other
    load on the machine.

    Args:
        run: runs sessions in the calling thread, each with one intra-op thread.
    """
    total, clock = 0.0, _RuntimeClock()
    before = sys.getprofile()
    for _ in range(_TURNS):
        began = time.thread_time()
        run()
        total += time.thread_time() - began
        sys.setprofile(clock)
        try:
            run()
        finally:
            sys.setprofile(before)
    return 1 - clock.seconds / total if clock.seconds else 0.0  # 0: no run was seen


class _RuntimeClock:
    """A profile function that adds up the processor time inside ONNX Runtime."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._began = 0.0

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event.startswith("c_") and getattr(argument, "__name__", "") in _RUNS:
            now = time.thread_time()
            if event == "c_call":
                self._began = now
            else:
                self.seconds += now - self._began


def _trial(worker: Worker) -> Callable[[], object]:
    """Return a function that runs some first injections and drops them; it is warmed up."""
    shard = next(worker.plan.shards(_TRIAL_INJECTIONS))

    def run() -> object:
        return worker.run(shard).table()

    began = time.perf_counter()
    while time.perf_counter() - began < _WARM_UP:
        run()
    return run
