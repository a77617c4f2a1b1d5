"""Run on CUDA what runs on the CPU, and compare: the check for a machine with an NVIDIA GPU.

For targets of every kind in small graphs and in real architectures with random weights: the golden
outputs and the faulty outputs of the same corruptions on both providers, largest difference
relative to the largest output; whether the outcomes agree; and the injector's time per injection
against the bare suffix on CUDA, whose inputs are on the device. Then what tools/benchmark/bound.py
measures: the same on ResNet-50 with lanes, in turns, against its bar. Ends with status 1 where
something differs by more than 0.1 %.

It begins with what it found: versions, providers, the GPU. --out writes all of it to
a file that can be attached to a bug report.

Usage: python -m tools.check_cuda [--injections 20] [--provider cuda] [--quick] [--out report.txt]
"""

import argparse
import contextlib
import io
import logging
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

import numpy as np
import onnx
import onnxruntime
from onnxruntime.transformers.float16 import convert_float_to_float16

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.runtime import Session, choose_provider
from tests.support.models.light_models import LIGHT_MODELS, densified
from tests.support.small_graphs import SMALL_GRAPHS, random_inputs
from tools.benchmark import bound
from tools.benchmark.figures import table
from tools.benchmark.part import defaults

_HALF = ", float16"
ProviderName = Literal["cpu", "cuda"]
TOLERANCE = 1e-3
# Of float16, whose numbers have three decimal digits.
HALF_TOLERANCE = 2e-2
TARGETS = 8
# Flips of high bits lead to numbers so large that the order of a sum decides what they become.
HIGHEST_MANTISSA_BITS = {np.dtype(np.float16): 9, np.dtype(np.float32): 22}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of CUDA with the CPU on one model.

    Attributes:
        targets: number of targets compared.
        golden: largest relative difference of golden outputs.
        faulty: largest relative difference of faulty outputs.
        outcomes: share of injections with the same outcome.
        overhead: the injector's time per injection against the bare suffix, both on CUDA; median
            over the targets.
    """

    targets: int
    golden: float
    faulty: float
    outcomes: float
    overhead: float


def main() -> None:
    """Describe the machine, compare, and exit with 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--injections", type=int, default=20, help="at each target")
    parser.add_argument("--provider", default="cuda", help="cpu tries the program itself")
    parser.add_argument("--quick", action="store_true", help="small graphs and few targets only")
    parser.add_argument("--out", type=Path, help="a file for all that is printed")
    arguments = parser.parse_args()
    logging.getLogger("onnxfi").setLevel(logging.ERROR)
    with contextlib.ExitStack() as stack:
        if arguments.out is not None:
            file = stack.enter_context(arguments.out.open("w", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stdout(_Both(sys.stdout, file)))
        _describe_machine()
        passed = _check(arguments)
        print("passed" if passed else "FAILED")
    sys.exit(int(not passed))


class _Both(io.TextIOBase):
    """Writes to two files."""

    def __init__(self, first: TextIO, second: TextIO) -> None:
        self._files = (first, second)

    def write(self, text: str) -> int:
        for file in self._files:
            file.write(text)
        return len(text)

    def flush(self) -> None:
        for file in self._files:
            file.flush()


def _describe_machine() -> None:
    """Print versions, providers and the GPU."""
    print(f"onnxfi {onnxfi.__version__}, onnx {onnx.__version__}, numpy {np.__version__}")
    print(f"python {platform.python_version()} on {platform.platform()}")
    print(f"providers of ONNX Runtime: {', '.join(onnxruntime.get_available_providers())}")
    command = [
        "nvidia-smi",
        "--query-gpu=name,driver_version,memory.total",
        "--format=csv,noheader",
    ]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        found = "none that nvidia-smi sees"
    print(f"GPU: {found}\n")


def _check(arguments: argparse.Namespace) -> bool:
    """Print one line per model, and return whether all agree."""
    injections, provider = arguments.injections, choose_provider(arguments.provider)
    print(f"onnxruntime {onnxruntime.__version__}; {injections} injections at each target")
    print(
        f"{'model':<28}{'targets':>8}{'golden':>10}{'faulty':>10}{'outcomes':>10}{'overhead':>10}"
    )
    worst = dict.fromkeys((TOLERANCE, HALF_TOLERANCE), 0.0)
    for name, model, feeds in models(large=not arguments.quick):
        result = compare(model, feeds, injections, provider)
        allowed = HALF_TOLERANCE if name.endswith(_HALF) else TOLERANCE
        worst[allowed] = max(worst[allowed], result.golden, result.faulty)
        print(
            f"{name:<28}{result.targets:>8}{result.golden:>10.1e}{result.faulty:>10.1e}"
            f"{100 * result.outcomes:>8.1f} %{result.overhead:>10.2f}",
            flush=True,
        )
    for allowed, largest in worst.items():
        print(f"largest relative difference: {largest:.1e}; allowed: {allowed:.0e}")
    print()
    options = defaults(bound.OPTIONS, quick=arguments.quick) | {"provider": provider}
    print(table(list(bound.measure(argparse.Namespace(**options)))))
    return all(largest < allowed for allowed, largest in worst.items())


def models(*, large: bool) -> Iterator[tuple[str, onnxfi.Model, dict[str, np.ndarray]]]:
    """Yield the models with an input each; the large ones are real architectures."""
    for name, make in SMALL_GRAPHS.items():
        feeds = random_inputs(make())
        yield name, onnxfi.load(make()), feeds
        half = {k: x.astype(np.float16) if x.dtype == np.float32 else x for k, x in feeds.items()}
        yield f"{name}{_HALF}", onnxfi.load(convert_float_to_float16(make())), half
    for name in LIGHT_MODELS if large else ():
        model = onnxfi.load(densified(name))
        (graph_input,) = model.graph.inputs
        assert graph_input.name is not None
        assert graph_input.shape is not None
        shape = graph_input.shape.numpy()
        x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
        yield name, model, {graph_input.name: x}


def compare(
    model: onnxfi.Model, feeds: dict[str, np.ndarray], injections: int, provider: ProviderName
) -> Comparison:
    """Compare both providers at some targets of a model, from early to late."""
    floats = [x for x in model.targets() if x.dtype in HIGHEST_MANTISSA_BITS]
    targets = [x for x in floats if x.tensor != "scales"]
    targets = targets[:: -(-len(targets) // TARGETS)]
    golden_errors, faulty_errors, agreeing, overheads = [0.0], [0.0], [], []
    for target in targets:
        with (
            onnxfi.Injector(model, target, provider="cpu") as on_cpu,
            onnxfi.Injector(model, target, provider=provider) as on_cuda,
        ):
            expected, golden = on_cpu.golden(feeds), on_cuda.golden(feeds)
            golden_errors.append(difference(golden.outputs, expected.outputs))
            # From the same golden tensor, so that the corruptions are the same as well.
            for injection in on_cpu.inject(expected, flip(target), count=injections):
                corrupted = golden.target.copy()
                corrupted.reshape(-1)[injection.corruption.indices] = injection.corruption.values
                outputs = on_cuda.resume(golden, corrupted)
                faulty_errors.append(difference(outputs, injection.outputs))
            outcomes = zip(
                on_cpu.inject(expected, flip(target), count=injections),
                on_cuda.inject(golden, flip(target), count=injections),
                strict=True,
            )
            for cpu, cuda in outcomes:
                agreeing.append(cpu.outcome == cuda.outcome)
                # Where golden tensors differ in a bit, so do the corruptions.
                if cpu.corruption == cuda.corruption and cpu.outputs and cuda.outputs:
                    faulty_errors.append(difference(cuda.outputs, cpu.outputs))
        boundary: Iterable[object] = golden.boundary.values()
        if on_cuda.split.faulty_outputs and all(
            isinstance(x, np.ndarray) and x.dtype.isbuiltin for x in boundary
        ):
            overheads.append(overhead(model, target, feeds, injections, provider))
    return Comparison(
        targets=len(targets),
        golden=max(golden_errors),
        faulty=max(faulty_errors),
        outcomes=statistics.mean(agreeing),
        overhead=statistics.median(overheads or [float("nan")]),
    )


def flip(target: onnxfi.Target) -> BitFlip:
    """Return the flip of the highest bit of the mantissa."""
    return BitFlip(bit=HIGHEST_MANTISSA_BITS[target.dtype])


def difference(outputs: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> float:
    """Return the largest absolute difference over the largest absolute output."""
    largest = 0.0
    for name, array in expected.items():
        if array.dtype.kind != "f":
            continue
        with np.errstate(invalid="ignore"):
            finite = np.isfinite(array) & np.isfinite(outputs[name])
            error = np.abs(outputs[name] - array)[finite]
        scale = np.abs(array[np.isfinite(array)]).max(initial=1e-30)
        largest = max(largest, float(error.max(initial=0) / scale))
    return largest


def overhead(
    model: onnxfi.Model,
    target: onnxfi.Target,
    feeds: dict[str, np.ndarray],
    injections: int,
    provider: ProviderName,
) -> float:
    """Return the time per injection over that of the bare suffix, one lane; the two take turns.

    The bare suffix reads what is on the device already, and gives back its outputs.
    """
    with onnxfi.Injector(model, target, provider=provider, lanes=1, propagation=False) as injector:
        golden = injector.golden(feeds)
        suffix = Session(injector.split.suffix, provider=provider)
        kept = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(np.array(x, order="C"), provider, 0)
            for name, x in {**golden.boundary, **golden.targets}.items()
        }
        ratios = []
        for _ in range(5):
            start = time.perf_counter()
            for _ in range(injections):
                suffix.run_bound(kept, {})
            bare = time.perf_counter() - start
            start = time.perf_counter()
            for _ in injector.inject(golden, flip(target), count=injections):
                pass
            ratios.append((time.perf_counter() - start) / bare)
    return statistics.median(ratios)


if __name__ == "__main__":
    main()
