"""``onnxfi search``."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_table_and_a_file(onnxfi: Callable[..., Any], work: Path) -> None:
    command = ("search", "lenet.onnx", "--inputs", "x.npz", "--target", "conv1")
    done = onnxfi(*command, "--budget", 300, "-o", work / "found.csv")
    assert done.status == 0
    assert "300 runs" in done.stdout
    document = json.loads(onnxfi(*command, "--budget", 300, "--json").stdout)
    with (work / "found.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(document["faults"])
    assert document["runs"] == 300
    assert [int(x["run"]) for x in rows] == [x["run"] for x in document["faults"]]


def test_one_error_for_a_wrong_outcome(onnxfi: Callable[..., Any], work: Path) -> None:
    done = onnxfi("search", "lenet.onnx", "--inputs", "x.npz", "--find", "sdd")
    assert done.status == 2
    assert "did you mean 'sdc'" in done.stderr
