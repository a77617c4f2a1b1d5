"""Compares the injector, propagation off, with the bare suffix and its inputs on the device.

For convolutions spread over ResNet-50: the suffix in ONNX Runtime with IO binding, its golden
inputs kept on the device, one lane and several; and the injector with that many lanes at most,
which sends corruptions there and classifies what comes back. They take turns.

Usage: python -m tools.benchmark.bound [--provider cuda] [--model resnet50] [--lanes 8]
"""

import argparse
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.errors import ModelFormatError, ProviderError
from onnxfi.runtime import Session, choose_provider
from onnxfi.surgery import with_free_batch
from tools.benchmark.figures import Figure, figure
from tools.benchmark.models import make, spread_targets
from tools.benchmark.part import run_part
from tools.benchmark.timing import CLOCKS, Ratio, take_turns

OPTIONS = {
    "provider": ("cuda", "cuda", "cuda, or cpu to try the program"),
    "model": ("resnet50", "resnet50", "a name of models.py"),
    "targets": (6, 2, "in the middle of as many parts of its convolutions"),
    "lanes": (8, 4, "of the second figure"),
    "seconds": (10.0, 3.0, "for each target and number of lanes, roughly"),
    "rounds": (5, 3, "of taking turns"),
    "clock": ("wall", "wall", "wall or cpu"),
}
_MOST = 1.1


def measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Print a line for each target and number of lanes, and yield the geometric means."""
    try:
        provider = choose_provider(arguments.provider)
    except ProviderError as error:
        print(f"skipped: {error}")
        return
    with tempfile.TemporaryDirectory() as folder:
        benchmarked = make(arguments.model, Path(folder))
    model, feeds = benchmarked.model, benchmarked.feeds
    print(f"{provider}\n{'target':<28}{'lanes':>6}{'suffix ms each':>16}{'injector / suffix':>24}")
    for lanes in (1, arguments.lanes):
        ratios = []
        for target in spread_targets(model, arguments.targets):
            try:
                ratios.append(measure_target(model, target, feeds, lanes, provider, arguments))
            except ModelFormatError as error:
                print(f"{target.tensor[-27:]:<28}{lanes:>6}  {error}")
        if ratios:
            label = f"{arguments.model}, {provider}, lanes: {lanes}"
            what = "injector, propagation off, times the bare suffix with IO binding"
            yield figure(what, label, Ratio.mean(ratios), most=_MOST)


def measure_target(
    model: onnxfi.Model,
    target: onnxfi.Target,
    feeds: Mapping[str, np.ndarray],
    lanes: int,
    provider: Literal["cpu", "cuda"],
    arguments: argparse.Namespace,
) -> Ratio:
    """Print the line of a target, and return the ratio.

    Raises:
        ModelFormatError: the suffix has no lanes.
    """
    threads = 1 if provider == "cpu" else None
    with onnxfi.Injector(
        model, target, provider=provider, lanes=lanes, threads=threads, propagation=False
    ) as injector:
        golden = injector.golden(feeds)
        suffix = injector.split.suffix
        freed = suffix if lanes == 1 else with_free_batch(suffix)
        session = Session(freed, provider=provider, threads=threads)
        kept = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(np.concatenate([x] * lanes), provider, 0)
            for name, x in {**golden.boundary, **golden.targets}.items()
        }

        def run_suffix(count: int) -> None:
            for _ in range(count):
                session.run_bound(kept, {})

        def inject(count: int) -> None:
            deque(injector.inject(golden, BitFlip(), count=lanes * count), maxlen=0)

        run_suffix(3)
        inject(16)
        times = take_turns(
            [run_suffix, inject],
            seconds=arguments.seconds,
            rounds=arguments.rounds,
            clock=CLOCKS[arguments.clock],
        )
    ratio = times.ratio(1, 0)
    each = 1e3 * times.seconds(0) / lanes
    print(f"{target.tensor[-27:]:<28}{lanes:>6}{each:>16.2f}{ratio!s:>24}", flush=True)
    return ratio


if __name__ == "__main__":
    run_part(__doc__, measure, OPTIONS)
