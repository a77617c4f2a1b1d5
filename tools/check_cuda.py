"""Run on CUDA what runs on the CPU, and compare: the check for a machine with an NVIDIA GPU.

For targets of every kind in small graphs and in real architectures with random weights: the golden
outputs and the faulty outputs of the same corruptions on both providers, largest difference
relative to the largest output; whether the outcomes agree; and the injector's time per injection
against the bare suffix on CUDA, whose inputs are on the device. Then what tools/benchmark/bound.py
measures: the same on ResNet-50 with lanes, in turns, against its bar. Ends with status 1 where
something differs by more than 0.1 %.

Usage: python -m tools.check_cuda [--injections 20] [--provider cuda] [--quick]
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnxruntime

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.runtime import Session, choose_provider
from tests.support.models.light_models import LIGHT_MODELS, densified
from tests.support.small_graphs import SMALL_GRAPHS, random_inputs
from tools.benchmark import bound
from tools.benchmark.figures import table
from tools.benchmark.part import defaults

ProviderName = Literal["cpu", "cuda"]
TOLERANCE = 1e-3
TARGETS = 8
# Flips of high bits lead to numbers so large that the order of a sum decides what they become.
ERROR_MODEL = BitFlip(bit=22)


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
    """Print one line per model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--injections", type=int, default=20, help="at each target")
    parser.add_argument("--provider", default="cuda", help="cpu tries the program itself")
    parser.add_argument("--quick", action="store_true", help="small graphs and few targets only")
    arguments = parser.parse_args()
    injections, provider = arguments.injections, choose_provider(arguments.provider)
    print(f"onnxruntime {onnxruntime.__version__}; {injections} injections at each target")
    print(
        f"{'model':<28}{'targets':>8}{'golden':>10}{'faulty':>10}{'outcomes':>10}{'overhead':>10}"
    )
    worst = 0.0
    for name, model, feeds in models(large=not arguments.quick):
        result = compare(model, feeds, injections, provider)
        worst = max(worst, result.golden, result.faulty)
        print(
            f"{name:<28}{result.targets:>8}{result.golden:>10.1e}{result.faulty:>10.1e}"
            f"{100 * result.outcomes:>8.1f} %{result.overhead:>10.2f}",
            flush=True,
        )
    print(f"largest relative difference: {worst:.1e}; allowed: {TOLERANCE:.0e}\n")
    options = defaults(bound.OPTIONS, quick=arguments.quick) | {"provider": provider}
    print(table(list(bound.measure(argparse.Namespace(**options)))))
    sys.exit(int(not worst < TOLERANCE))


def models(*, large: bool) -> Iterator[tuple[str, onnxfi.Model, dict[str, np.ndarray]]]:
    """Yield the models with an input each; the large ones are real architectures."""
    for name, make in SMALL_GRAPHS.items():
        yield name, onnxfi.load(make()), random_inputs(make())
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
    targets = [x for x in model.targets() if x.dtype == np.float32 and x.tensor != "scales"]
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
            for injection in on_cpu.inject(expected, ERROR_MODEL, count=injections):
                corrupted = golden.target.copy()
                corrupted.reshape(-1)[injection.corruption.indices] = injection.corruption.values
                outputs = on_cuda.resume(golden, corrupted)
                faulty_errors.append(difference(outputs, injection.outputs))
            outcomes = zip(
                on_cpu.inject(expected, ERROR_MODEL, count=injections),
                on_cuda.inject(golden, ERROR_MODEL, count=injections),
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
            for _ in injector.inject(golden, ERROR_MODEL, count=injections):
                pass
            ratios.append((time.perf_counter() - start) / bare)
    return statistics.median(ratios)


if __name__ == "__main__":
    main()
