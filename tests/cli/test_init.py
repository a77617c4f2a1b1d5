"""Tests ``onnxfi init`` and ``onnxfi schema``."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from jsonschema import Draft202012Validator

from onnxfi.run_directory import read_records
from tests.cli.conftest import KERAS_FILE


def test_init_then_run(
    onnxfi: Callable[..., Any], lenet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(lenet, "lenet.onnx")
    images = np.random.default_rng(0).random((6, 8, 8, 1), np.float32)
    np.savez("digits.npz", images=images, labels=np.arange(6))
    done = onnxfi("init", "lenet.onnx", "digits.npz")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == "Wrote campaign.yaml. Run it with: onnxfi campaign run campaign.yaml\n"
    text = Path("campaign.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=onnxfi.schema.json\n")
    schema = json.loads(Path("onnxfi.schema.json").read_text())
    Draft202012Validator(schema).validate(yaml.safe_load(text))
    Path("campaign.yaml").write_text(text.replace("1000", "3"))
    assert onnxfi("campaign", "run", "campaign.yaml").status == 0
    assert len(read_records("runs/lenet")) == 4 * 3


def test_init_replaces_nothing(
    onnxfi: Callable[..., Any], lenet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("campaign.yaml").write_text("mine")
    done = onnxfi("init", lenet)
    assert done.status == 2
    assert done.stderr == "Error: campaign.yaml already exists. Choose another --out.\n"
    assert [x.name for x in tmp_path.iterdir()] == ["campaign.yaml"]
    assert Path("campaign.yaml").read_text() == "mine"


def test_init_of_a_keras_file_without_inputs(
    onnxfi: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = onnxfi("init", KERAS_FILE, "-o", "mine.yaml")
    assert done.status == 0
    assert "random inputs" in done.stderr
    assert "image: float32 (N, 8, 8, 1)" in done.stderr
    assert "These inputs are random" in Path("mine.yaml").read_text()
    assert onnxfi("campaign", "plan", "mine.yaml").status == 0


def test_a_failed_init_leaves_nothing(
    onnxfi: Callable[..., Any], lenet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (["none.onnx"], [lenet, "none.npz"], [lenet, "-o", "no/campaign.yaml"]):
        done = onnxfi("init", *arguments)
        assert done.status == 2
        assert done.stderr.startswith("Error: ")
        assert not list(tmp_path.iterdir())


def test_schema(onnxfi: Callable[..., Any], tmp_path: Path) -> None:
    done = onnxfi("schema")
    assert done.status == 0
    Draft202012Validator.check_schema(json.loads(done.stdout))
    done = onnxfi("schema", "-o", tmp_path / "s.json")
    assert done.status == 0
    assert json.loads((tmp_path / "s.json").read_text())["title"] == "onnxfi campaign"
    done = onnxfi("schema", "-o", tmp_path / "no" / "s.json")
    assert done.status == 2
    assert "cannot be written" in done.stderr
