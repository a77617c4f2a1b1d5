"""Build the wheel and the sdist of the last commit twice, compare them, and check their contents.

Usage: python -m tools.release.build [--address URL] [--out FOLDER]

The build sees the committed files alone. Their times become SOURCE_DATE_EPOCH, by default the time
of the commit. A package index shows the README outside the repository: with --address, its relative
links become links to the files of this version there. Exit status 1 means that a check failed.
"""

import argparse
import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
# A link or an image of Markdown whose target has no scheme and is no anchor of the page.
_RELATIVE = re.compile(r"(!?)(\[[^\]]*\]\()(?![a-z]+:|#)([^)\s]+)(?=\))")
# The attribute of an image in HTML, up to its relative address.
_RELATIVE_IMAGE = re.compile(r'\b(?:src|srcset)="(?![a-z]+:)')
# The sdist holds what the wheel is built from, and what people need to know and cite.
_SDIST = {
    *("onnxfi", "onnxfi.egg-info", "converters", "error_models"),
    *("CHANGELOG.md", "CITATION.cff", "LICENSE", "MANIFEST.in", "README.md"),
    *("PKG-INFO", "pyproject.toml", "setup.cfg"),
}


def main() -> int:
    """Build, compare, check, and leave the two files in a folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--address", metavar="URL", help="the repository, to make links absolute")
    parser.add_argument("--out", type=Path, default=_ROOT / "dist", metavar="FOLDER")
    arguments = parser.parse_args()
    if _git("status", "--porcelain", "--untracked-files=no"):
        print("The checkout has changes. Commit them: only commits are built.", file=sys.stderr)
        return 2
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct"))
    print(f"setuptools {version('setuptools')}, SOURCE_DATE_EPOCH={epoch}")
    with tempfile.TemporaryDirectory() as temporary:
        first, second = (
            build(Path(temporary, x), address=arguments.address, epoch=epoch) for x in "ab"
        )
        faults = [f"{x.name} differs between two builds" for x in first if not same(x, second)]
        faults += [f"{x.name}: {y}" for x in first for y in foreign_files(x)]
        faults += [f"{' '.join(x)} failed" for x in _checks(first) if _fails(x)]
        if not faults:
            arguments.out.mkdir(parents=True, exist_ok=True)
            for path in first:
                print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
                (arguments.out / path.name).write_bytes(path.read_bytes())
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def build(folder: Path, *, address: str | None, epoch: int) -> list[Path]:
    """Build the sdist from the last commit, and the wheel from the sdist."""
    sources, unpacked, out = (folder / x for x in ("sources", "unpacked", "out"))
    archive = subprocess.run(
        ["git", "archive", "HEAD"], cwd=_ROOT, check=True, capture_output=True
    ).stdout
    _unpack(archive, sources)
    if address:
        readme = sources / "README.md"
        project = tomllib.loads((sources / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        text = absolute_links(
            readme.read_text(encoding="utf-8"), address, tag=f"v{project['version']}"
        )
        readme.write_text(text, encoding="utf-8")
    _build(sources, out, "--sdist", epoch=epoch)
    (sdist,) = out.iterdir()
    sdist.write_bytes(repacked(sdist.read_bytes(), epoch=epoch))
    _unpack(gzip.decompress(sdist.read_bytes()), unpacked)
    (source,) = unpacked.iterdir()
    _build(source, out, "--wheel", epoch=epoch)
    return sorted(out.iterdir())


def absolute_links(text: str, address: str, *, tag: str) -> str:
    """Make the relative links and images of a page links to files of a tag in a repository."""

    def absolute(link: re.Match[str]) -> str:
        image, label, path = link.groups()
        return f"{image}{label}{address.rstrip('/')}/{'raw' if image else 'blob'}/{tag}/{path}"

    raw = f"{address.rstrip('/')}/raw/{tag}/"
    return _RELATIVE.sub(absolute, _RELATIVE_IMAGE.sub(rf"\g<0>{raw}", text))


def repacked(sdist: bytes, *, epoch: int) -> bytes:
    """Pack a .tar.gz again, with sorted names, one time, and no user: setuptools writes today's."""
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(sdist)) as old,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda x: x.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = epoch, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() else 0o644
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    return gzip.compress(packed.getvalue(), mtime=epoch)


def same(path: Path, others: list[Path]) -> bool:
    """Return whether others hold a file of the same name and bytes."""
    return any(x.name == path.name and x.read_bytes() == path.read_bytes() for x in others)


def foreign_files(path: Path) -> list[str]:
    """Return the files of a wheel or an sdist that a release does not contain."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            names = wheel.namelist()
        own = re.compile(r"onnxfi(-[^/]+\.dist-info)?/")
        return [x for x in names if not own.match(x) or "__pycache__" in x]
    with tarfile.open(path) as sdist:
        inner = [x.name.partition("/")[2] for x in sdist.getmembers()]
    return [x for x in inner if x and (x.split("/")[0] not in _SDIST or "__pycache__" in x)]


def _checks(built: list[Path]) -> list[list[str]]:
    paths = [str(x) for x in built]
    wheels = [x for x in paths if x.endswith(".whl")]
    twine = [sys.executable, "-m", "twine", "check", "--strict", *paths]
    return [[sys.executable, "-m", "check_wheel_contents", *wheels], twine]


def _fails(command: list[str]) -> bool:
    return subprocess.run(command, check=False).returncode != 0


def _build(source: Path, out: Path, kind: str, *, epoch: int) -> None:
    # Without isolation both builds use the setuptools whose version is printed.
    command = [sys.executable, "-m", "build", "--no-isolation", kind, "--outdir", str(out)]
    run = subprocess.run(
        [*command, str(source)],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "PYTHONHASHSEED": "0"},
        check=False,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{run.stdout}{run.stderr}")


def _unpack(archive: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=_ROOT, check=True, capture_output=True, text=True)
    return run.stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main())
