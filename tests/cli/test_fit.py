"""``onnxfi fit``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.failure_rates import fit


def test_rates_of_a_campaign(
    onnxfi: Callable[..., Any], finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fit.yaml"
    memory = "{name: SRAM, rate: 600 FIT/MiB, targets: [conv1, relu1]}"
    path.write_text(f"memories: [{memory}]\nbudget: 1e-9\n")
    words = ["fit", finished, "--rates", path, "--beam", "errors=12,fluence=3.4e12"]
    for width in ("80", "60"):
        monkeypatch.setenv("COLUMNS", width)
        said = onnxfi(*words)
        assert said.status == 1  # above the budget
        assert "conv1" in said.stdout
        assert "not shown to be within the budget" in said.stdout
        assert "Prediction and beam test" in said.stdout
        assert "they lie in no memory" in said.stderr
    document = json.loads(onnxfi(*words, "--json").stdout)
    assert document["sdc"]["fit"] == pytest.approx(fit(finished, path).sdc.fit)
    assert document["within_budget"] is False
    assert {x["name"] for x in document["targets"]} == {"conv1", "relu1"}


def test_a_wrong_beam_test_is_refused(onnxfi: Callable[..., Any], finished: Path) -> None:
    said = onnxfi("fit", finished, "--rates", "fit.yaml", "--beam", "12 errors")
    assert said.status == 2
    assert "errors=12,fluence=3.4e12" in said.stderr
    said = onnxfi("fit", finished, "--rates", "missing.yaml")
    assert said.status == 2
    assert "missing.yaml cannot be read as failure rates" in said.stderr
