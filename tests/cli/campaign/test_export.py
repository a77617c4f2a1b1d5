"""``onnxfi campaign export``."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.run_directory import read_records


def test_export_writes_csv(onnxfi: Callable[..., Any], work: Path, finished: Path) -> None:
    result = onnxfi("campaign", "export", finished, "-o", "records.csv")
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
    assert onnxfi("campaign", "export", finished, "--csv", "again.csv").status == 0
    assert (work / "again.csv").read_text(encoding="utf-8") == text
    assert onnxfi("campaign", "export", work).status == 2


def test_export_writes_to_stdout(
    capfdbinary: pytest.CaptureFixture[bytes], work: Path, finished: Path
) -> None:
    from onnxfi.cli.campaign.export import export

    export(str(finished), out=work / "records.csv")
    capfdbinary.readouterr()
    export(str(finished))
    assert capfdbinary.readouterr().out == (work / "records.csv").read_bytes()


def test_export_writes_json(onnxfi: Callable[..., Any], work: Path, finished: Path) -> None:
    assert onnxfi("campaign", "export", finished, "--json", "-o", "records.jsonl").status == 0
    lines = (work / "records.jsonl").read_text(encoding="utf-8").splitlines()
    records = read_records(finished).to_pylist()
    assert len(lines) == len(records)
    for line, record in zip(lines, records, strict=True):
        found = json.loads(line, parse_constant=lambda text: pytest.fail(f"no JSON: {text}"))
        assert list(found) == list(record)
        assert found["indices"] == record["indices"]
        assert list(map(float, found["values"])) == pytest.approx(record["values"], nan_ok=True)
