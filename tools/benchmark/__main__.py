"""Run every benchmark that has a bar, and print one table of the results.

Each part is a program beside this one, which can be run alone and says with --help what it
measures; each runs in a process of its own, for a limited time. A part that fails, or takes longer,
is named at the end, and what it had found until then is in the table. Figures are ratios of things
that took turns in one run, with the lowest and the highest. What needs PyTorch or TensorFlow says
so where they are missing.

Usage: python -m tools.benchmark [--only speed,memory,…] [--quick] [--json FILE]
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.benchmark.figures import Figure, read, table

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Part:
    """A program that measures something.

    Attributes:
        command: the arguments of Python: a module and its options.
        minutes: how long it may take.
    """

    command: tuple[str, ...]
    minutes: float


PARTS = {
    "opening": Part(
        (
            "-m",
            "tools.benchmark.opening",
        ),
        3,
    ),
    "memory": Part(
        (
            "-m",
            "tools.benchmark.memory",
        ),
        8,
    ),
    "workers": Part(
        (
            "-m",
            "tools.benchmark.workers",
        ),
        8,
    ),
    "growth": Part(
        (
            "-m",
            "tools.benchmark.growth",
        ),
        5,
    ),
    "speed": Part(
        (
            "-m",
            "tools.benchmark.speed",
        ),
        30,
    ),
    "torch": Part(("-m", "tools.benchmark.peers", "--peer", "torch"), 15),
    "cuda": Part(
        (
            "-m",
            "tools.benchmark.bound",
        ),
        8,
    ),
    "keras": Part(("-m", "tools.benchmark.peers", "--peer", "keras"), 15),
}


def main() -> int:
    """Run the parts, print the table, and return 1 where a part failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", help=f"some of {','.join(PARTS)}; by default all")
    parser.add_argument("--quick", action="store_true", help="few repetitions, to try it")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else [*PARTS]
    if unknown := [x for x in names if x not in PARTS]:
        parser.error(f"--only takes some of {','.join(PARTS)}, got {','.join(unknown)}")
    options = ["--quick"] if arguments.quick else []
    figures, failures = [], []
    for name in names:
        print(f"\n=== {name}", flush=True)
        found, failure = run(PARTS[name], options)
        figures += found
        if failure:
            failures.append(f"{name} {failure}")
            print(failures[-1], flush=True)
        if arguments.json is not None:
            write(arguments.json, figures, failures)
    print(f"\n=== all\n{table(figures)}")
    for failure in failures:
        print(failure)
    return int(bool(failures))


def run(part: Part, options: list[str]) -> tuple[list[Figure], str]:
    """Run a part; return what it found, and what went wrong, in words."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "figures.jsonl"
        command = [sys.executable, *part.command, *options, "--append", str(found)]
        began = time.monotonic()
        # In a session of its own, so that what it started ends with it.
        process = subprocess.Popen(command, cwd=_ROOT, start_new_session=True)
        try:
            status = process.wait(timeout=60 * part.minutes)
            failure = f"failed with status {status}" if status else ""
        except subprocess.TimeoutExpired:
            failure = f"was ended after {part.minutes:g} minutes"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        print(f"took {time.monotonic() - began:.0f} s", flush=True)
        return read(found), failure


def write(path: Path, figures: list[Figure], failures: list[str]) -> None:
    """Write what was found until now to a JSON file."""
    document = {
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()}",
        "python": platform.python_version(),
        "figures": [asdict(x) | {"met": x.met} for x in figures],
        "failures": failures,
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
