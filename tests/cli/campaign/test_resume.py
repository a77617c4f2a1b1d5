"""``onnxfi campaign resume``."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def test_nothing_is_left_of_a_finished_campaign(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    shutil.copytree(finished, work / "my run")
    before = sorted(x.stat().st_mtime_ns for x in (work / "my run").rglob("*"))
    result = onnxfi("campaign", "resume", "my run")
    assert (result.status, result.stdout) == (0, "")
    assert "my run is finished: 200 of 200 injections are recorded." in result.stderr
    for command in ("onnxfi campaign summary 'my run'", "onnxfi report 'my run'"):
        assert command in result.stderr
    assert sorted(x.stat().st_mtime_ns for x in (work / "my run").rglob("*")) == before
    document = json.loads(onnxfi("campaign", "resume", "my run", "--json").stdout)
    assert document["injections"] == 200


def test_the_missing_injections_are_run(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    shutil.copytree(finished, work / "run")
    sorted((work / "run" / "records").glob("*.parquet"))[3].unlink()
    result = onnxfi("campaign", "resume", "run", "--json")
    assert result.status == 0
    assert json.loads(result.stdout)["injections"] == 200


def test_damaged_records_are_run_again(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    shutil.copytree(finished, work / "run")
    sorted((work / "run" / "records").glob("*.parquet"))[3].write_bytes(b"PAR1")
    assert onnxfi("campaign", "status", "run").status == 2
    result = onnxfi("campaign", "resume", "run", "--json")
    assert result.status == 0
    assert json.loads(result.stdout)["injections"] == 200


def test_as_many_records_as_planned_may_be_others(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    shutil.copytree(finished, work / "run")
    first, second, *_ = sorted((work / "run" / "records").glob("*.parquet"))
    expected = second.read_bytes()
    shutil.copy(first, second)
    result = onnxfi("campaign", "resume", "run", "--json")
    assert result.status == 0
    assert "it holds other injections than its name says" in result.stderr.replace("\n", " ")
    assert json.loads(result.stdout)["injections"] == 200
    assert pq.read_table(second).equals(pq.read_table(io.BytesIO(expected)))


def test_a_campaign_that_stopped_early_is_finished(onnxfi: Callable[..., Any], work: Path) -> None:
    text = (work / "campaign.yaml").read_text()
    until = "injections: {until: {margin: 0.4, per_round: 10}}"
    text = text.replace("injections: {per_target: 40}", until)
    (work / "campaign.yaml").write_text(text)
    assert onnxfi("campaign", "run", "campaign.yaml", "--out", "run").status == 0
    result = onnxfi("campaign", "resume", "run")
    assert (result.status, result.stdout) == (0, "")
    assert "run is finished" in result.stderr
