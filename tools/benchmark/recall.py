"""Measures how many dangerous faults a search finds with a twentieth of the runs.

On the demo network and one input: all single-bit flips of the targets are run first, and then a
search with a twentieth of the budget. The bar is for all weights and for all activations.

Usage: python -m tools.benchmark.recall
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnxfi.campaign import search
from onnxfi.configuration import Configuration
from onnxfi.demo import prepare
from tools.benchmark.figures import Figure
from tools.benchmark.part import run_part

_TARGETS: dict[str, dict[str, Any]] = {
    "weights": {"kind": "weight"},
    "activations": {"ops": ["Conv", "Relu", "MaxPool", "Gemm"]},
    "conv1": {"tensors": ["conv1"]},
    "conv2": {"tensors": ["conv2"]},
}
_SHARE, _LEAST = 20, 0.9


def measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Yield the recall for each choice of targets."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        for what, targets in _TARGETS.items():
            configuration = Configuration.from_document(
                {
                    "model": "lenet.onnx",
                    "inputs": {"file": "digits.npz", "limit": 1},
                    "targets": targets,
                    "error_models": ["bitflip"],
                    "injections": {"per_target": 1},
                },
                "The benchmark",
                folder=folder,
            )
            every = search(configuration, budget=10**9)
            some = search(configuration, budget=every.candidates // _SHARE)
            recall = len(some.faults) / len(every.faults)
            print(f"{what}: {len(every.faults)} of {every.candidates} are sdc; {some!r}")
            least = _LEAST if what in ("weights", "activations") else None
            yield Figure(f"recall at 1/{_SHARE} of the runs", what, recall, recall, recall, least)


if __name__ == "__main__":
    run_part(__doc__, measure, {})
