"""``onnxfi report``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_the_report_is_written_to_a_file(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    pytest.importorskip("jinja2")
    report = onnxfi("report", finished, "-o", "report.html")
    assert (report.status, report.stdout) == (0, "report.html\n")
    assert "relu" in Path("report.html").read_text(encoding="utf-8")


@pytest.mark.thorough
def test_json(onnxfi: Callable[..., Any], work: Path, finished: Path) -> None:
    report = onnxfi("report", finished, "--out", "new/report.html", "--json")
    written = Path("new/report.html")
    assert json.loads(report.stdout) == {
        "report": str(written),
        "bytes": written.stat().st_size,
    }


def test_a_folder_is_no_file(onnxfi: Callable[..., Any], work: Path, finished: Path) -> None:
    report = onnxfi("report", finished, "-o", ".")
    assert report.status == 2
    assert "is a directory" in report.stderr
