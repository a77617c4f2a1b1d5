"""``onnxfi campaign compare``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.thorough
def test_a_campaign_compared_with_itself(onnxfi: Callable[..., Any], finished: Path) -> None:
    compared = onnxfi("campaign", "compare", finished, finished)
    assert compared.status == 0
    for text in ("whole network", "mcnemar", "Both campaigns inject the same faults"):
        assert text in compared.stdout
    document = json.loads(onnxfi("campaign", "compare", finished, finished, "--json").stdout)
    assert document["targets"][0]["rates"]["sdc"]["difference"]["value"] == 0


def test_a_rate_that_no_group_has(onnxfi: Callable[..., Any], finished: Path) -> None:
    result = onnxfi("campaign", "compare", finished, finished, "--rate", "sdc6")
    assert result.status == 2
    assert "--rate must be one of" in result.stderr


@pytest.mark.thorough
def test_a_report(onnxfi: Callable[..., Any], work: Path, finished: Path) -> None:
    arguments = ("campaign", "compare", finished, finished)
    compared = onnxfi(*arguments, "--report", "new/compare.html")
    assert (compared.status, compared.stderr) == (0, "Report: new/compare.html\n")
    assert compared.stdout == onnxfi(*arguments).stdout
    assert "SDC did not change measurably" in Path("new/compare.html").read_text("utf-8")
    assert onnxfi(*arguments, "--report", ".").status == 2
