"""Tests that each input has one golden answer, and the manifest's entry about it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from onnxfi.campaign import Campaign
from onnxfi.campaign.replaying.replay import replay
from onnxfi.campaign.running import exactness, rehearsal, worker
from onnxfi.errors import ExactnessError
from onnxfi.injector import Golden
from onnxfi.run_directory import read_records
from onnxfi.suffix import GoldenTensors

TARGETS = ["image", "conv", "pool", "scores"]


def unoptimised_answer(model: Path, image: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (probabilities,) = session.run(None, {"image": image})
    return np.asarray(probabilities)


@pytest.mark.thorough
def test_an_input_has_one_golden_answer_whatever_the_target(
    work: Path, write: Callable[..., Path]
) -> None:
    path = write(targets={"tensors": TARGETS}, error_models=[{"name": "bitflip"}])
    run = Campaign.from_yaml(path, out=work / "run").run()
    images = np.load(work / "inputs.npz")["images"]
    seen = set()
    for row in read_records(run.path).to_pylist():
        key = row["target"], row["input_index"]
        if key in seen:
            continue
        seen.add(key)
        replay(run.path, row["injection_id"]).save(work / "out")
        answer = np.load(work / "out/golden_outputs.npz")["probabilities"]
        index = row["input_index"]
        expected = unoptimised_answer(work / "model.onnx", images[index : index + 1])
        assert answer.tobytes() == expected.tobytes(), key
        outputs = np.load(work / "out/outputs.npz")["probabilities"]
        assert (row["outcome"] == "masked") == (outputs.tobytes() == answer.tobytes())
    assert {target for target, _ in seen} == set(TARGETS)


def test_the_manifest_tells_of_the_check_and_the_processor(
    work: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "_CHECKING", float("inf"))
    campaign = Campaign.from_yaml(write(targets={"tensors": TARGETS}), out=work / "run").begin()
    manifest = json.loads((campaign.directory.path / "manifest.json").read_text())
    differences = manifest["exactness"]["largest_differences"]
    assert list(differences) == ["image", "conv", "pool", "scores"]
    assert all(
        0 <= x <= manifest["exactness"]["tolerances"]["float32"] for x in differences.values()
    )
    assert manifest["processor"]["architecture"]
    assert isinstance(manifest["processor"]["instruction_sets"], list)
    assert "smep" not in manifest["processor"]["instruction_sets"]


def test_another_processor_is_told_when_a_campaign_goes_on(
    work: Path, write: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    directory = Campaign.from_yaml(write(), out=work / "run").begin().directory.path
    Campaign.open(directory)
    assert "instruction sets" not in caplog.text
    path = directory / "manifest.json"
    path.write_text(path.read_text().replace('"architecture": "', '"architecture": "other '))
    Campaign.open(directory)
    assert "instruction sets" in caplog.text


def golden_of(answer: np.ndarray, outputs: np.ndarray) -> Golden:
    return Golden({}, {"y": outputs}, {"y": answer}, {}, GoldenTensors({}))


def test_the_sign_of_a_zero_and_equal_infinities_are_no_differences() -> None:
    zeros = np.zeros(4, np.float32)
    assert exactness.check_answer(golden_of(zeros, -zeros), "t") == 0
    scores = np.array([-np.inf, 2.0, np.nan], np.float32)
    moved = np.array([-np.inf, 2.001, np.nan], np.float32)
    assert exactness.check_answer(golden_of(scores, moved), "t") == pytest.approx(5e-4, rel=1e-3)
    with pytest.raises(ExactnessError, match="inf"):
        exactness.check_answer(golden_of(scores, np.array([3.0, 2.0, np.nan], np.float32)), "t")


def test_a_target_beyond_the_tolerance_ends_the_start(
    work: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exactness, "TOLERANCES", {"float32": -1.0, "other": 0.0})
    with pytest.raises(ExactnessError, match=r"'conv'.*'probabilities'.*exclude"):
        Campaign.from_yaml(write(targets={"tensors": ["conv"]}), out=work / "run").begin()
    assert not (work / "run").exists()


def test_targets_that_are_not_reached_in_time_are_checked_when_they_begin(
    work: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "_CHECKING", 0.0)
    campaign = Campaign.from_yaml(write(targets={"tensors": TARGETS}), out=work / "run").begin()
    manifest = json.loads((campaign.directory.path / "manifest.json").read_text())
    assert list(manifest["exactness"]["largest_differences"]) == TARGETS[:1]
    checked = []

    def check(golden: Golden, target: str) -> float:
        checked.append(target)
        return exactness.check_answer(golden, target)

    monkeypatch.setattr(worker, "check_answer", check)
    campaign.run()
    assert set(TARGETS[1:]) <= set(checked)
