"""Defines a part of the benchmark: its options and its results."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from tools.benchmark.figures import Figure, append, table

T = TypeVar("T")
#: For each option of a part its default, its value with --quick, and what it is.
Options = Mapping[str, tuple[object, object, str]]


def run_part(
    description: str | None,
    measure: Callable[[argparse.Namespace], Iterator[Figure]],
    options: Options,
) -> None:
    """Run a part as a program.

    Args:
        description: the docstring of the program.
        measure: yields the figures as it finds them; prints what else it finds.
        options: its options.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few repetitions, to try it")
    parser.add_argument("--append", type=Path, help="a file to add the figures to, as JSON lines")
    for name, (default, _, text) in options.items():
        parser.add_argument(f"--{name}", type=type(default), help=f"{text}; {default}")
    given = {name: x for name, x in vars(parser.parse_args()).items() if x is not None}
    quick = bool(given.get("quick"))
    arguments = argparse.Namespace(**{"append": None, **defaults(options, quick=quick), **given})
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    print(f"load {load} on {os.cpu_count()} processors", flush=True)
    figures = []
    for x in measure(arguments):
        figures.append(x)
        if arguments.append is not None:
            append(x, arguments.append)
    if figures:
        print(f"\n{table(figures)}", flush=True)


def defaults(options: Options, *, quick: bool) -> dict[str, object]:
    """Return the options where none are given."""
    return {name: fast if quick else usual for name, (usual, fast, _) in options.items()}


def within(minutes: float, items: Iterable[T]) -> Iterator[T]:
    """Yield items until the time is up, and say what is left out."""
    end = time.monotonic() + 60 * minutes
    for item in items:
        if time.monotonic() > end:
            print(f"left out after {minutes:g} minutes: {item} and what follows", flush=True)
            return
        yield item


def run_child(what: str, place: Path) -> dict[str, float]:
    """Run `tools.benchmark.child`, and return what it found.

    Raises:
        CalledProcessError: it failed.
    """
    command = [sys.executable, "-m", "tools.benchmark.child", what, str(place), str(time.time())]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
