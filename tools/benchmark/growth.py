"""Compares the time per injection of a million injections with a thousand.

Whole runs of `Campaign.run` on LeNet's first convolution, with shards of 500 on disk and one
worker: some of a thousand injections before and after one of a million. What a run takes once is in
the time of both, so a second figure compares the last tenth of the million with the first.

Usage: python -m tools.benchmark.growth [--injections 1000000] [--few 1000] [--runs 6]
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from onnxfi.campaign import Campaign
from tools.benchmark.campaigns import write_configuration
from tools.benchmark.figures import Figure, figure
from tools.benchmark.models import Benchmarked, make
from tools.benchmark.part import run_part
from tools.benchmark.timing import CLOCKS, Ratio

_OPTIONS = {
    "injections": (1_000_000, 40_000, "of the long run"),
    "few": (1000, 1000, "of a short run"),
    "runs": (6, 2, "short runs, half of them before the long one"),
    "clock": ("wall", "wall", "wall or cpu"),
}
_MOST = 1.05
_SHARD = 500  # fewer than a campaign takes by itself, so that there are many files
_PIECES = 4  # that a tenth of the shards is compared in, for the spread


def measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Print the microseconds of an injection in each run, and yield the ratios."""
    with tempfile.TemporaryDirectory() as name:
        benchmarked = make("lenet", Path(name))

        def timed(count: int) -> list[float]:
            times = run(benchmarked, Path(name), count, arguments.clock)
            print(f"{count} injections, {1e6 * (times[-1] - times[0]) / count:.1f} us each")
            return times

        timed(arguments.few)  # what is imported or set up once is not what is measured
        half = arguments.runs // 2
        short = [timed(arguments.few) for _ in range(half)]
        long = timed(arguments.injections)
        short += [timed(arguments.few) for _ in range(half)]
    each = (long[-1] - long[0]) / arguments.injections
    ratios = [each * arguments.few / (x[-1] - x[0]) for x in short]
    label = f"lenet, {arguments.injections} to {arguments.few}"
    yield figure(
        "time of an injection in a long run, times a short one", label, Ratio(ratios), most=_MOST
    )
    shards = np.diff(long[1:-1])  # without the first, which opens the sessions
    tenth = len(shards) // 10
    first, last = shards[:tenth], shards[-tenth:]
    drift = Ratio([last[n::_PIECES].mean() / first[n::_PIECES].mean() for n in range(_PIECES)])
    yield figure("the last tenth of a long run, times the first", label, drift, most=_MOST)


def run(benchmarked: Benchmarked, folder: Path, count: int, clock: str) -> list[float]:
    """Run a campaign; return the time when it began, that of each shard's end, and of its own."""
    target = benchmarked.model.target("conv1").tensor
    path = write_configuration(
        benchmarked, folder, targets=[target], per_target=count, shard=_SHARD, workers=1
    )
    campaign = Campaign.from_yaml(path).begin()
    times = [CLOCKS[clock]()]
    campaign.run(on_shard=lambda outcomes: times.append(CLOCKS[clock]()))
    times.append(CLOCKS[clock]())
    return times


if __name__ == "__main__":
    run_part(__doc__, measure, _OPTIONS)
