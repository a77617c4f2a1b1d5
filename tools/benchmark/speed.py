"""Compares the speed of campaigns with the bare suffix, as ratios inside one run.

For convolutions spread over each model: the suffix alone in ONNX Runtime, one lane; a campaign's
worker, which draws, injects, classifies, makes the records and writes them, 50 to 500 injections
at a time; and the injector with propagation off and one lane, whose overhead over the suffix is the
last column. All of them with one intra-op thread. They take turns; a figure is the median over the
rounds, with the lowest and the highest. The masked share is that of the bit flips.

What happens once for a target is not in it: opening sessions, the golden run, and choosing the
number of lanes, which takes about 40 runs of the suffix. With --clock cpu the time is that of the
processor, which other programs on the machine disturb less.

Usage: python -m tools.benchmark.speed [--models lenet,resnet50,…] [--targets 4] [--seconds 8]
"""

import argparse
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.injector.injection_batch import InjectionBatch
from onnxfi.runtime import Session
from tools.benchmark.campaigns import UNIT, begin_strata
from tools.benchmark.figures import Figure, figure
from tools.benchmark.models import Benchmarked, make_each, spread_targets
from tools.benchmark.part import run_part, within
from tools.benchmark.timing import CLOCKS, Ratio, Repeated, take_turns

_MODELS = "lenet,squeezenet,resnet50,mobilenet_v2,densenet121,vgg16,unet"
_OPTIONS = {
    "models": (_MODELS, "lenet,squeezenet", "names of models.py"),
    "targets": (4, 2, "of each model, in the middle of as many parts of its convolutions"),
    "seconds": (8.0, 2.0, "for each target, roughly"),
    "rounds": (5, 3, "of taking turns"),
    "minutes": (25.0, 3.0, "after which no new target is begun"),
    "clock": ("wall", "wall", "wall or cpu"),
}
# What a campaign's figure is called, and the bars: of some models, and of the mean of all.
_FLIPS = "campaign of bit flips, times faster than the bare suffix"
_SPATIAL = "campaign of spatial patterns, times faster than the bare suffix"
_INJECTOR = "injector, propagation off, times the bare suffix"
_FLIPS_LEAST = {"resnet50": 2.2, "squeezenet": 3.0, "vgg16": 5.0, "vgg19": 5.0}
_FLIPS_MEAN_LEAST, _SPATIAL_LEAST, _INJECTOR_MOST = 3.0, 1.3, 1.05


def measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Print a line for each target, and yield the geometric means of each model and of all."""
    means: list[list[Ratio]] = []
    names = arguments.models.split(",")
    with tempfile.TemporaryDirectory() as folder:
        for benchmarked in make_each(within(arguments.minutes, names), Path(folder)):
            ratios, shares = measure_model(benchmarked, Path(folder), arguments)
            means.append([Ratio.mean(x) for x in zip(*ratios, strict=True)])
            name, (flips, spatial, injector) = benchmarked.name, means[-1]
            yield figure(_FLIPS, name, flips, least=_FLIPS_LEAST.get(name))
            yield figure(_SPATIAL, name, spatial)
            yield figure(_INJECTOR, name, injector)
            yield figure("share of bit flips masked (spread: targets)", name, Ratio(shares))
    if means:
        flips, spatial, injector = (Ratio.mean(x) for x in zip(*means, strict=True))
        label = f"mean of {len(means)}"
        yield figure(_FLIPS, label, flips, least=_FLIPS_MEAN_LEAST)
        yield figure(_SPATIAL, label, spatial, least=_SPATIAL_LEAST)
        yield figure(_INJECTOR, label, injector, most=_INJECTOR_MOST)


def measure_model(
    benchmarked: Benchmarked, folder: Path, arguments: argparse.Namespace
) -> tuple[list[list[Ratio]], list[float]]:
    """Print the table of one model; return the ratios and the masked share of each target."""
    print(
        f"\n{benchmarked.name}\n{'target':<28}{'suffix ms':>10}{'masked':>8}"
        f"{'bit flip':>24}{'spatial conv':>24}{'injector / suffix':>24}"
    )
    columns, shares = [], []
    for target in spread_targets(benchmarked.model, arguments.targets):
        ratios, milliseconds, masked = measure_target(benchmarked, target, folder, arguments)
        columns.append(ratios)
        shares.append(masked)
        figures = "".join(f"{x!s:>24}" for x in ratios)
        print(f"{target.tensor[-27:]:<28}{milliseconds:>10.2f}{masked:>8.0%}{figures}", flush=True)
    return columns, shares


def measure_target(
    benchmarked: Benchmarked, target: onnxfi.Target, folder: Path, arguments: argparse.Namespace
) -> tuple[list[Ratio], float, float]:
    """Return the ratios of one target, the suffix's milliseconds, and the masked share."""
    flips, spatial = begin_strata(benchmarked, target.tensor, folder)
    with onnxfi.Injector(
        benchmarked.model, target, provider="cpu", lanes=1, threads=1, propagation=False
    ) as injector:
        golden = injector.golden(benchmarked.feeds)
        suffix = Session(injector.split.suffix, threads=1)
        feeds = {target.tensor: golden.target, **golden.boundary}

        def run_suffix(count: int) -> None:
            for _ in range(count):
                suffix.run(feeds)

        def inject(count: int) -> None:
            deque(
                injector.inject_all([InjectionBatch(golden, 0, range(count))], BitFlip()), maxlen=0
            )

        things: list[Repeated] = [run_suffix, flips, spatial, inject]
        for thing, count in zip(things, (2, 3, 3, 2), strict=True):
            thing(count)  # enough to decide on lanes and windows
        times = take_turns(
            things,
            seconds=arguments.seconds,
            rounds=arguments.rounds,
            clock=CLOCKS[arguments.clock],
        )
    ratios = [times.ratio(0, 1).of(UNIT), times.ratio(0, 2).of(UNIT), times.ratio(3, 0)]
    masked = flips.outcomes["masked"] / flips.outcomes.total()
    return ratios, 1e3 * times.seconds(0), masked


if __name__ == "__main__":
    run_part(__doc__, measure, _OPTIONS)
