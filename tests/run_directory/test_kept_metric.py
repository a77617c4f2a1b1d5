"""Tests that the code of a user's metric is found, kept and mended."""

import hashlib
import json
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from onnxfi.campaign import Campaign
from onnxfi.campaign.replaying.replay import replay
from onnxfi.configuration import Configuration
from onnxfi.errors import ConfigurationError, MetricError
from onnxfi.run_directory import RunDirectory, read_records
from onnxfi.run_directory.export import export_records
from onnxfi.statistics import summarise
from tests.support.small_graphs import model, node, value

CAMPAIGN = """\
model: m.onnx
inputs: {file: x.npz}
targets: {tensors: [h]}
error_models: [{name: bitflip}]
injections: {per_target: 60}
execution: {provider: cpu, workers: 1, shard: 20}
metric: {name: "answers:far"}
out: run
"""
FAR = """\
from limits import LIMIT


def far(golden, faulty):
    moved = float(abs(golden["y"] - faulty["y"]).max())
    return {"wrong": moved > LIMIT, "moved": moved}


far.column_types = {"moved": float}
"""
# Fails once most of the campaign is done.
FAILS = FAR.replace(
    "    moved =",
    "    asked.append(1)\n    if len(asked) > 60:\n        raise OSError('no more')\n    moved =",
).replace("\n\n\ndef", "\n\nasked = []\n\n\ndef", 1)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Give a folder with a campaign and its metric."""
    folder = tmp_path / "study"
    folder.mkdir()
    proto = model(
        [node("Relu", "x", "h"), node("Neg", "h", "y")],
        [value("x", ["N", 4])],
        [value("y", ["N", 4])],
    )
    onnx.save(proto, folder / "m.onnx")
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    np.savez(folder / "x.npz", x=values)
    (folder / "c.yaml").write_text(CAMPAIGN)
    (folder / "answers.py").write_text(FAR)
    (folder / "limits.py").write_text("LIMIT = 0.5\n")
    return folder


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def rows(study: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_records(study / "run").to_pylist()
    return found


def begin(study: Path) -> Campaign:
    return Campaign.from_yaml(study / "c.yaml").begin()


def stop_after_one(campaign: Campaign) -> None:
    def stop(_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        campaign.run(on_shard=stop)


@pytest.fixture
def expected(study: Path) -> list[dict[str, Any]]:
    """Give the records of an undisturbed run."""
    begin(study).run()
    found = rows(study)
    shutil.rmtree(study / "run")
    assert {x["outcome"] for x in found} >= {"sdc", "benign"}
    for row in found:
        if row["outcome"] in ("sdc", "benign"):
            assert (row["outcome"] == "sdc") == (row["moved"] > 0.5)
    return found


def test_the_code_is_kept_by_name_and_hash(study: Path) -> None:
    begin(study)
    told = json.loads((study / "run" / "manifest.json").read_text())["metric"]
    assert told["name"] == "answers:far"
    for name in ("answers.py", "limits.py"):
        content = (study / name).read_bytes()
        assert (study / "run" / "metric" / name).read_bytes() == content
        assert told["files"][name] == hashlib.sha256(content).hexdigest()


def test_records_are_read_without_the_code(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(study).run()
    for folder in (study, study / "run" / "metric"):
        for path in folder.glob("*.py"):
            path.write_text("raise RuntimeError\n")
    opened = RunDirectory.open(study / "run")
    assert opened.recorded == 60
    assert summarise(study / "run", opened.configuration).groups
    assert export_records(study / "run", tmp_path / "records.csv") == 60
    with pytest.raises(ConfigurationError, match="RuntimeError"):
        _ = opened.configuration.metric.metric


def test_the_kept_code_resumes_and_replays(
    study: Path, expected: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    stop_after_one(begin(study))
    (study / "limits.py").write_text("LIMIT = -1\n")
    (study / "answers.py").unlink()
    Campaign.open(study / "run").run()
    assert rows(study) == expected
    (warning,) = caplog.messages
    assert "limits.py" in warning
    assert "are ignored" in warning
    assert replay(study / "run", 7).same
    assert "answers" not in sys.modules


@pytest.mark.thorough
def test_worker_processes_use_the_kept_code(study: Path, expected: list[dict[str, Any]]) -> None:
    campaign = begin(study)
    for path in study.glob("*.py"):
        path.unlink()
    with ProcessPoolExecutor(1, get_context("spawn")) as executor:
        campaign.run(executor)
    assert rows(study) == expected


def test_the_configuration_in_a_run_directory_finds_the_code(
    study: Path, expected: list[dict[str, Any]]
) -> None:
    begin(study).run()
    for path in study.glob("*.py"):
        path.unlink()
    Campaign.from_yaml(study / "run" / "campaign.yaml", out=study / "again").run()
    assert read_records(study / "again").to_pylist() == expected


def test_changed_code_is_refused(study: Path) -> None:
    stop_after_one(begin(study))
    kept = study / "run" / "metric" / "limits.py"
    before = kept.read_text()
    kept.write_text("LIMIT = 3\n")
    for again in (lambda: Campaign.open(study / "run"), lambda: replay(study / "run", 0)):
        with pytest.raises(ConfigurationError, match=r"limits\.py of the .*:far changed"):
            again()
    kept.write_text(before)
    Campaign.open(study / "run").run()


@pytest.mark.parametrize("place", [".", "run/metric"])
def test_a_mended_metric_ends_the_campaign(
    study: Path, expected: list[dict[str, Any]], caplog: pytest.LogCaptureFixture, place: str
) -> None:
    (study / "answers.py").write_text(FAILS)
    with pytest.raises(MetricError) as caught:
        begin(study).run()
    message = str(caught.value)
    assert message.startswith("Injection ")
    line = 1 + FAILS.splitlines().index("        raise OSError('no more')")
    assert f"OSError: no more ({study / 'answers.py'}, line {line})" in message
    assert f"onnxfi campaign resume {study / 'run'}" in message
    done = rows(study)
    assert 0 < len(done) < 60
    again = Campaign.open(study / "run")  # with the same code
    assert again.directory.manifest["metric"]["files"]["answers.py"] == sha256(FAILS)
    caplog.clear()
    (study / place / "answers.py").write_text(FAR)
    Campaign.open(study / "run").run()
    assert rows(study) == expected
    assert "the changed metric decides the remaining injections" in caplog.text
    told = json.loads((study / "run" / "manifest.json").read_text())["metric"]
    assert told["files"]["answers.py"] == sha256(FAR)
    assert told["earlier"][0]["answers.py"] == sha256(FAILS)
    assert replay(study / "run", 3).same
    assert Campaign.open(study / "run").injections == 60


def test_an_installed_metric_is_kept_by_its_hash(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed"
    installed.mkdir()
    for name in ("answers.py", "limits.py"):
        (study / name).rename(installed / name)
    monkeypatch.syspath_prepend(installed)
    try:
        stop_after_one(begin(study))
        assert not (study / "run" / "metric").exists()
        Campaign.open(study / "run").run()
        (installed / "answers.py").write_text(FAR + "\n")
        with pytest.raises(ConfigurationError, match="answers of the metric answers:far changed"):
            Campaign.open(study / "run")
    finally:
        for name in ("answers", "limits"):
            sys.modules.pop(name, None)


def test_a_configuration_made_in_python_looks_in_the_current_folder(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study)
    configuration = Configuration.model_validate(
        {
            "model": study / "m.onnx",
            "inputs": {"file": study / "x.npz"},
            "targets": {"tensors": ["h"]},
            "error_models": [{"name": "bitflip"}],
            "metric": "answers:far",
        }
    )
    Campaign(configuration, out=study / "run").begin()
    assert (study / "run" / "metric" / "answers.py").exists()


def test_a_module_that_is_nowhere(study: Path) -> None:
    (study / "answers.py").unlink()
    with pytest.raises(ConfigurationError, match=f"line 7, metric: .*in {study} or .*'answers'"):
        begin(study)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("moved > LIMIT", "moved"),
        ('"moved": moved', '"moved": str(moved)'),
        ("float}", "int}"),
    ],
)
def test_a_wrong_answer_is_found_before_the_start(study: Path, change: str, message: str) -> None:
    (study / "answers.py").write_text(FAR.replace(change, message))
    with pytest.raises(MetricError, match="answers:far"):
        begin(study)
    assert not (study / "run").exists()


def test_remote_run_directories_keep_the_code(study: Path, expected: list[dict[str, Any]]) -> None:
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").store.clear()
    place = "memory://study/run"
    stop_after_one(Campaign.from_yaml(study / "c.yaml", out=place).begin())
    for path in study.glob("*.py"):
        path.unlink()
    Campaign.open(place).run()
    assert read_records(place).to_pylist() == expected
