"""Two workers against one on the same campaign, as ratios inside one run.

Whole runs of `Campaign.run` with ``workers: 1`` and ``workers: 2``, to the last record. They take
turns. What `Campaign.begin` does before, such as loading the model, is not counted.

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
_LEAST = 1.7


def measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Print the seconds of each run, and yield the ratios of each model."""
    with tempfile.TemporaryDirectory() as folder:
        for benchmarked in make_each(arguments.models.split(","), Path(folder)):
            begin = _beginning(benchmarked, Path(folder), arguments)
            ratios = []
            for _ in range(arguments.rounds):
                one, two = (run(begin(x)) for x in (1, 2))
                ratios.append(one / two)
                print(f"{benchmarked.name}: one took {one:.1f} s, two {two:.1f} s", flush=True)
            name = benchmarked.name
            yield figure("two workers, times as fast as one", name, Ratio(ratios), least=_LEAST)


def run(campaign: Campaign) -> float:
    """Return the seconds of a run."""
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
        return Campaign.from_yaml(path).begin()

    per_target, took = 250, 0.0
    while took < arguments.seconds / 4:
        per_target *= 2
        took = run(begin(1, per_target))
    per_target = max(500, round(per_target * arguments.seconds / took))
    return lambda workers: begin(workers, per_target)


if __name__ == "__main__":
    run_part(__doc__, measure, _OPTIONS)
