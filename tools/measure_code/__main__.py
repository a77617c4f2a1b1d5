"""Print how much code a checkout of onnxfi has, and how far one injection walks through it.

Usage: python -m tools.measure_code [CHECKOUT] [--json] [--list]

CHECKOUT is the root of any checkout, this one by default, so that two versions can be compared.
A way to run a suffix is a class with a method ``run`` or ``run_…``; the nesting is the longest
chain of such classes in which each one's code names the next. The walk is one injection on the
bundled LeNet, after a warm-up: the files that it enters, how often a call leads into another file,
and the deepest stack of onnxfi's functions.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.measure_code import sources as measured

_ROOT = Path(__file__).resolve().parents[2]
_WALK = Path(__file__).with_name("walk.py")


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure.

    Attributes:
        name: what was measured.
        figure: how much of it was found.
        found: the things that were counted, where they have names.
    """

    name: str
    figure: int
    found: list[str]


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", nargs="?", type=Path, default=_ROOT)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--list", action="store_true", help="list what was counted as well")
    arguments = parser.parse_args()
    measures = measure(arguments.checkout.resolve())
    if arguments.json:
        print(json.dumps({x.name: x.figure for x in measures}, indent=1))
        return
    for x in measures:
        print(f"{x.name:<56}{x.figure:>8}")
        for name in x.found if arguments.list else ():
            print(f"    {name}")


def measure(checkout: Path) -> list[Measure]:
    """Return all figures of a checkout."""
    walk = trace(checkout)
    return [*measure_sources(checkout), *(Measure(x, walk[y], []) for x, y in _WALKED.items())]


_WALKED = {
    "files that one injection on LeNet enters": "files",
    "calls of it from one file into another": "moves",
    "deepest stack of it, in onnxfi's functions": "depth",
}


def measure_sources(checkout: Path) -> list[Measure]:
    """Return the figures that need no run."""
    product = measured.read_product(checkout)
    suffix = measured.suffix_sources(product)
    classes = [x.name for source in suffix for x in source.classes]
    runners = measured.runners(suffix)
    nesting = measured.nesting(runners)
    ((folder, files), *_) = measured.files_per_folder(product).most_common(1)
    listed = {
        "thresholds of the suffix outside its policy": measured.thresholds(suffix),
        "thresholds of the product outside that policy": measured.thresholds(product),
        "docstrings that open with a question word": measured.question_openings(product),
        f"files over {measured.LONG_FILE} lines": measured.long_files(product),
    }
    return [
        Measure("lines of the product", sum(x.lines for x in product), []),
        Measure("files of the product", len(product), []),
        Measure("lines that run a suffix", sum(x.lines for x in suffix), []),
        Measure("files that run a suffix", len(suffix), [x.name for x in suffix]),
        Measure("classes that run a suffix", len(classes), classes),
        Measure("ways to run a suffix", len(runners), sorted(runners)),
        Measure("nesting of these ways", len(nesting), nesting),
        Measure("files in the largest folder", files, [folder]),
        *(Measure(name, len(found), found) for name, found in listed.items()),
    ]


def trace(checkout: Path) -> dict[str, int]:
    """Return the walk of one injection with the onnxfi of a checkout."""
    done = subprocess.run(
        [sys.executable, "-P", str(_WALK)],
        env=os.environ | {"PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
