"""A campaign that cannot start leaves nothing behind."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.campaign import Campaign
from onnxfi.errors import ErrorModelError, InputError

RUN = ("campaign", "run", "campaign.yaml", "--out", "runs/x")


def test_a_missing_extra(
    onnxfi: Callable[..., Any], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "distributed", None)
        result = onnxfi(*RUN, "--scheduler", "tcp://127.0.0.1:1")
    assert result.status == 2
    assert "pip install 'onnxfi[distributed]'" in result.stderr
    assert not (work / "runs").exists()
    assert onnxfi(*RUN).status == 0


def test_a_log_that_cannot_be_written(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi(*RUN, "--log-json", "none/log.jsonl")
    assert result.status == 2
    assert not (work / "runs").exists()


def test_an_executor_that_is_none(work: Path) -> None:
    with pytest.raises(InputError, match="executor must be"):
        Campaign.from_yaml("campaign.yaml", out="runs/x").run("threads")  # type: ignore[arg-type]
    assert not (work / "runs").exists()


def test_a_failure_before_the_first_records(
    onnxfi: Callable[..., Any], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(worker: object) -> None:
        raise ErrorModelError("The error model does not fit the second target.")

    with monkeypatch.context() as failing:
        failing.setattr("onnxfi.campaign.running.run_missing.measure_pace", fail)
        result = onnxfi(*RUN)
    assert result.status == 2
    assert "second target" in result.stderr
    assert not (work / "runs" / "x").exists()
    assert onnxfi(*RUN).status == 0


def test_a_failure_keeps_what_was_there(
    onnxfi: Callable[..., Any], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of the user stay in the folder, and a campaign that began earlier stays whole."""

    def fail(worker: object) -> None:
        raise ErrorModelError("no")

    (work / "runs" / "x").mkdir(parents=True)
    (work / "runs" / "x" / "notes.txt").write_text("mine")
    Campaign.from_yaml("campaign.yaml", out="runs/y").begin()
    with monkeypatch.context() as failing:
        failing.setattr("onnxfi.campaign.running.run_missing.measure_pace", fail)
        assert onnxfi(*RUN).status == 2
        assert onnxfi("campaign", "resume", "runs/y").status == 2
    assert [x.name for x in (work / "runs" / "x").iterdir()] == ["notes.txt"]
    assert onnxfi("campaign", "resume", "runs/y").status == 0


def test_a_folder_that_holds_a_campaign(onnxfi: Callable[..., Any], work: Path) -> None:
    Campaign.from_yaml("campaign.yaml", out="my runs/x").begin()
    result = onnxfi("campaign", "run", "campaign.yaml", "--out", "my runs/x")
    assert result.status == 2
    assert result.stderr == (
        "Error: my runs/x already holds a campaign. Resume it with "
        "`onnxfi campaign resume 'my runs/x'`, or choose another `out`.\n"
    )
