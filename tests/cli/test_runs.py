"""``onnxfi runs``."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.campaign import Campaign


@pytest.fixture
def runs(work: Path, finished: Path) -> Path:
    """Give a folder with runs in every state, and with other files."""
    folder = work / "runs"
    for name in ("finished", "interrupted", "damaged", "records lost"):
        shutil.copytree(finished, folder / "sub" / name)
    sorted((folder / "sub" / "interrupted" / "records").glob("*.parquet"))[0].unlink()
    (folder / "sub" / "damaged" / "manifest.json").write_text("{")
    sorted((folder / "sub" / "records lost" / "records").glob("*"))[0].write_bytes(b"PAR1")
    Campaign.from_yaml(work / "campaign.yaml", out=folder / "begun").begin()
    running = folder / "running"
    shutil.copytree(folder / "sub" / "interrupted", running)
    now = time.time()
    sign = {"host": "elsewhere", "process": 1, "began": now - 10, "at": now, "done": 50}
    (running / "running.json").write_text(json.dumps(sign))
    (folder / "notes.txt").write_text("not a run")
    (work / "manifest.json").write_text("{}")  # of something else, beside campaign.yaml
    (work / "records").mkdir()
    return folder


def test_every_campaign_is_listed(
    onnxfi: Callable[..., Any], work: Path, runs: Path, finished: Path
) -> None:
    found = {x["path"]: x for x in json.loads(onnxfi("runs", "--json").stdout)}
    assert list(found) == sorted(found)
    states = {path: (x["state"], x["injections"], x["planned"]) for path, x in found.items()}
    assert states == {
        os.path.join("runs", "begun"): ("interrupted", 0, 200),
        os.path.join("runs", "running"): ("running", 180, 200),
        os.path.join("runs", "sub", "damaged"): ("damaged", 0, None),
        os.path.join("runs", "sub", "finished"): ("finished", 200, 200),
        os.path.join("runs", "sub", "interrupted"): ("interrupted", 180, 200),
        os.path.join("runs", "sub", "records lost"): ("damaged", 0, None),
    }
    summary = json.loads(onnxfi("campaign", "summary", finished, "--json").stdout)
    (network,) = summary["network"]
    rates = found[os.path.join("runs", "sub", "finished")]["rates"]
    assert rates == {network["error_model"]: network["per_inference"]}
    assert "manifest.json" in found[os.path.join("runs", "sub", "damaged")]["problem"]


@pytest.mark.parametrize("width", [80, 60])
def test_the_list_fits(
    onnxfi: Callable[..., Any],
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    result = onnxfi("runs", "runs")
    assert result.status == 0
    assert max(map(len, result.stdout.split("\n"))) <= width
    for text in ("running", "180 of 200", "damaged", "bitflip:bit=any", "records lost"):
        assert text in result.stdout


def test_no_campaign_and_no_folder(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi("runs")
    assert result.status == 0
    assert "onnxfi campaign run" in result.stdout
    assert onnxfi("runs", "none").status == 2
    assert json.loads(onnxfi("runs", "--json").stdout) == []
