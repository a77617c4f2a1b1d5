"""The commands on a campaign that samples by severity."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.campaign import expected_saving
from onnxfi.campaign.running import scored_faults
from tests.cli.conftest import CONFIGURATION


@pytest.mark.thorough
def test_no_rate_is_shown_without_weights(
    onnxfi: Callable[..., Any], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scored_faults, "SCORED", 400)
    text = CONFIGURATION.replace("per_target: 40", "total: 300, sampling: severity")
    (work / "c.yaml").write_text(text)
    planned = onnxfi("campaign", "plan", "c.yaml").stdout
    assert planned.count("conv1") == 1
    assert "at most 300 injections" in planned
    assert onnxfi("campaign", "run", "c.yaml", "--out", "run").status == 0
    status = onnxfi("campaign", "status", "run").stdout
    assert "300 of 300 injections recorded" in status
    assert "sdc" not in status
    assert "onnxfi campaign summary" in status
    assert " sdc " in onnxfi("campaign", "summary", "run").stdout
    assert onnxfi("report", "run").status == 0


def test_the_plan_says_what_it_expects_to_save(onnxfi: Callable[..., Any], work: Path) -> None:
    text = CONFIGURATION.replace("per_target: 40", "until: {relative: 0.1}, sampling: severity")
    (work / "c.yaml").write_text(text)
    planned = " ".join(onnxfi("campaign", "plan", "c.yaml").stdout.split())
    assert "expected to need 8 times fewer injections than uniform draws, because" in planned
    found = json.loads(onnxfi("campaign", "plan", "c.yaml", "--json").stdout)
    assert found["expected_saving"] == pytest.approx(7.92)
    (work / "c.yaml").write_text(CONFIGURATION)
    assert (
        json.loads(onnxfi("campaign", "plan", "c.yaml", "--json").stdout)["expected_saving"] is None
    )


@pytest.mark.parametrize(("relative", "saving"), [(0.1, 7.92), (0.05, 15.84), (0.9, 1.0)])
def test_the_expected_saving(relative: float, saving: float) -> None:
    assert expected_saving(relative) == pytest.approx(saving)
