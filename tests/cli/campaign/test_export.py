"""``onnxfi campaign export``."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onnxfi.run_directory import read_records


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
