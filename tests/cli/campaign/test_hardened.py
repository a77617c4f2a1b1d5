"""The same faults on a plain and a hardened model, from the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CONFIGURATION


@pytest.fixture
def hardened(onnxfi: Callable[..., Any], work: Path) -> Path:
    """Give a folder with lenet.onnx, h.onnx and c.yaml."""
    (work / "c.yaml").write_text(CONFIGURATION)
    profiled = onnxfi("profile", "lenet.onnx", "--inputs", "x.npz", "--out", "p.json")
    assert profiled.status == 0
    made = onnxfi(
        "harden",
        "lenet.onnx",
        "--ranger",
        "p.json",
        "--abft",
        "conv",
        "--inputs",
        "x.npz",
        "--false-alarms",
        "0.5",
        "--out",
        "h.onnx",
    )
    assert (made.status, made.stdout.splitlines()[-1]) == (0, "h.onnx")
    assert "FLOPs" in made.stdout
    return work


def test_the_same_faults_on_both(onnxfi: Callable[..., Any], hardened: Path) -> None:
    ran = onnxfi("campaign", "run", "c.yaml", "--out", "run", "--hardened", "h.onnx")
    assert ran.status == 0, ran.stderr
    assert "compared fault by fault" in ran.stdout
    for said in (
        "What alarms see\n",
        "What alarms see of the faults that harm the first model",
        "unflagged_sdc: run (before)",
        "False alarms:",
        "Cost of an inference",
        "microseconds",
    ):
        assert said in ran.stdout
    found = json.loads(onnxfi("campaign", "compare", "run", "run-hardened", "--json").stdout)
    assert found["paired"]
    assert (found["only_before"], found["only_after"]) == ([], [])
    for group in found["targets"]:
        assert group["rates"]["sdc"]["test"] == "mcnemar"
        assert group["target"] == group["target_after"]
    assert found["overhead"]["after"]["nodes"] > found["overhead"]["before"]["nodes"]
    assert found["detection"]["false_alarms"]["total"] > 0
    summary = onnxfi("campaign", "summary", "run-hardened").stdout
    assert "sdc that is not flagged, in %: bitflip" in summary


def test_a_plain_twin_has_no_alarms(onnxfi: Callable[..., Any], hardened: Path) -> None:
    ran = onnxfi("campaign", "run", "c.yaml", "--out", "run", "--hardened", "lenet.onnx")
    assert ran.status == 0
    assert "What alarms see" not in ran.stdout
    assert "Cost" not in ran.stdout


def test_a_model_without_the_targets_is_refused(onnxfi: Callable[..., Any], hardened: Path) -> None:
    ran = onnxfi("campaign", "run", "c.yaml", "--out", "run", "--hardened", "missing.onnx")
    assert ran.status == 2
    assert "missing.onnx" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (hardened / "run").exists()


def test_harden_as_json(onnxfi: Callable[..., Any], hardened: Path) -> None:
    made = onnxfi("harden", "lenet.onnx", "--parity", "weights", "--out", "w.onnx", "--json")
    document = json.loads(made.stdout)
    assert len(document["alarms"]) == len(document["protected"]["parity"])
    assert document["after"]["nodes"] > document["before"]["nodes"]
