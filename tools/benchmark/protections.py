"""Measures what each protection of a model prevents, sees and costs.

For each network the same faults, bit flips in activations or in weights, are injected into the
plain model and into each hardened one. Ranges and thresholds come from other inputs than those of
the campaigns. The rows are Markdown. LeNet is trained; the other networks have random weights and
inputs, so that their sdc rates describe the method, not a trained network.

Usage: python -m tools.benchmark.protections [--networks lenet,…] [--faults 200] [--inputs 100]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

import onnxfi
from onnxfi.campaign import Campaign, measure_overhead
from onnxfi.configuration import Configuration
from onnxfi.demo import split_digits
from onnxfi.errors import OnnxfiError
from onnxfi.hardening import harden
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics import compare, summarise
from onnxfi.statistics.grouping import UNFLAGGED_SDC
from tools.benchmark.models import make
from tools.benchmark.quantised import QUANTISED, quantise

Feeds = list[dict[str, np.ndarray]]
Kind = Literal["activation", "weight"]
_LARGE = ("torch_resnet50", "unet")
NETWORKS = ("lenet", *QUANTISED, *_LARGE)
# Inputs of large networks that set ranges and thresholds.
_FITTING = 24
_PRODUCTS = ("Conv", "Gemm", "MatMul", "ConvInteger", "MatMulInteger")
_HEADER = (
    "network", "protection", "faults in", "sdc plain", "sdc", "sdc not flagged", "coverage",
    "false alarms", "FLOPs", "stored", "time", "p",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network to protect.

    Attributes:
        name: what the table calls it.
        model: the plain model.
        path: its file.
        fitting: the inputs of profiles and thresholds.
        feeds: the inputs of the campaigns.
        labels: the right classes of those; None without.
        false_alarms: the share of false alarms that the fitting inputs have room for.
        targets: the tensors that faults hit, by kind.
    """

    name: str
    model: onnxfi.Model
    path: Path
    fitting: Feeds
    feeds: Feeds
    labels: np.ndarray | None
    false_alarms: float
    targets: dict[Kind, list[str]]


def protections(network: Network) -> Iterator[tuple[str, Kind, dict[str, Any]]]:
    """Yield the protections: what the table calls them, what faults hit, the arguments."""
    tensors = network.targets["activation"]
    wanted = network.model.targets(kind="activation")
    profile = onnxfi.profile(network.model, wanted, network.fitting)
    fitted = {"inputs": network.fitting, "false_alarms": network.false_alarms}
    abft: dict[str, Any] = {"abft": ["conv", "gemm", "matmul"], **fitted}
    yield "--ranger", "activation", {"ranger": profile}
    yield "--ranger --on-alarm zero", "activation", {"ranger": profile, "on_alarm": "zero"}
    yield "--clip", "activation", {"clip": profile}
    yield "--abft", "activation", abft
    yield "--abft --on-alarm recompute", "activation", {**abft, "on_alarm": "recompute"}
    yield "--duplicate", "activation", {"duplicate": tensors}
    yield "--ranger", "weight", {"ranger": profile}
    yield "--abft", "weight", abft
    yield "--parity weights", "weight", {"parity": ["weights"]}
    yield "--tmr weights", "weight", {"tmr": ["weights"]}


def open_network(name: str, folder: Path, *, inputs: int, targets: int) -> Network:
    """Make a network with its inputs.

    Args:
        name: one of `NETWORKS`.
        folder: takes the files.
        inputs: number of inputs of the campaigns of small networks.
        targets: the largest number of targets of each kind.
    """
    labels = None
    if name in _LARGE:
        made = make(name, folder)
        model, path = made.model, made.path
        ((graph_input, image),) = made.feeds.items()
        rng = np.random.default_rng(1)
        images = rng.standard_normal((_FITTING + 16, *image.shape)).astype(np.float32)
        feeds = [{graph_input: x} for x in images]
        fitting, feeds, false_alarms = feeds[:_FITTING], feeds[_FITTING:], 0.05
    else:
        digits = split_digits()
        made = make("lenet", folder)
        graph_input = made.model.graph.inputs[0].name or ""
        fitting = [{graph_input: x[None]} for x in digits.training_images[:200]]
        feeds = [{graph_input: x[None]} for x in digits.held_out_images[:inputs]]
        labels, false_alarms = digits.held_out_labels[:inputs], 0.01
        path = folder / f"{name}.onnx"
        made.model.save(path)
        if name in QUANTISED:
            path = quantise(path, QUANTISED[name], fitting)
        model = onnxfi.load(path)
    activations = [x.tensor for op in _PRODUCTS for x in model.targets(kind="activation", op=op)]
    stored = model.graph.initializers
    weights = [x.tensor for x in model.targets(kind="weight") if x.tensor in stored]
    chosen: dict[Kind, list[str]] = {
        "activation": _spread(activations, targets),
        "weight": _spread(weights, targets),
    }
    return Network(name, model, path, fitting, feeds, labels, false_alarms, chosen)


def _spread(names: Sequence[str], count: int) -> list[str]:
    places = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    return [names[x] for x in places.tolist()]


def campaign_of(network: Network, kind: Kind, folder: Path, faults: int) -> Campaign:
    """Return the campaign on the plain model."""
    ((graph_input, _),) = network.feeds[0].items()
    arrays = {"images": np.concatenate([x[graph_input] for x in network.feeds])}
    inputs: dict[str, Any] = {"file": f"{network.name}.npz", "tensors": {graph_input: "images"}}
    if network.labels is not None:
        arrays["labels"] = network.labels
        inputs["labels"] = "labels"
    np.savez(folder / f"{network.name}.npz", allow_pickle=False, **arrays)
    document = {
        "model": str(network.path),
        "inputs": inputs,
        "targets": {"tensors": network.targets[kind]},
        "error_models": ["bitflip"],
        "injections": {"per_target": faults},
        "metric": {"name": "segmentation" if network.name == "unet" else "classification"},
        "seed": 1,
        "out": f"{network.name}-{kind}",
    }
    return Campaign(Configuration.from_document(document, "The benchmark", folder=folder))


def row(network: str, protection: str, kind: Kind, runs: tuple[Path, Path]) -> str:
    """Return a row of the table, from the campaigns on the plain and the hardened model."""
    before, after = runs
    found = compare(before, after)
    sdc = found.network[0].rates["sdc"]
    unflagged, coverage, false_alarms = "", "", ""
    if found.detection is not None:
        (network_rates,) = summarise(after, RunDirectory.open(after).configuration).network
        unflagged = str(network_rates.per_inference[UNFLAGGED_SDC])
        coverage = ", ".join(str(x.coverage) for x in found.detection.network)
        false_alarms = str(found.detection.false_alarms)
    cells = [network, f"`{protection}`", kind, str(sdc.before), str(sdc.after), unflagged]
    return _markdown([*cells, coverage, false_alarms, *_costs(runs), f"{sdc.p:.1g}"])


def _costs(runs: tuple[Path, Path]) -> list[str]:
    costs = measure_overhead(*runs)
    assert costs is not None
    pairs = (
        (costs.before.flops, costs.after.flops),
        (costs.before.parameters, costs.after.parameters),
        (costs.seconds_before, costs.seconds_after),
    )
    return [f"{after / before:.2f}" for before, after in pairs]


def _markdown(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--faults", type=int, default=200, help="of each target; 200")
    parser.add_argument("--inputs", type=int, default=100, help="of the small networks; 100")
    parser.add_argument("--targets", type=int, default=8, help="at most, of each kind; 8")
    parser.add_argument("--only", default="", help="protections whose name holds this; all")
    given = parser.parse_args()
    print(_markdown(_HEADER), _markdown(["---"] * len(_HEADER)), sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as name:
        for network in given.networks.split(","):
            folder = Path(name) / network
            folder.mkdir()
            opened = open_network(network, folder, inputs=given.inputs, targets=given.targets)
            measure(opened, folder, given.faults, given.only)


def measure(network: Network, folder: Path, faults: int, only: str) -> None:
    """Print the rows of a network."""
    plain: dict[Kind, Campaign] = {}
    for number, (protection, kind, arguments) in enumerate(protections(network)):
        if only not in protection:
            continue
        if kind not in plain:
            plain[kind] = campaign_of(network, kind, folder, faults)
            plain[kind].run()
        began = time.monotonic()
        try:
            hardened = harden(network.model, **arguments)
        except OnnxfiError as error:
            print(f"{network.name} {protection}: {error}", file=sys.stderr, flush=True)
            continue
        path = folder / f"{number}.onnx"
        hardened.model.save(path)
        seconds = time.monotonic() - began
        out = folder / f"twin-{number}"
        plain[kind].twin(path, out=out).run()
        runs = folder / f"{network.name}-{kind}", out
        print(row(network.name, protection, kind, runs), flush=True)
        print(f"{protection}: hardened in {seconds:.1f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
