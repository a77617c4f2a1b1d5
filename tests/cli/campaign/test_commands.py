"""campaign status, replay and export, and the log for programs."""

import csv
import io
import json
import os
import platform
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from onnxfi.campaign import Shard, ShardOutcomes, read_records
from onnxfi.cli.campaign.live_view import LiveView
from onnxfi.error_models import SiteList


def test_status_tells_outcomes_and_who_runs(onnxfi: Callable[..., Any], finished: Path) -> None:
    document = json.loads(onnxfi("campaign", "status", finished, "--json").stdout)
    records = read_records(finished).to_pylist()
    expected = Counter((x["target"], x["error_model"], x["outcome"]) for x in records)
    counted = {
        (x["target"], x["error_model"], outcome): count
        for x in document["strata"]
        for outcome, count in x["outcomes"].items()
    }
    assert counted == expected
    assert document["running"] is None


@pytest.mark.parametrize(
    ("about", "running"),
    [
        ({}, True),
        ({"process": 2**22 + 1}, False),  # above the highest process id of Linux
        ({"host": "elsewhere"}, True),
        ({"host": "elsewhere", "at": 0.0}, False),
    ],
)
def test_status_believes_signs_of_life_that_can_be(
    onnxfi: Callable[..., Any], work: Path, finished: Path, about: dict[str, Any], running: bool
) -> None:
    import shutil

    shutil.copytree(finished, work / "run")
    now = time.time()
    sign = {"host": platform.node(), "process": os.getppid(), "began": now - 10, "at": now}
    (work / "run" / "running.json").write_text(json.dumps({**sign, "done": 50, **about}))
    found = json.loads(onnxfi("campaign", "status", "run", "--json").stdout)["running"]
    assert (found is not None) == running
    if found:
        assert found["rate"] == pytest.approx(5)
        assert "5/s" in onnxfi("campaign", "status", "run").stdout
    # While another process runs a campaign, none joins in.
    assert onnxfi("campaign", "resume", "run").status == (2 if running else 0)
    assert (work / "run" / "running.json").exists() == running


def test_replay_gives_the_record_again(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    for row in read_records(finished).to_pylist()[::37]:
        out = work / "replayed"
        result = onnxfi("campaign", "replay", finished, "--id", row["injection_id"], "--out", out)
        assert (result.status, result.stderr) == (0, "")
        assert row["outcome"] in result.stdout
        golden, corrupted = (
            np.load(out / f"{x}.npz")[row["target"]] for x in ("golden", "corrupted")
        )
        (changed,) = np.nonzero(golden.view(np.uint32).ravel() != corrupted.view(np.uint32).ravel())
        assert changed.tolist() == row["indices"]
        written = corrupted.ravel()[changed].astype(np.float64)
        np.testing.assert_array_equal(written, row["values"])
        sites = SiteList.load(out / "sites_0.npz")
        assert sites.corruptions[0].apply(golden).tobytes() == corrupted.tobytes()
        before, after = (
            next(iter(np.load(out / f"{x}outputs.npz").values())) for x in ("golden_", "")
        )
        assert (before.tobytes() == after.tobytes()) == (row["outcome"] == "masked")


def test_replay_tells_when_something_else_comes_out(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    import shutil

    import pyarrow as pa
    import pyarrow.parquet as pq

    shutil.copytree(finished, work / "run")
    file = sorted((work / "run" / "records").glob("*.parquet"))[0]
    table = pq.read_table(file)
    place = table.schema.get_field_index("outcome")
    changed = pa.array(["due"] * table.num_rows)
    pq.write_table(table.set_column(place, "outcome", changed), file)
    result = onnxfi("campaign", "replay", "run", "--id", 3)
    assert result.status == 1
    assert "outcome was due and is" in result.stderr
    document = json.loads(onnxfi("campaign", "replay", "run", "--id", 3, "--json").stdout)
    assert (document["same"], document["differences"]) == (False, ["outcome"])
    result = onnxfi("campaign", "replay", "run", "--id", 200)
    assert result.status == 2
    assert "from 0 to 199" in result.stderr
    file.unlink()
    result = onnxfi("campaign", "replay", "run", "--id", 3)
    assert result.status == 2
    assert "campaign resume" in result.stderr


def test_export_writes_csv(onnxfi: Callable[..., Any], work: Path, finished: Path) -> None:
    result = onnxfi("campaign", "export", finished, "--csv", "records.csv")
    assert (result.status, result.stdout) == (0, "200 records in records.csv\n")
    with (work / "records.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    records = read_records(finished).to_pylist()
    assert list(rows[0]) == list(records[0])
    for row, record in zip(rows, records, strict=True):
        assert int(row["injection_id"]) == record["injection_id"]
        assert row["outcome"] == record["outcome"]
        assert json.loads(row["indices"]) == record["indices"]
        assert repr(json.loads(row["values"])) == repr(record["values"])
    text = (work / "records.csv").read_text(encoding="utf-8")
    assert onnxfi("campaign", "export", finished, "again.csv").status == 0  # CSV is the default
    assert (work / "again.csv").read_text(encoding="utf-8") == text
    assert onnxfi("campaign", "export", work, "--csv").status == 2


def test_the_log_is_json_line_by_line(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi("campaign", "run", "campaign.yaml", "--out", "run", "--log-json", "log.jsonl")
    assert result.status == 0
    lines = [json.loads(x) for x in (work / "log.jsonl").read_text().splitlines()]
    assert [lines[0]["event"], lines[-1]["event"]] == ["began", "ended"]
    shards = [x for x in lines if x["event"] == "shard"]
    assert sum(x["injections"] for x in shards) == lines[0]["planned"] == 200
    outcomes: Counter[str] = Counter()
    for shard in shards:
        outcomes.update(shard["outcomes"])
    assert outcomes == Counter(read_records("run")["outcome"].to_pylist())
    result = onnxfi("campaign", "resume", "run", "--log-json", "-")
    assert [json.loads(x)["event"] for x in result.stderr.splitlines()] == ["began", "ended"]
    assert onnxfi("campaign", "resume", "run", "--log-json", "no/where").status == 2


def test_a_failure_is_logged(onnxfi: Callable[..., Any], work: Path) -> None:
    from onnxfi.campaign import Campaign

    Campaign.from_yaml("campaign.yaml", out="run").begin()
    (work / "run" / "records").touch()  # no folder can be made there
    result = onnxfi("campaign", "resume", "run", "--log-json", "log.jsonl")
    assert result.status == 2
    last = json.loads((work / "log.jsonl").read_text().splitlines()[-1])
    assert last["event"] == "failed"
    assert last["message"] in result.stderr


def test_the_live_view_shows_progress_and_rates(
    onnxfi: Callable[..., Any], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
    for module in ("live_view", "live_run"):
        monkeypatch.setattr(f"onnxfi.cli.campaign.{module}.messages", terminal)
    view = LiveView(planned=200)
    view.advance(100)  # of an earlier run
    with view:
        for first in range(0, 60, 20):
            shard = Shard(first, 20, 0)
            view.advance(20)
            view.add(ShardOutcomes(shard, "conv1", "bitflip", {"sdc": 5, "masked": 15}, 0.1))
    shown = terminal.file.getvalue()
    assert "160/200" in shown
    assert "conv1" in shown
    assert "25.0 [" in shown  # 15 of 60
    # And it is gone afterwards: a command leaves its results only.
    result = onnxfi("campaign", "run", "campaign.yaml", "--out", "run")
    assert result.status == 0
    assert "200/200" not in result.stdout + result.stderr
