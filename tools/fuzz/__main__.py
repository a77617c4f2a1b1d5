"""Feeds damaged files of every format to onnxfi, and prints what became of them.

    python -m tools.fuzz --cases 20000 --keep FOLDER

Each case is made from its number alone: `--first N --cases 1 --format F` makes it again.
"""

import argparse
import logging
import pkgutil
import random
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from importlib import import_module
from pathlib import Path

import onnx

import onnxfi
from tests.support.small_campaign import fill, make_document
from tools.backend_models import backend_models, stamped
from tools.fuzz import formats
from tools.fuzz.case import GOOD, Ending, run_case

_ROOT = Path(__file__).resolve().parents[2]
# Bytes. Larger files take longer than they teach.
_LARGEST = 200_000
# Of the 1 900 node models: they have many attributes and types, and much in common.
_EVERY = 10


def make_formats(folder: Path) -> dict[str, formats.MakeCase]:
    """Return what makes the cases of each format.

    Args:
        folder: an empty folder for the files that are damaged.
    """
    small = fill(folder)
    # In a process of its own: the cases are forked from this one, which must have no threads.
    words = ["campaign", "run", f"{small}/campaign.yaml", "--out", f"{folder}/finished"]
    subprocess.run([sys.executable, "-m", "onnxfi", *words], check=True, capture_output=True)
    models = [small / "model.onnx"]
    examples = [*backend_models("simple"), *backend_models("node")[::_EVERY]]
    for number, each in enumerate(examples):
        model = stamped(each.proto())
        if model.ByteSize() < _LARGEST:
            models.append(folder / f"backend{number}.onnx")
            onnx.save(model, models[-1])
    keras = _ROOT / "tests" / "converters" / "data"
    return {
        "onnx": formats.onnx_models(models),
        "keras": formats.keras_files(
            [x for x in sorted(keras.glob("*.*")) if x.suffix in (".h5", ".keras")]
        ),
        "arrays": formats.arrays(small / "model.onnx"),
        "yaml": formats.configurations(
            small / "model.onnx", small / "inputs.npz", make_document(out="run")
        ),
        "error model": formats.error_models(
            sorted((_ROOT / "tests" / "error_models" / "data").glob("*.json"))
        ),
        "run directory": formats.run_directories(folder / "finished"),
    }


def _try(
    make: formats.MakeCase,
    name: str,
    number: int,
    keep: Path | None,
    limit: float,
    finished: Path,
) -> Ending:
    with tempfile.TemporaryDirectory() as folder:
        words = make(Path(folder), random.Random(f"{name} {number}"))
        ending = run_case(words, Path(folder), seconds=limit)
        if ending.kind == "done" and formats.has_other_records(words, Path(folder), finished):
            ending = Ending("other records", ending.text)
        if not ending.good and keep is not None:
            kept = keep / f"{name.replace(' ', '_')}-{number}"
            Path(folder).rename(kept)
            Path(folder).mkdir()  # for the context manager
            (kept / "command.txt").write_text(f"onnxfi {' '.join(words)}\n{ending.kind}\n")
            (kept / "stderr.txt").write_text(ending.text)
    return ending


def main() -> int:
    """Run the cases; return 1 if one of them did not end well."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=3000, help="number of cases, of all formats")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--format", action="append", help="only this format; may repeat")
    parser.add_argument("--seconds", type=float, default=20, help="limit of each case")
    parser.add_argument("--keep", type=Path, help="folder for the cases that did not end well")
    arguments = parser.parse_args()
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    logging.disable()
    for module in pkgutil.walk_packages(onnxfi.__path__, "onnxfi."):
        if not module.name.endswith("__main__"):
            import_module(module.name)  # here once, not in every child
    with tempfile.TemporaryDirectory() as base:
        made = make_formats(Path(base))
        chosen = arguments.format or list(made)
        each = -(-arguments.cases // len(chosen))
        numbers = range(arguments.first, arguments.first + each)
        bad = 0
        print(f"{'format':15}{'cases':>7}  endings")
        for name in chosen:
            counts = Counter(
                _try(
                    *(made[name], name, number, arguments.keep, arguments.seconds),
                    Path(base) / "finished",
                ).kind
                for number in numbers
            )
            bad += sum(n for kind, n in counts.items() if kind not in GOOD)
            print(
                f"{name:15}{each:>7}  "
                + ", ".join(f"{kind} {n}" for kind, n in counts.most_common()),
                flush=True,
            )
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
