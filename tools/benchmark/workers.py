"""Compares two threads, and ``workers: auto``, with one worker on the same campaign.

Whole runs of `Campaign.run` with ``workers: 1``, ``workers: 2`` (threads) and ``workers: auto``, to
the last record. They take turns. On two processors, ``auto`` takes two threads, or two processes
for a light model such as LeNet; give such a model ``--seconds 60``, since processes take seconds to
start. `Campaign.begin`, which loads the model, is not timed.

Usage: python -m tools.benchmark.workers [--models lenet,squeezenet,resnet50] [--seconds 10]
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from onnxfi.campaign import Campaign
from tools.benchmark.campaigns import write_configuration
from tools.benchmark.figures import Figure, figure
from tools.benchmark.models import Benchmarked, make_each, spread_targets
from tools.benchmark.part import run_part
from tools.benchmark.timing import Ratio

_OPTIONS = {
    "models": ("lenet,squeezenet,resnet50", "lenet,squeezenet", "names of models.py"),
    "targets": (3, 2, "of each model"),
    "seconds": (10.0, 3.0, "for each run, roughly"),
    "rounds": (3, 1, "of taking turns"),
}
# Of what ``auto`` chooses, on two processors.
_LEAST = 1.6


def measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Print the seconds of each run, and yield the ratios of each model."""
    with tempfile.TemporaryDirectory() as folder:
        for benchmarked in make_each(arguments.models.split(","), Path(folder)):
            begin = _beginning(benchmarked, Path(folder), arguments)
            name = benchmarked.name
            threads, chosen = [], []
            for _ in range(arguments.rounds):
                one, two, auto = (run(begin(x)) for x in (1, 2, "auto"))
                threads.append(one / two)
                chosen.append(one / auto)
                print(
                    f"{name}: one worker {one:.1f} s, two threads {two:.1f} s, auto {auto:.1f} s",
                    flush=True,
                )
            yield figure("two workers, times as fast as one", name, Ratio(threads))
            yield figure("auto workers, times as fast as one", name, Ratio(chosen), least=_LEAST)


def run(campaign: Campaign) -> float:
    """Return the seconds of a run."""
    start = time.perf_counter()
    campaign.run()
    return time.perf_counter() - start


def _beginning(
    benchmarked: Benchmarked, folder: Path, arguments: argparse.Namespace
) -> Callable[[int | str], Campaign]:
    """Return what begins a campaign, with so many injections that it takes as long as it should."""
    targets = [x.tensor for x in spread_targets(benchmarked.model, arguments.targets)]

    def begin(workers: int | str, per_target: int) -> Campaign:
        path = write_configuration(
            benchmarked, folder, targets=targets, per_target=per_target, workers=workers
        )
        return Campaign.from_yaml(path).begin()

    per_target, took = 250, 0.0
    while took < arguments.seconds / 4:
        per_target *= 2
        took = run(begin(1, per_target))
    per_target = max(500, round(per_target * arguments.seconds / took))
    return lambda workers: begin(workers, per_target)


if __name__ == "__main__":
    run_part(__doc__, measure, _OPTIONS)
