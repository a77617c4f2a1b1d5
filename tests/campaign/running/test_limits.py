"""Tests limits, due reasons and older records."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from onnxfi.campaign import Campaign
from onnxfi.campaign.replaying.replay import replay
from onnxfi.configuration import Configuration
from onnxfi.errors import ConfigurationError
from onnxfi.report import write_campaign_report
from onnxfi.run_directory import RunDirectory, read_records
from onnxfi.run_directory.export import export_records
from onnxfi.statistics import summarise
from tests.support.small_graphs import INT64, model, node, value, weights


def lengths() -> onnx.ModelProto:
    """The length of a Range is an input; so is the data."""
    return model(
        [
            node("Range", "zero length one", "r"),
            node("Cast", "r", "f", to=1),
            node("ReduceSum", "f", "sum", keepdims=0),
            node("Exp", "x", "e"),
            node("Add", "e sum", "y"),
        ],
        [value("x", ["N", 3]), value("length", [], INT64)],
        [value("y", ["N", 3])],
        {"zero": np.array(0), "one": np.array(1)},
    )


def document(**changes: Any) -> dict[str, Any]:
    return {
        "model": "m.onnx",
        "inputs": {"file": "x.npz", "tensors": {"x": "x", "length": {"value": 6}}},
        "targets": {"tensors": ["length", "x"], "kind": None},
        "error_models": [{"name": "bitflip"}],
        "injections": {"per_target": 40},
        "execution": {"limits": {"memory": 50}, "provider": "cpu", "workers": 1, "shard": 10},
        "seed": 3,
        **changes,
    }


def texts(table: pa.Table) -> list[str]:
    """The rows as texts, in which a NaN equals a NaN."""
    return list(map(repr, table.to_pylist()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("due")
    onnx.save(lengths(), path / "m.onnx")
    np.savez(path / "x.npz", x=weights(4, 3))
    (path / "campaign.yaml").write_text(yaml.safe_dump(document()))
    Campaign.from_yaml(path / "campaign.yaml", out=path / "run").run()
    return path


@pytest.mark.thorough
def test_records_have_the_reasons(folder: Path) -> None:
    rows = read_records(folder / "run").to_pylist()
    reasons = Counter((x["target"], x["due_reason"]) for x in rows)
    assert set(reasons) == {("length", None), ("length", "memory"), ("x", None), ("x", "nan")}
    assert all((x["due_reason"] is None) == (x["outcome"] != "due") for x in rows)
    length = [x for x in rows if x["target"] == "length"]
    for x in length:  # 12 bytes for each of 6 + 2^bit elements
        grown = x["bit"][0] in range(23, 63)
        assert (x["due_reason"] == "memory") == grown


def test_the_limits_are_kept_with_the_run(folder: Path) -> None:
    opened = RunDirectory.open(folder / "run")
    assert opened.configuration.execution.limits.seconds == 2.0
    assert opened.configuration.execution.limits.memory == 50
    assert opened.manifest["limits"] == {"seconds": 2.0, "memory": 50}


def test_a_campaign_without_sizes_measures_nothing(finished: Path) -> None:
    assert RunDirectory.open(finished).manifest["limits"] == {"seconds": "auto", "memory": "auto"}


def test_other_limits_are_another_campaign(folder: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(folder / "run", tmp_path / "run"))
    text = (run / "campaign.yaml").read_text()
    (run / "campaign.yaml").write_text(text.replace("memory: 50", "memory: 60"))
    with pytest.raises(ConfigurationError, match=r"limits\.memory was 50 and is 60"):
        Campaign.open(run)


def test_what_is_left_gets_the_same_records(folder: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(folder / "run", tmp_path / "run"))
    for path in sorted((run / "records").iterdir())[::2]:
        path.unlink()
    Campaign.open(run).run()
    assert texts(read_records(run)) == texts(read_records(folder / "run"))


def test_a_replay_gives_the_reason(folder: Path) -> None:
    rows = read_records(folder / "run").to_pylist()
    due = next(x["injection_id"] for x in rows if x["due_reason"] == "memory")
    found = replay(folder / "run", due)
    assert found.same
    assert not found.differences
    assert found.injection.due_reason == "memory"


def test_reasons_are_counted_and_shown(folder: Path, tmp_path: Path) -> None:
    rows = read_records(folder / "run").to_pylist()
    counts = Counter((x["target"], x["due_reason"]) for x in rows)
    due = summarise(folder / "run", RunDirectory.open(folder / "run").configuration).due
    assert {x.target: (x.injections, dict(x.reasons)) for x in due} == {
        target: (counts[target, reason], {reason: counts[target, reason]})
        for target, reason in (("length", "memory"), ("x", "nan"))
    }
    page = write_campaign_report(folder / "run", tmp_path / "report.html").read_text()
    assert "Why injections were due" in page


def test_older_records_can_be_read(folder: Path, tmp_path: Path) -> None:
    """They lack the column; a resumed run has files of both kinds."""
    run = Path(shutil.copytree(folder / "run", tmp_path / "run"))
    files = sorted((run / "records").iterdir())
    for path in files[: len(files) // 2 + 1]:
        table = pq.read_table(path)
        kept = {k: v for k, v in table.schema.metadata.items() if k.startswith(b"onnxfi.")}
        with pq.ParquetWriter(path, table.drop(["due_reason"]).schema) as writer:
            writer.write_table(table.drop(["due_reason"]))
            writer.add_key_value_metadata(kept)
    expected = read_records(folder / "run")
    got = read_records(run)
    assert texts(got.drop(["due_reason"])) == texts(expected.drop(["due_reason"]))
    assert got.column_names == expected.column_names
    configuration = RunDirectory.open(run).configuration
    before, after = (summarise(x, configuration) for x in (folder / "run", run))
    assert after.groups == before.groups
    assert sum(x.reasons.get("not recorded", 0) for x in after.due) > 0
    assert export_records(run, tmp_path / "records.csv") == len(expected)
    assert write_campaign_report(run, tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"seconds": 0}, "execution.limits.seconds: must be 'auto', 'none' or a number above 0"),
        ({"memory": 1.5}, "execution.limits.memory: must be 'auto', 'none' or a whole number"),
        ({"memory": True}, "execution.limits.memory: must be"),
        ({"time": 3}, "execution.limits.time: unknown key; the keys here are seconds, memory"),
    ],
)
def test_mistakes(tmp_path: Path, limits: dict[str, Any], message: str) -> None:
    path = tmp_path / "campaign.yaml"
    path.write_text(json.dumps(document(execution={"limits": limits})))
    with pytest.raises(ConfigurationError, match=message):
        Configuration.from_yaml(path)


def test_no_limits() -> None:
    said = {"seconds": "none", "memory": "none"}
    configuration = Configuration.from_text(
        yaml.safe_dump(document(execution={"limits": said})), "c.yaml", folder=Path.cwd()
    )
    limits = configuration.execution.limits.limits
    assert (limits.seconds, limits.memory) == (None, None)
