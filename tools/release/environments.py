"""Install the wheel into fresh environments, run the demo there, and print what came with it.

Usage: python -m tools.release.environments WHEEL [--python python3.11,python3.13]
           [--dependencies newest,lowest] [--runtime onnxruntime-gpu,onnxruntime]

Each environment has one Python, the newest or the lowest dependencies that pyproject.toml admits,
and one of the two packages of ONNX Runtime. In each, ``onnxfi --version``, ``python -m onnxfi
--help`` and ``onnxfi demo`` run. The last table lists the size and the licence of every package.
Exit status 1 means that something failed.
"""

import argparse
import itertools
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_BOUND = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?>=([0-9.]+)")
# Prints the packages of an environment with their sizes in MiB and their licences.
_LIST = """\
from importlib.metadata import distributions
for x in sorted(distributions(), key=lambda x: x.metadata["Name"].lower()):
    size = sum(f.size or 0 for f in x.files or ()) / 2**20
    terms = x.metadata.get("License-Expression") or x.metadata.get("License") or ""
    if not terms or len(terms) > 40:
        found = [c for c in x.metadata.get_all("Classifier") or () if c.startswith("License ::")]
        terms = found[0].rsplit(" :: ", 1)[-1] if found else "see its files"
    print(f"{x.metadata['Name']:<28}{x.version:<16}{size:8.1f}  {terms.splitlines()[0]}")
"""


def lowest_bounds(extras: set[str]) -> list[str]:
    """Return the lower bounds of the dependencies, and of those of some extras, as constraints."""
    document = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = document["project"]
    wanted = [*project["dependencies"]]
    for name in extras:
        wanted += project["optional-dependencies"][name]
    found = (_BOUND.match(x) for x in wanted)
    return [f"{x[1]}=={x[2]}" for x in found if x is not None]


def try_environment(wheel: Path, python: str, lowest: bool, runtime: str, folder: Path) -> bool:
    """Make an environment, run the demo in it, and return whether all went well."""
    label = f"{python}, {'lowest' if lowest else 'newest'} dependencies, {runtime}"
    try:
        subprocess.run([python, "-m", "venv", str(folder / "venv")], check=True)
        inside = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        install = [str(inside / "python"), "-m", "pip", "install", "--quiet"]
        if lowest:
            bounds = folder / "lowest.txt"
            bounds.write_text("\n".join(lowest_bounds({"demo", "report"})) + "\n", "utf-8")
            install += ["--constraint", str(bounds)]
        subprocess.run([*install, f"{wheel}[demo]"], check=True)
        if runtime == "onnxruntime":
            quiet = [str(inside / "python"), "-m", "pip", "uninstall", "--quiet", "--yes"]
            subprocess.run([*quiet, "onnxruntime-gpu"], check=True)
            subprocess.run([*install, "onnxruntime"], check=True)
        for command in (
            [str(inside / "onnxfi"), "--version"],
            [str(inside / "python"), "-m", "onnxfi", "--help"],
            [str(inside / "onnxfi"), "demo"],
        ):
            subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or ""
        print(f"FAILED  {label}: {error}\n{said[-2000:]}", flush=True)
        return False
    print(f"passed  {label}", flush=True)
    listed = [str(inside / "python"), "-c", _LIST]
    (folder / "packages.txt").write_text(
        subprocess.run(listed, check=True, capture_output=True, text=True).stdout, "utf-8"
    )
    return True


def main() -> int:
    """Try all environments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--python", default=sys.executable, help="interpreters, with commas")
    parser.add_argument("--dependencies", default="newest,lowest")
    parser.add_argument("--runtime", default="onnxruntime-gpu")
    arguments = parser.parse_args()
    passed, packages = True, ""
    for python, bounds, runtime in itertools.product(
        *(x.split(",") for x in (arguments.python, arguments.dependencies, arguments.runtime))
    ):
        with tempfile.TemporaryDirectory() as name:
            found = try_environment(
                arguments.wheel.resolve(), python, bounds == "lowest", runtime, Path(name)
            )
            passed &= found
            if found and not packages:
                packages = (Path(name) / "packages.txt").read_text(encoding="utf-8")
    print(f"\n{'package':<28}{'version':<16}{'MiB':>8}  licence\n{packages}")
    return int(not passed)


if __name__ == "__main__":
    sys.exit(main())
