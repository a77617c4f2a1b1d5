"""Measures injections per second without inference: drawing, bookkeeping and records on disk.

The campaign is one of bit flips in the input of a model that is a single Identity, whose outputs
are known without running it: what is left is the generator of each injection, the error model, the
comparison with the golden outputs, the metric, the value classes, the Parquet columns, and files
that are synchronised with the disk. One worker; the time is that of this process's processor, all
its threads together, and the wall clock's beside it. Opening the campaign is not in it.

Usage: python -m tools.benchmark.bookkeeping [--injections 100000] [--scores 10] [--shard 5000]
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper

from onnxfi.campaign import Campaign

_INPUTS = 16


def main() -> None:
    """Print the rates of some runs, and the size of the records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--injections", type=int, default=100_000)
    parser.add_argument("--scores", type=int, default=10, help="elements of the tensor")
    parser.add_argument("--shard", type=int, default=5000, help="injections in a records file")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to write; by default a temporary folder")
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        # What is imported or set up once is not what is measured.
        few = {**vars(arguments), "injections": 1000}
        measure(Path(folder), argparse.Namespace(**few))
    rates = []
    for _ in range(arguments.runs):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            cpu, wall, size = measure(Path(folder), arguments)
        rates.append(arguments.injections / cpu)
        print(
            f"{rates[-1]:>10,.0f} injections/s of processor time, "
            f"{arguments.injections / wall:>10,.0f}/s by the wall clock, "
            f"{size / arguments.injections:.1f} MB per million records"
        )
    print(f"{statistics.median(rates):>10,.0f} median")


def measure(folder: Path, arguments: argparse.Namespace) -> tuple[float, float, int]:
    """Return the seconds of processor and wall clock, and the bytes of the records."""
    campaign = Campaign.from_yaml(write_campaign(folder, arguments)).begin()
    cpu, wall = time.process_time(), time.perf_counter()
    campaign.run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu, wall, sum(x.stat().st_size for x in campaign.directory.records.iterdir())


def write_campaign(folder: Path, arguments: argparse.Namespace) -> Path:
    """Write the model, its inputs and the configuration, and return the configuration's path."""
    shape = ["N", arguments.scores]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "identity",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(
        helper.make_model(graph, opset_imports=[opset], ir_version=8), folder / "identity.onnx"
    )
    rng = np.random.default_rng(0)
    np.savez(
        folder / "inputs.npz",
        x=rng.random((_INPUTS, arguments.scores), dtype=np.float32),
        labels=rng.integers(0, arguments.scores, _INPUTS),
    )
    document = {
        "model": "identity.onnx",
        "inputs": {"file": "inputs.npz", "tensors": {"x": "x"}, "labels": "labels"},
        "targets": {"kind": "input"},
        "error_models": [{"name": "bitflip"}],
        "injections": {"per_target": arguments.injections},
        "execution": {"provider": "cpu", "workers": 1, "shard": arguments.shard},
        "out": "run",
    }
    path = folder / "campaign.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
