"""Loads onnxfi as heavily as a long campaign does, and prints what it takes.

Each part runs in a process of its own, so that its peak of resident memory is its own:

- injections: a campaign on the demo network; the slopes of memory, file handles and threads over
  the second half of it, for each 100 000 injections.
- targets: 200 targets of a chain, opened one after the other.
- inputs: a campaign of 2 000 inputs.
- large_target: bit flips in a tensor of 10^8 elements.
- large_model: a model with 1.5 GB of external weights: load, list the targets, inject.
- many_targets: a campaign of 1 000 targets.
- rows: the summary of records of 10^7 rows.

Usage: python -m tools.soak [--parts injections,rows] [--injections 1000000] [--quick]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import yaml
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import convert_model_to_external_data

import onnxfi
from onnxfi.campaign import Campaign
from onnxfi.demo import prepare
from onnxfi.run_directory import RunDirectory, Shard
from onnxfi.statistics import summarise
from tools.benchmark.child import peak

_FLOAT = TensorProto.FLOAT


def resident() -> float:
    """Return the resident memory of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def slope(times: list[float], values: list[float]) -> float:
    """Return the slope of the second half of a series, by least squares."""
    half = len(times) // 2
    if len(times) - half < 2:
        return 0.0
    return float(np.polyfit(times[half:], values[half:], 1)[0])


def soak_injections(folder: Path, size: int) -> dict[str, float]:
    """Run a campaign on the demo network."""
    prepare(folder)
    document = {
        "model": "lenet.onnx",
        "inputs": {"file": "digits.npz", "tensors": {"image": "images"}, "limit": 100},
        "targets": {"ops": ["Conv", "Relu"]},
        "error_models": ["bitflip"],
        "injections": {"per_target": max(1, size // 5)},
        "execution": {"provider": "cpu", "workers": 1},
    }
    (folder / "soak.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    seen: list[tuple[float, float, float, float]] = []
    done = 0

    def look(outcomes: Any) -> None:
        nonlocal done
        done += outcomes.shard.count
        handles = len(os.listdir("/proc/self/fd"))
        seen.append((done / 1e5, resident(), handles, threading.active_count()))

    campaign = Campaign.from_yaml(folder / "soak.yaml", out=folder / "run")
    results = campaign.run(on_shard=look)
    places, memory, handles, threads = (list(x) for x in zip(*seen, strict=True))
    return {
        "injections": len(results),
        "MiB_per_1e5": slope(places, memory),
        "handles_per_1e5": slope(places, handles),
        "threads_per_1e5": slope(places, threads),
    }


def soak_targets(folder: Path, size: int) -> dict[str, float]:
    """Open many targets, one after the other."""
    model = onnxfi.load(_chain(size))
    feeds = {"x": np.ones((1, 64), np.float32)}
    memory = []
    for target in model.targets(kind="activation"):
        with onnxfi.Injector(model, target, provider="cpu", threads=1) as injector:
            list(injector.inject(injector.golden(feeds), "bitflip", count=20))
        memory.append(resident())
    places = [x / 100 for x in range(len(memory))]
    return {"targets": len(memory), "MiB_per_100": slope(places, memory)}


def soak_inputs(folder: Path, size: int) -> dict[str, float]:
    """Run a campaign of many inputs."""
    rng = np.random.default_rng(0)
    np.savez(folder / "x.npz", x=rng.normal(size=(size, 64)).astype(np.float32))
    return _campaign(folder, _chain(8), {"per_target": 2 * size}, {"index": "0:2"})


def soak_many_targets(folder: Path, size: int) -> dict[str, float]:
    """Run a campaign of many targets."""
    np.savez(folder / "x.npz", x=np.ones((4, 64), np.float32))
    return _campaign(folder, _chain(size), {"per_target": 4}, {"kind": "activation"})


def soak_large_target(folder: Path, size: int) -> dict[str, float]:
    """Inject into a tensor of many elements."""
    side = int(np.sqrt(size))
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["large"]),
        helper.make_node("Relu", ["large"], ["r"]),
        helper.make_node("ReduceMean", ["r"], ["y"], axes=[0], keepdims=1),
    ]
    model = _model(nodes, [side, 1], [1, side], {"w": np.ones((1, side), np.float32)})
    with onnxfi.Injector(onnxfi.load(model), "large", provider="cpu", threads=1) as injector:
        golden = injector.golden({"x": np.linspace(-1, 1, side, dtype=np.float32)[:, None]})
        start = time.perf_counter()
        found = list(injector.inject(golden, "bitflip", count=20))
        seconds = time.perf_counter() - start
    return {"elements": golden.target.size, "seconds_each": seconds / len(found)}


def soak_large_model(folder: Path, size: int) -> dict[str, float]:
    """Load, list and inject into a model with large external weights."""
    side = int(np.sqrt(size / 4 / 3))
    rng = np.random.default_rng(0)
    weights = {f"w{x}": rng.standard_normal((side, side), np.float32) for x in range(3)}
    names = ["x", "a", "b", "y"]
    nodes = [helper.make_node("MatMul", [names[x], f"w{x}"], [names[x + 1]]) for x in range(3)]
    model = _model(nodes, [1, side], [1, side], weights)
    del weights
    convert_model_to_external_data(model, location="m.data")
    onnx.save(model, folder / "m.onnx")
    del model
    start = time.perf_counter()
    loaded = onnxfi.load(folder / "m.onnx")
    seconds = time.perf_counter() - start
    with onnxfi.Injector(loaded, "b", provider="cpu", threads=1) as injector:
        golden = injector.golden({"x": np.ones((1, side), np.float32)})
        list(injector.inject(golden, "bitflip", count=20))
    return {"MiB_of_weights": loaded.weight_bytes / 2**20, "seconds_to_load": seconds}


def soak_rows(folder: Path, size: int) -> dict[str, float]:
    """Summarise many records."""
    prepare(folder)
    document = {
        "model": "lenet.onnx",
        "inputs": {"file": "digits.npz", "tensors": {"image": "images"}, "limit": 4},
        "targets": {"ops": ["Conv"]},
        "error_models": ["bitflip"],
        "injections": {"per_target": 5000},
        "execution": {"provider": "cpu", "workers": 1, "shard": 10_000},
    }
    (folder / "rows.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    results = Campaign.from_yaml(folder / "rows.yaml", out=folder / "run").run()
    table = results.records()
    first, opened = len(table), RunDirectory.open(folder / "run")
    columns = [table.column_names.index(x) for x in ("injection_id", "fault_id")]
    while first < size:
        ids = pa.array(np.arange(first, first + len(table)))
        more = table
        for place in columns:
            more = more.set_column(place, table.column_names[place], ids)
        opened.write(Shard(first, len(table), 0), more)
        first += len(table)
    before = peak()
    start = time.perf_counter()
    found = summarise(folder / "run", opened.configuration)
    return {
        "rows": found.injections,
        "seconds": time.perf_counter() - start,
        "MiB_more": peak() - before,
    }


def _chain(size: int) -> onnx.ModelProto:
    """Make a chain of Add and Relu over 64 values."""
    nodes, name = [], "x"
    for number in range(size // 2):
        nodes.append(helper.make_node("Add", [name, "c"], [f"a{number}"]))
        nodes.append(helper.make_node("Relu", [f"a{number}"], [f"r{number}"]))
        name = f"r{number}"
    nodes.append(helper.make_node("Identity", [name], ["y"]))
    return _model(nodes, ["N", 64], ["N", 64], {"c": np.full(64, 0.1, np.float32)})


def _model(
    nodes: list[onnx.NodeProto],
    taken: list[int | str],
    given: list[int | str],
    weights: Mapping[str, np.ndarray],
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "soak",
        [helper.make_tensor_value_info("x", _FLOAT, taken)],
        [helper.make_tensor_value_info("y", _FLOAT, given)],
        [numpy_helper.from_array(x, name) for name, x in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _campaign(
    folder: Path, model: onnx.ModelProto, injections: Any, targets: Any
) -> dict[str, float]:
    onnx.save(model, folder / "m.onnx")
    document = {
        "model": "m.onnx",
        "inputs": {"file": "x.npz"},
        "targets": targets,
        "error_models": ["bitflip"],
        "injections": injections,
        "metric": "regression",
        "execution": {"provider": "cpu", "workers": 1},
    }
    (folder / "c.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    results = Campaign.from_yaml(folder / "c.yaml", out=folder / "run").run()
    met = len({*results.records(["input_index"])["input_index"].to_pylist()})
    hit = len({*results.records(["target"])["target"].to_pylist()})
    return {"injections": len(results), "inputs": met, "targets": hit}


#: Each part with its size, and its size with --quick.
PARTS: Mapping[str, tuple[Callable[[Path, int], dict[str, float]], int, int]] = {
    "injections": (soak_injections, 1_000_000, 20_000),
    "targets": (soak_targets, 200, 40),
    "inputs": (soak_inputs, 2_000, 200),
    "large_target": (soak_large_target, 10**8, 10**6),
    "large_model": (soak_large_model, 1_500_000_000, 30_000_000),
    "many_targets": (soak_many_targets, 1_000, 60),
    "rows": (soak_rows, 10**7, 10**5),
}


def run_one(part: str, size: int) -> dict[str, float]:
    """Run a part in this process."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        found = PARTS[part][0](Path(name), size)
    return {**found, "seconds_in_all": time.perf_counter() - start, "peak_MiB": peak()}


def main() -> None:
    """Run the parts, each in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default=",".join(PARTS), help="some of the parts")
    parser.add_argument("--injections", type=int, help="injections of that part")
    parser.add_argument("--quick", action="store_true", help="small sizes, for a try")
    parser.add_argument("--one", metavar="PART", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run_one(arguments.one, arguments.size)))
        return
    names = arguments.parts.split(",")
    if unknown := [x for x in names if x not in PARTS]:
        parser.error(f"--parts takes some of {','.join(PARTS)}, got {','.join(unknown)}")
    for name in names:
        _, full, quick = PARTS[name]
        size = quick if arguments.quick else full
        if name == "injections" and arguments.injections:
            size = arguments.injections
        command = [sys.executable, "-m", "tools.soak", "--one", name, "--size", str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name}: failed with {done.returncode}\n{done.stderr[-2000:]}", flush=True)
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        figures = ", ".join(f"{key} {value:.4g}" for key, value in found.items())
        print(f"{name}: {figures}", flush=True)


if __name__ == "__main__":
    main()
