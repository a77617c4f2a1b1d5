"""Tests run directories whose files are others than onnxfi writes."""

import json
import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import RunDirectory, read_records, read_sign_of_life
from onnxfi.run_directory.heartbeat import Claim, SignOfLife
from onnxfi.storage import LocalStorage

FIRST = "records/000000000000-000000000006.parquet"


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """Give a copy of a finished run directory."""
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def become_a_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("become", [become_a_pipe, become_a_device, become_a_folder])
@pytest.mark.parametrize("name", ["manifest.json", "campaign.yaml", FIRST])
def test_other_things_than_files_are_refused(run: Path, name: str, become: Any) -> None:
    become(run / name)
    read = read_records if name == FIRST else RunDirectory.open
    with pytest.raises(ConfigurationError, match=r"not a regular file|Is a directory"):
        read(run)
    if name == FIRST:
        with pytest.raises(ConfigurationError, match="Move it away"):
            RunDirectory.open(run).clean()


def test_files_may_be_links(run: Path, tmp_path: Path) -> None:
    """Programs that keep large files under version control put links to them."""
    for name in ("manifest.json", FIRST):
        target = tmp_path / Path(name).name
        (run / name).rename(target)
        (run / name).symlink_to(target)
    assert RunDirectory.open(run).recorded == len(read_records(run))


def test_nothing_outside_is_written(run: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (run / "records").rename(outside)
    (run / "records").symlink_to(outside)
    (outside / "other.partial").touch()
    opened = RunDirectory.open(run)
    with pytest.raises(ConfigurationError, match="files elsewhere are not changed"):
        opened.clean()
    (tmp_path / "precious").write_text("content")
    (run / ".lock").unlink(missing_ok=True)
    (run / ".lock").symlink_to(tmp_path / "precious")
    with (
        pytest.raises(ConfigurationError, match="files elsewhere are not changed"),
        Claim(LocalStorage(run)),
    ):
        pass
    assert (tmp_path / "precious").read_text() == "content"
    assert (outside / "other.partial").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("run_id", 1),
        ("injections", "x"),
        ("injections", -1),
        ("injections", True),
        ("seed", [3]),
        ("provider", None),
        ("model", {}),
        ("configuration_keys", ["seed"]),
        ("configuration_keys", {"seed": 3}),
        ("versions", {"numpy": 2}),
        ("metric", {"name": "mine"}),
        ("metric", {"name": "mine", "folder": 3, "files": {}}),
        ("metric", []),
    ],
)
def test_wrong_types_in_the_manifest_are_named(run: Path, key: str, value: Any) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, key: value}))
    with pytest.raises(ConfigurationError, match=rf"manifest.json was not written.*: {key}"):
        RunDirectory.open(run)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"[]", b"\xff", b"{}", b"", b"NaN"])
def test_a_manifest_that_is_none_is_refused(run: Path, content: bytes) -> None:
    (run / "manifest.json").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"manifest.json was not written"):
        RunDirectory.open(run)


@pytest.mark.parametrize("key", ["host", "process", "began", "at", "done", "token"])
@pytest.mark.parametrize("value", [None, [1], {"a": 1}, -1, 1e300, float("nan"), 10**30])
def test_a_sign_of_life_with_wrong_types_is_none(tmp_path: Path, key: str, value: Any) -> None:
    sign = asdict(SignOfLife("elsewhere", 1, time.time(), time.time(), 5))
    (tmp_path / "running.json").write_text(json.dumps(sign))
    assert read_sign_of_life(LocalStorage(tmp_path)) == SignOfLife(**sign)
    (tmp_path / "running.json").write_text(json.dumps({**sign, key: value}))
    assert read_sign_of_life(LocalStorage(tmp_path)) is None


def test_names_of_columns_that_are_not_utf8(run: Path) -> None:
    content = (run / FIRST).read_bytes()
    (run / FIRST).write_bytes(content.replace(b"golden_top1", b"golden\xbbtop1"))
    with pytest.raises(ConfigurationError, match="is damaged, or not a Parquet file of onnxfi"):
        read_records(run)
    (message,) = RunDirectory.open(run).clean()
    assert "it cannot be read" in message


def test_texts_that_are_not_utf8_in_records_are_found(run: Path) -> None:
    table = pq.read_table(run / FIRST)
    about = {**table.schema.metadata, b"onnxfi.run": b"\xff\xfe"}
    pq.write_table(table.replace_schema_metadata(about), run / FIRST)
    with pytest.raises(ConfigurationError, match="belong to different runs"):
        read_records(run)
    (message,) = RunDirectory.open(run).clean()
    assert "it belongs to another run" in message
