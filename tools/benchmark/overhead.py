"""The injector's time per injection against bare ONNX Runtime, as ratios inside one run.

For five targets from early to late in the demo LeNet and in a ResNet-50 with random weights:
the bare full model, the bare suffix at the same batch, and the injector (drawing, corrupting,
running, classifying). The three take turns, so that a machine that slows down slows down all of
them; the figures are medians over the rounds, with the spread of the ratio over the rounds.

Usage: python tools/benchmark/overhead.py [--rounds 15] [--threads 1]
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.runtime import Session

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from light_models import densified

TARGETS = 5
OPERATORS = ("Conv", "MaxPool", "Gemm")
ROUND_SECONDS = 0.25


def main() -> None:
    """Print one table per model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1, help="intra-op threads")
    arguments = parser.parse_args()
    asset = resources.files("onnxfi.demo") / "assets" / "lenet_digits.h5"
    with resources.as_file(asset) as path:
        lenet = onnxfi.load(path)
    for name, model in (("LeNet", lenet), ("ResNet-50", onnxfi.load(densified("light_resnet50")))):
        benchmark(name, model, rounds=arguments.rounds, threads=arguments.threads)


def benchmark(name: str, model: onnxfi.Model, *, rounds: int, threads: int) -> None:
    """Print the table of one model."""
    (graph_input,) = model.graph.inputs
    shape = [x if isinstance(x, int) else 1 for x in graph_input.shape]
    feeds = {graph_input.name: np.random.default_rng(0).standard_normal(shape).astype(np.float32)}
    whole = Session(model, provider="cpu", threads=threads)
    print(f"\n{name}, batch 1, {threads} thread(s), {rounds} rounds; milliseconds are medians")
    print(
        f"{'target':<14}{'full model':>11}{'bare suffix':>12}{'injector':>10}"
        f"{'suffix/full':>13}{'injector/suffix':>17}{'(min to max)':>16}"
    )
    overheads = []
    for target in spread(model):
        with onnxfi.Injector(model, target, provider="cpu", threads=threads) as injector:
            golden = injector.golden(feeds)
            suffix = Session(injector.split.suffix, provider="cpu", threads=threads)
            crossing = {target.tensor: golden.target, **golden.boundary}
            injections = injector.inject(golden, BitFlip(), count=1 << 62)
            runs: tuple[Callable[[], object], ...] = (
                lambda: whole.run(feeds),
                lambda suffix=suffix, crossing=crossing: suffix.run(crossing),  # type: ignore[misc]
                lambda injections=injections: next(injections),  # type: ignore[misc]
            )
            repeats = [max(1, round(ROUND_SECONDS / 3 / seconds(run, 3))) for run in runs]
            times = [
                [seconds(run, count) for run, count in zip(runs, repeats, strict=True)]
                for _ in range(rounds)
            ]
        full, bare, injected = (statistics.median(column) for column in zip(*times, strict=True))
        ratios = [x[2] / x[1] for x in times]
        overheads.append(statistics.median(ratios))
        print(
            f"{target.tensor:<14}{1e3 * full:>11.3f}{1e3 * bare:>12.3f}{1e3 * injected:>10.3f}"
            f"{bare / full:>13.3f}{overheads[-1]:>17.3f}"
            f"{f'({min(ratios):.2f} to {max(ratios):.2f})':>16}"
        )
    print(f"geometric mean of injector/suffix: {statistics.geometric_mean(overheads):.3f}")


def spread(model: onnxfi.Model) -> list[onnxfi.Target]:
    """Return five targets from early to late, among the convolutions and dense layers."""
    targets = [x for x in model.targets(kind="activation") if x.op_type in OPERATORS]
    chosen = np.linspace(0, len(targets) - 2, TARGETS).round().astype(int)
    return [targets[position] for position in chosen]


def seconds(run: Callable[[], object], count: int) -> float:
    """Return the mean time of a call."""
    start = time.perf_counter()
    for _ in range(count):
        run()
    return (time.perf_counter() - start) / count


if __name__ == "__main__":
    main()
