"""Two workers against one on the same campaign, as ratios inside one run.

Whole runs of `Campaign.run`, from loading the model to the last record: with one thread that runs
shards and with two, one intra-op thread each. They take turns. A second figure is against
``workers: 1`` as a user would write it, where ONNX Runtime computes with all processors.

Usage: python tools/benchmark/workers.py [--models lenet,squeezenet,resnet50] [--seconds 10]
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from campaigns import write_configuration
from figures import Figure, figure
from models import Benchmarked, make_each, spread_targets
from part import run_part
from timing import Ratio

from onnxfi.campaign import Campaign

_OPTIONS = {
    "models": ("lenet,squeezenet,resnet50", "lenet,squeezenet", "names of models.py"),
    "targets": (3, 2, "of each model"),
    "seconds": (10.0, 3.0, "for each run, roughly"),
    "rounds": (3, 1, "of taking turns"),
}
_LEAST = 1.7


def measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Print the seconds of each run, and yield the ratios of each model."""
    with tempfile.TemporaryDirectory() as folder:
        for benchmarked in make_each(arguments.models.split(","), Path(folder)):
            begin = _beginning(benchmarked, Path(folder), arguments)
            rounds = []
            for _ in range(arguments.rounds):
                rounds.append((run_held(begin(1), 1), run_held(begin(2), 2), run_free(begin(1))))
                seconds = ", ".join(f"{x:.1f}" for x in rounds[-1])
                print(f"{benchmarked.name}: 1, 2 and 1 with all processors took {seconds} s")
            one = Ratio([x[0] / x[1] for x in rounds])
            free = Ratio([x[2] / x[1] for x in rounds])
            yield figure("two workers, times as fast as one", benchmarked.name, one, least=_LEAST)
            yield figure(
                "two workers, times as fast as one with all processors", benchmarked.name, free
            )


def run_held(campaign: Campaign, workers: int) -> float:
    """Return the seconds of a run in which every worker computes with one thread."""
    with ThreadPoolExecutor(workers) as executor:
        start = time.perf_counter()
        campaign.run(executor, workers=lambda: workers)
        return time.perf_counter() - start


def run_free(campaign: Campaign) -> float:
    """Return the seconds of a run as configured."""
    start = time.perf_counter()
    campaign.run()
    return time.perf_counter() - start


def _beginning(
    benchmarked: Benchmarked, folder: Path, arguments: argparse.Namespace
) -> Callable[[int], Campaign]:
    """Return what begins a campaign, with so many injections that it takes as long as it should."""
    targets = [x.tensor for x in spread_targets(benchmarked.model, arguments.targets)]

    def begin(workers: int, per_target: int) -> Campaign:
        path = write_configuration(
            benchmarked, folder, targets=targets, per_target=per_target, workers=workers
        )
        return Campaign.from_yaml(path)

    per_target, took = 250, 0.0
    while took < arguments.seconds / 4:
        per_target *= 2
        took = run_held(begin(1, per_target), 1)
    per_target = round(per_target * arguments.seconds / took / 500) * 500  # whole shards
    return lambda workers: begin(workers, per_target)


if __name__ == "__main__":
    run_part(__doc__, measure, _OPTIONS)
