"""Compares the memory of a campaign over all convolutions with one full session.

The highest resident memory of a process that runs the campaign, with workers and lanes as they are
where nothing is said, over that of a process in which ONNX Runtime opens the model from its file
and runs it once. The second figure leaves out what each process held after its imports.

Usage: python -m tools.benchmark.memory [--model resnet50] [--injections 50]
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.benchmark.campaigns import write_configuration
from tools.benchmark.figures import Figure, figure
from tools.benchmark.models import make, spread_targets
from tools.benchmark.part import run_child, run_part
from tools.benchmark.timing import Ratio

_OPTIONS = {
    "model": ("resnet50", "squeezenet", "a name of models.py"),
    "targets": (1000, 5, "convolutions at most"),
    "injections": (50, 50, "at each target"),
    "rounds": (1, 1, "of taking turns"),
}
_MOST = 2.5


def measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Print the memory of each process, and yield the ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        benchmarked = make(arguments.model, folder)
        targets = [x.tensor for x in spread_targets(benchmarked.model, arguments.targets)]
        rounds = []
        for _ in range(arguments.rounds):
            configuration = write_configuration(
                benchmarked, folder, targets=targets, per_target=arguments.injections
            )
            pair = (
                run_child("session", benchmarked.path),
                run_child("campaign", configuration),
            )
            for what, x in zip(("session", "campaign"), pair, strict=True):
                print(
                    f"{what}: {x['peak_mib']:.0f} MiB, of which imports {x['imports_mib']:.0f}; "
                    f"{x['work_s']:.1f} s",
                    flush=True,
                )
            rounds.append(pair)
    label = f"{benchmarked.name}, {len(targets)} targets"
    whole = Ratio([y["peak_mib"] / x["peak_mib"] for x, y in rounds])
    yield figure("memory of a campaign, times one full session", label, whole, most=_MOST)
    added = Ratio(
        [(y["peak_mib"] - y["imports_mib"]) / (x["peak_mib"] - x["imports_mib"]) for x, y in rounds]
    )
    yield figure("memory of a campaign, times one full session, without imports", label, added)


if __name__ == "__main__":
    run_part(__doc__, measure, _OPTIONS)
