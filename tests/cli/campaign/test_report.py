"""``onnxfi report``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_the_report_is_written_to_a_file(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    pytest.importorskip("plotly")
    report = onnxfi("report", finished, "--out", "report.html")
    assert (report.status, report.stdout) == (0, "report.html\n")
    assert "conv2" in Path("report.html").read_text(encoding="utf-8")
