"""Print a SHA-256 of the records of a small campaign on each model, to compare two versions.

Usage: python -m tools.hash_records [MODEL ...] [--checkout FOLDER] [--keep FOLDER]

MODEL is a model of the benchmarks or the path of an ONNX file. The campaigns run with the onnxfi of
any checkout, this one by default. Two versions compute the same if they print the same lines. A
hash covers the names, types and values of all columns. It ignores how the rows are split into files
and how these are compressed. Making the models of PyTorch takes a minute: --keep writes them to a
folder, from where their paths can be given the next time.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from tools.benchmark.campaigns import FLIPS, SPATIAL, write_configuration
from tools.benchmark.models import Benchmarked, make, open_model, spread_targets

MODELS = ("lenet", "squeezenet", "mobilenet_v2", "densenet121", "resnet50", "unet", "vgg16")
_ROOT = Path(__file__).resolve().parents[1]
_RUN = "import sys, onnxfi; onnxfi.Campaign.from_yaml(sys.argv[1]).run()"


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", default=MODELS)
    parser.add_argument("--checkout", type=Path, default=_ROOT)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the models here")
    parser.add_argument("--targets", type=int, default=3, help="convolutions of each model")
    parser.add_argument("--injections", type=int, default=100, help="per target and error model")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in arguments.models:
            path = Path(name)
            model = open_model(path.stem, path) if path.suffix else make(name, folder)
            configuration = write_campaign(
                model, Path(temporary), targets=arguments.targets, injections=arguments.injections
            )
            run_campaign(configuration, arguments.checkout)
            print(f"{model.name:<16}{hash_records(configuration.parent / 'run')}", flush=True)


def write_campaign(model: Benchmarked, folder: Path, *, targets: int, injections: int) -> Path:
    """Write a campaign of bit flips and spatial patterns, and return its configuration."""
    tensors = [x.tensor for x in spread_targets(model.model, targets)]
    return write_configuration(
        model,
        folder,
        targets=tensors,
        per_target=injections,
        error_models=(FLIPS, SPATIAL),
        workers=1,
    )


def run_campaign(configuration: Path, checkout: Path) -> None:
    """Run a campaign with the onnxfi of a checkout.

    Raises:
        CalledProcessError: the campaign failed.
    """
    subprocess.run(
        [sys.executable, "-P", "-c", _RUN, str(configuration)],
        env=os.environ | {"PYTHONPATH": str(checkout.resolve())},
        check=True,
    )


def hash_records(run: Path) -> str:
    """Return the SHA-256 of the records of a run directory, in the order of their numbers."""
    table = pq.read_table(run / "records").sort_by("injection_id")
    digest = hashlib.sha256()
    for name in sorted(table.column_names):
        column = table[name]
        digest.update(f"{name}: {column.type}\n".encode())
        # The shortest digits that give the same float again.
        digest.update(repr(column.to_pylist()).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
