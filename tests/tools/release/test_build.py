"""The build of a release: links of the README, equal sdists, files that do not belong."""

import io
import tarfile
import zipfile
from pathlib import Path

from tools.release.build import absolute_links, foreign_files, repacked

ROOT = Path(__file__).parents[3]


def sdist(*names: str, time: int) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as files:
        for name in names:
            member = tarfile.TarInfo(name)
            member.mtime, member.uname, member.size = time, str(time), len(name)
            files.addfile(member, io.BytesIO(name.encode()))
    return packed.getvalue()


def test_relative_links_become_absolute() -> None:
    page = "![a](b.png) [c](d/e.md#f) [g](#h) [i](https://i.org) [j](mailto:k@l.org)\n"
    assert absolute_links(page, "https://host/me/onnxfi/", tag="v1") == (
        "![a](https://host/me/onnxfi/raw/v1/b.png) [c](https://host/me/onnxfi/blob/v1/d/e.md#f) "
        "[g](#h) [i](https://i.org) [j](mailto:k@l.org)\n"
    )


def test_the_readme_keeps_no_relative_link() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    absolute = absolute_links(text, "https://host/me/onnxfi", tag="v1")
    for name in ("report.png", "report-dark.png"):
        assert f'"https://host/me/onnxfi/raw/v1/docs/images/{name}"' in absolute
    assert "](docs/" not in absolute
    assert absolute_links(absolute, "https://other", tag="v2") == absolute


def test_sdists_of_the_same_files_are_equal() -> None:
    first = repacked(sdist("a/b", "a/c", time=1), epoch=9)
    assert first == repacked(sdist("a/c", "a/b", time=2), epoch=9)
    assert first != repacked(sdist("a/b", "a/d", time=1), epoch=9)
    with tarfile.open(fileobj=io.BytesIO(first)) as files:
        assert [(x.name, x.mtime, x.uname) for x in files] == [("a/b", 9, ""), ("a/c", 9, "")]


def test_tests_and_tools_are_foreign(tmp_path: Path) -> None:
    wheel, source = tmp_path / "onnxfi-1.whl", tmp_path / "onnxfi-1.tar.gz"
    with zipfile.ZipFile(wheel, "w") as files:
        for name in ("onnxfi/a.py", "onnxfi-1.dist-info/RECORD", "tests/b.py", "onnxfic/d.py"):
            files.writestr(name, "")
    source.write_bytes(sdist("onnxfi-1/onnxfi/a.py", "onnxfi-1/tools/b.py", "onnxfi-1/a", time=1))
    assert foreign_files(wheel) == ["tests/b.py", "onnxfic/d.py"]
    assert foreign_files(source) == ["tools/b.py", "a"]
