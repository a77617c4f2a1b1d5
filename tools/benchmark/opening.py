"""Compares the time to a campaign's first injection with opening one session.

Both from the model on disk, each in a new process: a campaign from its configuration, which loads
and checks the model, tries the error models, writes its manifest, opens the sessions of the first
target and makes its golden run; and ONNX Runtime opening the whole model. One figure has in it
starting Python and the imports, the other has not.

Usage: python -m tools.benchmark.opening [--model resnet50] [--rounds 5]
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
    "rounds": (7, 2, "of taking turns"),
}
_MOST = 3.0


def measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Print the seconds of each process, and yield the ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        benchmarked = make(arguments.model, folder)
        targets = [x.tensor for x in spread_targets(benchmarked.model, None)]
        rounds = []
        for _ in range(arguments.rounds):
            configuration = write_configuration(benchmarked, folder, targets=targets, per_target=1)
            rounds.append(
                (run_child("session", benchmarked.path), run_child("first", configuration))
            )
            print(
                "; ".join(
                    f"{what}: {x['work_s']:.2f} s, start and imports {x['imports_s']:.2f} s"
                    for what, x in zip(("session", "campaign"), rounds[-1], strict=True)
                ),
                flush=True,
            )
    inside = Ratio([y["work_s"] / x["work_s"] for x, y in rounds])
    whole = Ratio(
        [(y["work_s"] + y["imports_s"]) / (x["work_s"] + x["imports_s"]) for x, y in rounds]
    )
    what = "time until the first injection, times opening one session"
    yield figure(what, benchmarked.name, inside, most=_MOST)
    yield figure(f"{what}, with imports", benchmarked.name, whole, most=_MOST)


if __name__ == "__main__":
    run_part(__doc__, measure, _OPTIONS)
