"""Tests that files appear whole or not at all."""

import os
from pathlib import Path

import pytest

from onnxfi.atomic_write import PARTIAL, atomic_write


def test_a_durable_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    def fsync(descriptor: int) -> None:
        events.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")

    replace = Path.replace
    monkeypatch.setattr(os, "fsync", fsync)

    def rename(self: Path, other: Path) -> Path:
        events.append("rename")
        return replace(self, other)

    monkeypatch.setattr(Path, "replace", rename)
    with atomic_write(tmp_path / "x", durable=True) as aside:
        aside.write_text("content")
    assert events == ["file", "rename", "folder"]
    assert [x.name for x in tmp_path.iterdir()] == ["x"]


def test_a_failure_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    def fail() -> None:
        with atomic_write(path) as aside:
            assert aside.name.endswith(PARTIAL)
            aside.write_text("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [x.name for x in tmp_path.iterdir()] == ["x"]
    assert path.read_text() == "old"
