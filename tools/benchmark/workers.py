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
_SHARD = 100  # so few that no worker waits long for the other at the end


def measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Print the seconds of each run, and yield the ratios of each model."""
    with tempfile.TemporaryDirectory() as folder:
        for benchmarked in make_each(arguments.models.split(","), Path(folder)):
            begin = _beginning(benchmarked, Path(folder), arguments)
            ratios = []
            for _ in range(arguments.rounds):
                one, two = (run_held(begin(x), x) for x in (1, 2))
                ratios.append(one / two)
                print(f"{benchmarked.name}: one took {one:.1f} s, two {two:.1f} s", flush=True)
            what = "two workers, times as fast as one"
            yield figure(what, benchmarked.name, Ratio(ratios), least=_LEAST)
            free = run_free(begin(1))
            print(f"{benchmarked.name}: one with all processors took {free:.1f} s", flush=True)
            yield figure(f"{what} with all processors", benchmarked.name, Ratio([free / two]))


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
            benchmarked,
            folder,
            targets=targets,
            per_target=per_target,
            workers=workers,
            shard=_SHARD,
        )
        return Campaign.from_yaml(path)

    shards, took = 2, 0.0
    while took < arguments.seconds / 4:
        shards *= 2
        took = run_held(begin(1, shards * _SHARD), 1)
    shards = max(2, round(shards * arguments.seconds / took))
    return lambda workers: begin(workers, shards * _SHARD)


if __name__ == "__main__":
    run_part(__doc__, measure, _OPTIONS)
