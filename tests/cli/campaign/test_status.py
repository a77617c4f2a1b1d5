"""``onnxfi campaign status``."""

import json
import os
import platform
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.run_directory import read_records


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
        pytest.param({"host": "elsewhere", "at": 0.0}, False, marks=pytest.mark.thorough),
    ],
)
def test_status_believes_signs_of_life_that_can_be(
    onnxfi: Callable[..., Any], work: Path, finished: Path, about: dict[str, Any], running: bool
) -> None:
    import shutil

    shutil.copytree(finished, work / "run")
    sorted((work / "run" / "records").glob("*.parquet"))[-1].unlink()
    now = time.time()
    sign = {"host": platform.node(), "process": os.getppid(), "began": now - 10, "at": now}
    (work / "run" / "running.json").write_text(json.dumps({**sign, "done": 50, **about}))
    found = json.loads(onnxfi("campaign", "status", "run", "--json").stdout)["running"]
    assert (found is not None) == running
    if found:
        assert found["rate"] == pytest.approx(5)
        assert "5/s" in onnxfi("campaign", "status", "run").stdout
    # While another machine runs a campaign, none joins in; on this machine a lock decides.
    refused = running and "host" in about
    assert onnxfi("campaign", "resume", "run").status == (2 if refused else 0)
    assert (work / "run" / "running.json").exists() == refused


def test_status_and_report_of_a_campaign_that_ran_nothing(
    onnxfi: Callable[..., Any], work: Path
) -> None:
    from onnxfi.campaign import Campaign

    Campaign.from_yaml("campaign.yaml", out="run").begin()
    assert onnxfi("campaign", "status", "run").stdout.startswith("0 of 200 ")
    for command in (("campaign", "summary"), ("report",)):
        result = onnxfi(*command, "run")
        assert result.status == 2
        assert "onnxfi campaign resume" in result.stderr


def test_status_counts_the_records(onnxfi: Callable[..., Any], finished: Path) -> None:
    status = onnxfi("campaign", "status", finished)
    assert status.stdout.startswith(
        "200 of 200 injections recorded (100.0 %)\nThe campaign is done.\n"
    )
    document = json.loads(onnxfi("campaign", "status", finished, "--json").stdout)
    assert (document["recorded"], document["planned"], document["running"]) == (200, 200, None)
