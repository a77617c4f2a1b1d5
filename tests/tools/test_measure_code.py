"""The measures of a checkout's code."""

from pathlib import Path

import pytest

from tools.measure_code import sources as measured
from tools.measure_code.__main__ import measure_sources, trace
from tools.measure_code.walk import Walk

ROOT = Path(__file__).resolve().parents[2]

RUNNERS = '''"""Which things run."""

_LIMIT = 3
HALF: float = 1 / 2
_FEW, _MANY = -1, 64 << 20
NAMES = ("a",)
_ON = True


class Runs(Protocol):
    def run(self): ...


class Outer:
    def __init__(self):
        self.inner: Middle = Middle(Unrelated())

    def run(self): ...


class Middle:
    last: Inner | None

    def run_one(self): ...


class Inner:
    def run(self): ...


class Unrelated:
    def rerun(self): ...
'''


def checkout(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_figures_of_a_small_checkout(tmp_path: Path) -> None:
    root = checkout(
        tmp_path,
        onnxfi__suffix__runners=RUNNERS,
        onnxfi__suffix__policy='"""Holds the thresholds."""\nLANES = 8\n',
        onnxfi__graph__long="x = ''\n" * 301,
        converters__table='"""Where layers are."""\nSIZE = 1\n',
        tests__test="y = 1\n",
    )
    (root / "onnxfi" / "converters").symlink_to("../converters")
    figures = {x.name: x.figure for x in measure_sources(root)}
    lines = len(RUNNERS.splitlines())
    assert figures == {
        "lines of the product": lines + 2 + 301 + 2,
        "files of the product": 4,
        "lines that run a suffix": lines + 2,
        "files that run a suffix": 2,
        "classes that run a suffix": 5,
        "ways to run a suffix": 3,
        "nesting of these ways": 3,
        "files in the largest folder": 2,
        "thresholds of the suffix outside its policy": 4,
        "thresholds of the product outside that policy": 5,
        "docstrings that open with a question word": 2,
        "files over 300 lines": 1,
    }


def test_runners_that_name_each_other_are_nested_once() -> None:
    assert measured.nesting({"a": {"b"}, "b": {"a", "c"}, "c": set()}) == ["a", "b", "c"]
    assert measured.nesting({}) == []


def test_the_code_of_a_suffix_is_found_in_both_layouts(tmp_path: Path) -> None:
    before = checkout(
        tmp_path / "before",
        onnxfi__propagation__region="",
        onnxfi__injector__rest="",
        onnxfi__injector__injector="",
    )
    found = measured.suffix_sources(measured.read_product(before))
    assert [x.name for x in found] == ["onnxfi/injector/rest.py", "onnxfi/propagation/region.py"]
    after = checkout(tmp_path / "after", onnxfi__suffix__batch="", onnxfi__injector__rest="")
    found = measured.suffix_sources(measured.read_product(after))
    assert [x.name for x in found] == ["onnxfi/suffix/batch.py"]


def test_a_walk_counts_the_calls_between_files() -> None:
    class Code:
        def __init__(self, file: str) -> None:
            self.f_code = self
            self.co_filename = file

    walk = Walk(Path("/onnxfi"))
    a, b, other = Code("/onnxfi/a.py"), Code("/onnxfi/b.py"), Code("/numpy/c.py")
    for frame, event in [
        *((a, "call"), (a, "call"), (b, "call"), (other, "call"), (a, "call")),
        *((a, "return"), (other, "return"), (b, "return"), (a, "return"), (b, "call")),
    ]:
        walk(frame, event, None)  # type: ignore[arg-type]  # as much of a frame as it reads
    assert (walk.files, walk.moves, walk.depth) == ({"/onnxfi/a.py", "/onnxfi/b.py"}, 3, 4)


@pytest.mark.thorough
def test_the_walk_of_an_injection_is_traced() -> None:
    walk = trace(ROOT)
    assert walk["files"] >= 10
    assert walk["moves"] >= walk["files"] - 1
    assert 5 <= walk["depth"] <= 50
