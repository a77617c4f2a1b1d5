"""Compares the time per injection of other tools with onnxfi's campaigns.

The same weights, one thread for everything, random single-bit flips in the output of a layer, which
is drawn anew for each injection. The things compared take turns; a figure is the time of the peer
over that of a campaign's worker, the median over the rounds with the lowest and the highest.

- PyTorchFI 0.6.0 (needs torch and pytorchfi): a forward pass of the whole model with its hook,
  one injection each, and 16 injections in a batch of 16. Its copy of the model is made once, not
  for every injection as its interface does.
- The sub-model method of Keras tools (needs keras and tensorflow): models from the input to the
  layer and from there to the output, built and run for every injection, as published; and a kind
  version that builds them once, and runs the first only once.
- ONNX Runtime on the whole model.

Usage: python -m tools.benchmark.peers [--peer torch|keras] [--models …] [--targets 3]
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from onnxfi.runtime import Session
from tools.benchmark.campaigns import UNIT, begin_strata
from tools.benchmark.figures import Figure, figure
from tools.benchmark.models import INSTALL
from tools.benchmark.part import run_part, within
from tools.benchmark.peers.peer import Peer
from tools.benchmark.timing import CLOCKS, Ratio, take_turns

_OPTIONS = {
    "peer": ("torch", "torch", "torch or keras"),
    "models": ("", "", "by default all that the peer runs"),
    "targets": (3, 1, "of each model"),
    "seconds": (10.0, 2.0, "for each target, roughly; each thing runs at least once a round"),
    "rounds": (3, 2, "of taking turns"),
    "minutes": (10.0, 3.0, "after which no new target is begun"),
    "clock": ("wall", "wall", "wall or cpu"),
}
_WHOLE = "ONNX Runtime, the whole model"


def measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Print a line for each target, and yield the geometric means of each model and of all."""
    try:
        if arguments.peer == "torch":
            from tools.benchmark.peers.torch_peers import BARS, MODELS, peers_of
        else:
            from tools.benchmark.peers.keras_peers import BARS, MODELS, peers_of
    except ModuleNotFoundError as error:
        print(f"{arguments.peer} is skipped: {error}. {INSTALL}")
        return
    columns = (*BARS, _WHOLE)
    print(f"{'model, target':<34}{'onnxfi ms':>10}" + "".join(f"{x:>34}" for x in columns))
    means: list[list[Ratio]] = []
    names = arguments.models.split(",") if arguments.models else MODELS
    for name in within(arguments.minutes, names):
        with tempfile.TemporaryDirectory() as folder:
            peers = peers_of(name, Path(folder), arguments.targets)
            ratios = [measure_target(x, Path(folder), arguments) for x in peers]
        means.append([Ratio.mean(x) for x in zip(*ratios, strict=True)])
        for what, ratio in zip(columns, means[-1], strict=True):
            yield figure(f"{what}, times a campaign's injection", name, ratio)
    for what, of_models in zip(columns, zip(*means, strict=True), strict=True):
        label = f"mean of {len(means)}"
        bar = BARS.get(what)
        yield figure(
            f"{what}, times a campaign's injection", label, Ratio.mean(of_models), least=bar
        )


def measure_target(peer: Peer, folder: Path, arguments: argparse.Namespace) -> list[Ratio]:
    """Print the line of a target, and return the ratios."""
    campaign, _ = begin_strata(peer.benchmarked, peer.target.tensor, folder)
    whole = Session(peer.benchmarked.model, threads=1)

    def run_whole(count: int) -> None:
        for _ in range(count):
            whole.run(peer.benchmarked.feeds)

    campaign(3)  # enough to decide on lanes and windows
    times = take_turns(
        [campaign, *peer.things, run_whole],
        seconds=arguments.seconds,
        rounds=arguments.rounds,
        clock=CLOCKS[arguments.clock],
    )
    injections = (*peer.injections, 1)
    ratios = [times.ratio(n, 0).of(UNIT / x) for n, x in enumerate(injections, 1)]
    label = f"{peer.benchmarked.name}, {peer.target.tensor}"
    print(
        f"{label[-33:]:<34}{1e3 * times.seconds(0) / UNIT:>10.2f}"
        + "".join(f"{x!s:>34}" for x in ratios),
        flush=True,
    )
    return ratios


if __name__ == "__main__":
    run_part(__doc__, measure, _OPTIONS)
