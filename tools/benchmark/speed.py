"""Campaigns against the bare suffix: how many times faster, as ratios inside one run.

For convolutions spread over each model: the suffix alone in ONNX Runtime, one lane; a campaign's
worker, which draws, injects, classifies, makes the records and writes them; and the injector with
propagation off and one lane, whose overhead over the suffix is the last column. All of them with
one intra-op thread. They take turns; a figure is the median over the rounds, with the lowest and
the highest in parentheses. The masked share is that of the bit flips.

What happens once for a target is not in it: opening sessions, the golden run, and choosing the
number of lanes, which takes about 40 runs of the suffix. With --clock cpu the time is that of the
processor, which other programs on the machine disturb less.

Usage: python tools/benchmark/speed.py [--models lenet,resnet50,…] [--targets 8] [--seconds 20]
"""

import argparse
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from models import MODELS, Benchmarked, make, spread_targets
from timing import Repeated, take_turns

import onnxfi
from onnxfi.campaign import Campaign
from onnxfi.campaign.configuration import Configuration
from onnxfi.campaign.plan import Shard
from onnxfi.campaign.worker import Worker, record_shard
from onnxfi.error_models import BitFlip
from onnxfi.runtime import Session

ERROR_MODELS = ({"name": "bitflip"}, {"name": "spatial", "configuration": {"model": "conv"}})
_PER_TARGET = 1 << 40
_WARM_UP = 120
_CLOCKS = {"wall": time.perf_counter, "cpu": time.thread_time}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(MODELS), help="by default all")
    parser.add_argument("--targets", type=int, help="of each model; by default all convolutions")
    parser.add_argument("--seconds", type=float, default=20, help="for each target, roughly")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clock", choices=_CLOCKS, default="wall")
    arguments = parser.parse_args()
    print(f"{arguments.clock} clock, {arguments.rounds} rounds, load {os.getloadavg()}")
    for name in arguments.models.split(","):
        with tempfile.TemporaryDirectory() as folder:
            benchmark(make(name, Path(folder)), Path(folder), arguments)


def benchmark(benchmarked: Benchmarked, folder: Path, arguments: argparse.Namespace) -> None:
    """Print the table of one model."""
    print(
        f"\n{benchmarked.name}\n{'target':<28}{'suffix ms':>10}{'masked':>8}"
        f"{'bit flip':>24}{'spatial conv':>24}{'injector / suffix':>24}"
    )
    columns = []
    for target in spread_targets(benchmarked.model, arguments.targets):
        ratios, milliseconds, masked = measure(benchmarked, target, folder, arguments)
        columns.append([x.median for x in ratios])
        figures = "".join(f"{x!s:>24}" for x in ratios)
        print(f"{target.tensor[-27:]:<28}{milliseconds:>10.2f}{masked:>8.0%}{figures}", flush=True)
    means = [statistics.geometric_mean(x) for x in zip(*columns, strict=True)]
    print(f"{'geometric mean':<46}" + "".join(f"{x:<24.2f}" for x in means))


def measure(
    benchmarked: Benchmarked, target: onnxfi.Target, folder: Path, arguments: argparse.Namespace
) -> tuple[list[object], float, float]:
    """Return the ratios of one target, the suffix's milliseconds, and the masked share."""
    campaigns = begin_campaigns(benchmarked, target, folder)
    with onnxfi.Injector(
        benchmarked.model, target, provider="cpu", lanes=1, threads=1, propagation=False
    ) as injector:
        golden = injector.golden(benchmarked.feeds)
        suffix = Session(injector.split.suffix, threads=1)
        feeds = {target.tensor: golden.target, **golden.boundary}
        things: list[Repeated] = [
            lambda count: [suffix.run(feeds) for _ in range(count)],
            *campaigns,
            lambda count: list(injector.inject(golden, BitFlip(), count=count)),
        ]
        for thing in things:
            thing(_WARM_UP)
        clock: Callable[[], float] = _CLOCKS[arguments.clock]
        times = take_turns(things, seconds=arguments.seconds, rounds=arguments.rounds, clock=clock)
    outcomes = campaigns[0].outcomes
    ratios = [times.ratio(0, 1), times.ratio(0, 2), times.ratio(3, 0)]
    return ratios, 1e3 * times.seconds(0), outcomes["masked"] / outcomes.total()


def begin_campaigns(
    benchmarked: Benchmarked, target: onnxfi.Target, folder: Path
) -> list["StratumRun"]:
    """Begin a campaign at a target, and return what runs it for each of `ERROR_MODELS`."""
    campaign = _begin(benchmarked, target, Path(tempfile.mkdtemp(dir=folder)))
    worker = Worker(campaign.directory.configuration, threads=1)
    return [StratumRun(campaign, worker, stratum) for stratum in range(len(ERROR_MODELS))]


class StratumRun:
    """Runs ever new injections of one stratum."""

    def __init__(self, campaign: Campaign, worker: Worker, stratum: int) -> None:
        """Begin with the first injection of a stratum."""
        self.outcomes: Counter[str] = Counter()
        self._directory = campaign.directory
        self._worker = worker
        self._stratum = stratum
        self._first = stratum * _PER_TARGET

    def __call__(self, count: int) -> None:
        """Run and record the next injections."""
        shard = Shard(self._first, count, self._stratum)
        self._first += count
        self.outcomes.update(record_shard(self._directory, self._worker, shard).outcomes)


def _begin(benchmarked: Benchmarked, target: onnxfi.Target, folder: Path) -> Campaign:
    np.savez(folder / "inputs.npz", **benchmarked.feeds)
    configuration = Configuration.model_validate(
        {
            "model": benchmarked.path,
            "inputs": {"file": folder / "inputs.npz"},
            "targets": {"tensors": [target.tensor]},
            "error_models": list(ERROR_MODELS),
            "injections": {"per_target": _PER_TARGET},
            "execution": {"provider": "cpu"},
        },
        context={"folder": folder},
    )
    return Campaign.create(configuration, out=folder / "run")


if __name__ == "__main__":
    main()
