"""Measures the microseconds of drawing a corruption, on a large and on a deep tensor.

Each figure is the median over single draws, each with the next numbers of one generator. The
tensors are float32 with normally distributed values. The last column is the largest number of sites
that was drawn, which is what the time may grow with. Error models that read the whole golden tensor
have read it before, as the injector has them do; reading it is on a line of its own.

Usage: python -m tools.benchmark.error_models [SPATIAL ...] [--draws 2000]
SPATIAL is what spatial:model=... takes: the path of a file, or the name of a built-in model; by
default all of those.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from onnxfi.error_models import ErrorModel, Preparable, load
from onnxfi.error_models.contract import ContractTarget
from onnxfi.error_models.spatial.library import MODELS

T = TypeVar("T")
SHAPES = ((1, 64, 112, 112), (1, 512, 7, 7))
SPECS = (
    "bitflip",
    "bitflip:bit=exponent",
    "bitflip:bits_per_value=3",
    "bitflip:bits_per_value=3,adjacent=true",
    "bitflip:count=100",
    "bitflip:fraction=0.001",
    "bitflip:rate=1e-9",
    "bitflip:rate=1e-4",
    "bitflip:region.channels=[0,3,8-15]",
    "bitflip:region.rows=2,region.columns=0-4",
    "bitflip:region.box=[0,all,2-4,2-4]",
    "bitflip:region.sites={sites}",
    "stuckat:value=1",
    "zero",
    "constant:value=1",
    "random:low=-1,high=1",
    "random:distribution=normal,mean=0,deviation=1",
    "random",
    "random:distribution=normal",
    "noise:magnitude=0.1",
    "noise:magnitude=0.1,mode=multiplicative,distribution=uniform",
    "scale:factor=2",
    "nan",
    "inf:sign=any",
)
SECONDS = 2.0
NOTHING_READ = 5  # microseconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "spatial",
        nargs="*",
        metavar="SPATIAL",
        default=MODELS,
        help="a file, or a built-in model; all of the built-in ones where none is given",
    )
    parser.add_argument("--draws", type=int, default=2000, help="the most for each figure")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    tensors = [rng.standard_normal(shape, dtype=np.float32) for shape in SHAPES]
    with tempfile.TemporaryDirectory() as folder:
        sites = Path(folder) / "sites.npy"
        np.save(sites, np.arange(0, min(tensor.size for tensor in tensors), 7))
        models = {spec: load(spec.format(sites=sites)) for spec in SPECS}
    for name in arguments.spatial:
        label = f"spatial:model={Path(name).name}"
        models[label] = load({"name": "spatial", "configuration": {"model": name}})
    width = max(map(len, models)) + 2
    print(f"{'error model':<{width}}" + "".join(f"{x!s:>20}" for x in SHAPES) + f"{'sites':>8}")
    for label, model in models.items():
        measured = [measure(model, tensor, most=arguments.draws) for tensor in tensors]
        figures = "".join(f"{microseconds:>20.1f}" for microseconds, _ in measured)
        print(f"{label:<{width}}{figures}{max(sites for _, sites in measured):>8}")
        if isinstance(model, Preparable):
            prepare = partial(model.prepare, ContractTarget())
            reading = [median_time(partial(prepare, x), 50)[0] for x in tensors]
            if max(reading) > NOTHING_READ:
                figures = "".join(f"{microseconds:>20.1f}" for microseconds in reading)
                print(f"{'  reading the golden tensor':<{width}}{figures}")


def measure(model: ErrorModel, golden: np.ndarray, *, most: int) -> tuple[float, int]:
    """Return the median time of a draw in microseconds, and the largest number of sites."""
    if isinstance(model, Preparable):
        model = model.prepare(ContractTarget(), golden)
    draw = partial(model.sample, golden, channel_axis=1, rng=np.random.default_rng(1))
    microseconds, corruptions = median_time(draw, most)
    return microseconds, max(x.indices.size for x in corruptions)


def median_time(run: Callable[[], T], most: int) -> tuple[float, list[T]]:
    """Return the median time of a call in microseconds, and what the calls gave."""
    times: list[int] = []
    results: list[T] = []
    end = time.perf_counter() + SECONDS
    while len(times) < most and (len(times) < 5 or time.perf_counter() < end):
        start = time.perf_counter_ns()
        result = run()
        times.append(time.perf_counter_ns() - start)
        results.append(result)
    return statistics.median(times) / 1000, results


if __name__ == "__main__":
    main()
