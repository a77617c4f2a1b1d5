"""Other tools against onnxfi's campaigns: how many times longer an injection takes them.

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

Usage: python tools/benchmark/peers.py [--peer torch|keras] [--models …] [--targets 3]
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from models import FROM_TORCH, Benchmarked, make, spread_targets
from speed import begin_campaigns
from timing import take_turns

import onnxfi
from onnxfi.runtime import Session

_CLOCKS = {"wall": time.perf_counter, "cpu": time.thread_time}
_WARM_UP = 120


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", choices=("torch", "keras"), default="torch")
    parser.add_argument("--models", help="by default all that the peer runs")
    parser.add_argument("--targets", type=int, default=3, help="of each model")
    parser.add_argument("--seconds", type=float, default=30, help="for each target, roughly")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clock", choices=_CLOCKS, default="wall")
    arguments = parser.parse_args()
    if arguments.peer == "torch":
        names, columns = FROM_TORCH, ("PyTorchFI, 1", "PyTorchFI, 16")
    else:
        from peer_keras import MODELS

        names, columns = MODELS, ("Keras, published", "Keras, kind")
    print(f"{arguments.clock} clock, {arguments.rounds} rounds, load {os.getloadavg()}")
    heads = ("onnxfi ms", *columns, "ONNX Runtime whole")
    print(f"{'model, target':<44}" + "".join(f"{x:>24}" for x in heads))
    ratios = []
    for name in arguments.models.split(",") if arguments.models else names:
        with tempfile.TemporaryDirectory() as folder:
            ratios += benchmark(name, Path(folder), arguments)
    means = [statistics.geometric_mean(x) for x in zip(*ratios, strict=True)]
    print(f"{'geometric mean':<68}" + "".join(f"{x:>24.1f}" for x in means))


def benchmark(name: str, folder: Path, arguments: argparse.Namespace) -> list[list[float]]:
    """Print a line for each target of a model, and return the medians."""
    if arguments.peer == "torch":
        from peer_torch import BATCH, PyTorchFI

        benchmarked = make(name, folder)
        targets = spread_targets(benchmarked.model, arguments.targets)
        layers = benchmarked.model.targets(kind="activation", op="Conv")
        injector = PyTorchFI(benchmarked.source)
        peers = [injector.at_layer(layers.index(target)) for target in targets]
        shares = (1, BATCH, 1)
    else:
        from peer_keras import SubModels, export

        source, names = export(name, folder / "model.h5")
        model = onnxfi.load(folder / "model.h5")
        (graph_input,) = model.graph.inputs
        image = np.random.default_rng(0).standard_normal((1, 224, 224, 3)).astype(np.float32)
        benchmarked = Benchmarked(name, folder / "model.h5", model, {graph_input.name or "": image})
        chosen = np.linspace(0, len(names) - 1, arguments.targets).round().astype(int)
        targets = [model.target(names[x]) for x in chosen]
        shares = (1, 1, 1)
        peers = [SubModels(source, names[x], image).things() for x in chosen]
    medians = []
    for target, things in zip(targets, peers, strict=True):
        campaign, _ = begin_campaigns(benchmarked, target, folder)
        whole = Session(benchmarked.model, threads=1)
        everything = [
            campaign,
            *things,
            lambda count, run=whole.run: [run(benchmarked.feeds) for _ in range(count)],
        ]
        campaign(_WARM_UP)
        times = take_turns(
            everything,
            seconds=arguments.seconds,
            rounds=arguments.rounds,
            clock=_CLOCKS[arguments.clock],
        )
        found = [times.ratio(number, 0).of(1 / share) for number, share in enumerate(shares, 1)]
        label = f"{name}, {target.tensor}"
        print(
            f"{label[-43:]:<44}{1e3 * times.seconds(0):>24.2f}"
            + "".join(f"{x!s:>24}" for x in found),
            flush=True,
        )
        medians.append([x.median for x in found])
    return medians


if __name__ == "__main__":
    main()
