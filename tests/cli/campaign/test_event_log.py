"""The log of events of a campaign."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.run_directory import read_records


@pytest.mark.thorough
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
