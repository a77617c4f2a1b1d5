"""Convert well-known Keras models and compare every layer with Keras; print one table.

Needs the extra ``keras``. Run it from the root of the repository, with the names of models or
without, which means all:

    python -m tools.convert_keras_models [--route native|tf2onnx] [MODEL ...]

Each model is built with random weights by Keras 3 and by tf_keras, run eagerly on one sample, and
saved as .h5 and as .keras. Each file is converted in a process of its own that starts cold; its
time, its processor time and its peak memory count from the start of Python to the .onnx file on
disk. The difference is the largest one of any element of a layer, relative to the largest value of
that layer, at the worst layer.
"""

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
FAMILIES = {"Keras 3": "keras", "tf_keras": "tf_keras"}
SUFFIXES = (".h5", ".keras")
_COLUMNS = (
    "model | file | route | seconds | CPU seconds | MB | largest difference | layers | absent"
)
_CONVERT = (
    "import sys; from pathlib import Path; import onnx; from onnxfi.converters import convert; "
    "onnx.save(convert(Path(sys.argv[1]), route=sys.argv[2]), sys.argv[3])"
)


@dataclass(frozen=True, slots=True)
class Conversion:
    """One file, converted.

    Attributes:
        seconds: wall time of the process.
        cpu_seconds: processor time of the process.
        megabytes: its peak memory, that of its own children included.
        error: the last line that it wrote where it failed, otherwise empty.
    """

    seconds: float
    cpu_seconds: float
    megabytes: float
    error: str


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--route", choices=["native", "tf2onnx"], default="native")
    parser.add_argument("--list", action="store_true", help="print the names of the models")
    parser.add_argument(
        "--build", nargs=3, metavar=("MODEL", "KERAS", "FOLDER"), help=argparse.SUPPRESS
    )
    parser.add_argument("--compare", nargs=2, metavar=("ONNX", "ARRAYS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.list:
        from tools import keras_models

        print(*keras_models.MODELS, *keras_models.APPLICATIONS, sep="\n")
    elif arguments.build:
        name, package, folder = arguments.build
        _build(name, package, Path(folder))
    elif arguments.compare:
        _compare(*map(Path, arguments.compare))
    else:
        _print_table(arguments.models, arguments.route)


def _print_table(names: list[str], route: str) -> None:
    listed = _program("--list").stdout
    print(f"| {_COLUMNS} |")
    print("|" + "---|" * len(_COLUMNS.split("|")))
    for name in names or listed.splitlines():
        for family, package in FAMILIES.items():
            with tempfile.TemporaryDirectory() as folder:
                _print_rows(name, family, package, route, Path(folder))


def _print_rows(name: str, family: str, package: str, route: str, folder: Path) -> None:
    built = _program("--build", name, package, str(folder))
    if built.returncode:
        print(f"| {name} | {family} | | | | | {package} failed: {_last_line(built.stderr)} | | |")
        return
    for suffix in SUFFIXES:
        output = folder / f"model{suffix}.onnx"
        conversion = convert_cold(folder / f"model{suffix}", route, output)
        start = f"| {name} | {family} {suffix} | {route} | {conversion.seconds:.2f} | "
        start += f"{conversion.cpu_seconds:.2f} | {conversion.megabytes:.0f} | "
        if conversion.error:
            print(f"{start}{conversion.error} | | |", flush=True)
            continue
        compared = _program("--compare", str(output), str(folder / "arrays.npz"))
        result = compared.stdout.strip() or f"comparison failed: {_last_line(compared.stderr)} | |"
        print(f"{start}{result} |", flush=True)


def convert_cold(source: Path, route: str, output: Path) -> Conversion:
    """Convert a file in a process of its own and measure the process."""
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", _CONVERT, str(source), route, str(output)],
        cwd=ROOT,
        env=_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    message = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    busy = usage.ru_utime + usage.ru_stime
    return Conversion(seconds, busy, usage.ru_maxrss / 1024, _last_line(message) if status else "")


def _build(name: str, package: str, folder: Path) -> None:
    """Save a model, and what each of its layers returns on one sample."""
    from tools import keras_models
    from tools.keras_recorder import run_watched

    k = importlib.import_module(package)
    rng = np.random.default_rng(7)
    k.utils.set_random_seed(7)
    model = keras_models.build(name, k, rng)
    inputs = keras_models.random_inputs(name, model, rng)
    for suffix in SUFFIXES:
        model.save(folder / f"model{suffix}")
    _, seen = run_watched(k, model, list(inputs.values()))
    arrays: dict[str, Any] = {f"input:{key}": value for key, value in inputs.items()}
    arrays |= {f"layer:{x}": y for x, y in seen.items()}
    np.savez(folder / "arrays.npz", **arrays)


def _compare(converted: Path, arrays: Path) -> None:
    """Print the largest difference of a layer, the number of mapped layers and of absent ones."""
    import onnx

    from onnxfi.converters import METADATA_KEY, parse_absent_layers
    from tests.support.keras_references import layer_map, read_arrays, run, stored_layout

    model = onnx.load(converted)
    layers = layer_map(model)
    expected = read_arrays(arrays, "layer")
    shared = [name for name in expected if name in layers]
    tensors = [layers[name].tensor for name in shared]
    worst, where = 0.0, ""
    # Keras 3 may rename the input of a Sequential: the order counts.
    names = [value.name for value in model.graph.input]
    inputs = dict(zip(names, read_arrays(arrays, "input").values(), strict=True))
    for name, value in zip(shared, run(model, inputs, tensors), strict=True):
        wanted = stored_layout(expected[name], layers[name]).astype(np.float64)
        scale = np.abs(wanted).max(initial=0) or 1.0
        difference = float(np.abs(value - wanted).max(initial=0) / scale)
        if not difference <= worst:
            worst, where = difference, name
    text = next(x.value for x in model.metadata_props if x.key == METADATA_KEY)
    absent = len(parse_absent_layers(text))
    missing = f", {len(expected) - len(shared)} not mapped" if len(shared) < len(expected) else ""
    print(f"{worst:.1e} ({where}) | {len(shared)}{missing} | {absent}")


def _program(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tools.convert_keras_models", *arguments],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def _environment() -> dict[str, str]:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "KERAS_BACKEND": "tensorflow"}
    return {**os.environ, **quiet, "PYTHONPATH": str(ROOT)}


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no message"


if __name__ == "__main__":
    main()
