"""Measures the speed of a campaign, and derives the size of its shards."""

import time
from dataclasses import dataclass

from onnxfi.campaign.running.worker import Worker
from onnxfi.configuration import Execution

# Seconds that Python takes for one injection, measured on LeNet.
PYTHON_SECONDS = 3e-5
# Seconds of a shard: what a killed worker loses.
_SHARD_SECONDS = 10
# Injections of a shard: smaller shards would be many files, larger ones take much memory where a
# fault has many sites.
_FEWEST, _MOST = 20, 20_000
# Elements of the targets times injections of a shard.
_MOST_ELEMENTS = 1 << 31
# Runs of a suffix that are timed, and the seconds after which no further run is.
_TIMED, _LONG = 3, 0.02


@dataclass(frozen=True, slots=True)
class Pace:
    """Measurements at the first target of a campaign.

    Attributes:
        seconds: time of a run of the suffix with one lane and one thread.
        elements: number of elements of the targets.
    """

    seconds: float
    elements: int

    def shard(self, execution: Execution, *, largest: int, workers: int) -> int:
        """Return the largest number of injections of a shard.

        Args:
            execution: the user's choice.
            largest: number of injections of the largest stratum.
            workers: number of workers; each gets a shard of the stratum, so that they share its
                sessions.
        """
        if execution.shard != "auto":
            return execution.shard
        wanted = _SHARD_SECONDS / (self.seconds + PYTHON_SECONDS)
        most = min(_MOST, _MOST_ELEMENTS // max(1, self.elements), -(-largest // workers))
        return max(_FEWEST, min(round(wanted), most))


def measure_pace(worker: Worker) -> Pace:
    """Time the suffix of the first targets.

    Raises:
        OnnxfiError: the model or an input does not fit.
    """
    injector = worker.injector(worker.plan.strata[0].targets)
    golden = worker.golden(injector, 0)
    seconds: list[float] = []
    while len(seconds) < _TIMED and sum(seconds) < _LONG:
        start = time.perf_counter()
        injector.golden_from(golden.values)
        seconds.append(time.perf_counter() - start)
    return Pace(min(seconds), sum(x.size for x in golden.targets.values()))
