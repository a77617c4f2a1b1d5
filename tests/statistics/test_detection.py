"""The statistics of alarms equal a count of the records, one by one."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml

import onnxfi
from onnxfi.campaign import Campaign, replay, verify
from onnxfi.report import write_campaign_report
from onnxfi.run_directory import RunDirectory, read_records
from onnxfi.statistics import Rate, compare, summarise
from tests.support.small_campaign import fill, fill_hardened, make_document


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a finished campaign on a hardened model; do not write to it."""
    folder = fill_hardened(tmp_path_factory.mktemp("hardened"))
    # A threshold that some of the inputs exceed without a fault.
    proto = onnx.load(folder / "model.onnx")
    for x in proto.graph.initializer:
        if x.name.endswith("threshold"):
            x.CopyFrom(onnx.numpy_helper.from_array(np.array(1.2e-6, np.float32), x.name))
    onnx.save(proto, folder / "model.onnx")
    document = make_document(
        targets={"tensors": ["conv", "relu"]},
        error_models=["bitflip"],
        injections={"per_target": 120, "inputs_per_fault": 2},
    )
    (folder / "campaign.yaml").write_text(yaml.safe_dump(document))
    Campaign.from_yaml(folder / "campaign.yaml", out=folder / "run").run()
    return folder / "run"


def test_counts_are_those_of_the_records(run: Path) -> None:
    rows = read_records(run).to_pylist()
    found = summarise(run, RunDirectory.open(run).configuration)
    assert found.detection is not None
    for x in found.detection.targets:
        harmful = [r for r in rows if r["target"] == x.target and r["outcome"] in ("sdc", "due")]
        assert isinstance(x.coverage, Rate)
        assert (x.coverage.count, x.coverage.total) == (
            sum(r["flagged"] for r in harmful),
            len(harmful),
        )
    by_target = {x.target: x.coverage.share for x in found.detection.targets}
    assert by_target["conv"] > 0.9
    (network,) = found.detection.network
    assert min(by_target.values()) < network.coverage.share < max(by_target.values())
    (rates,) = found.network
    assert rates.per_inference["unflagged_sdc"].share < rates.per_inference["sdc"].share
    for group in found.groups["target"]:
        inside = [r for r in rows if r["target"] == group.key["target"]]
        unflagged = sum(r["outcome"] == "sdc" and not r["flagged"] for r in inside)
        assert group.per_inference["unflagged_sdc"].share == unflagged / len(inside)
        flagged = sum(r["flagged"] for r in inside)
        assert group.per_inference["flagged"].share == flagged / len(inside)
    raised = {r["input_index"] for r in rows if r["golden_flagged"]}
    assert found.detection.false_alarms == Rate.of(
        len(raised), len({r["input_index"] for r in rows})
    )


def test_records_replay(run: Path) -> None:
    assert replay(run, 3).differences == ()
    assert verify(run, sample=4).passed


def test_the_report_shows_alarms(run: Path) -> None:
    page = write_campaign_report(run, run.parent / "report.html").read_text("utf-8")
    assert 'id="table-alarms"' in page
    assert "False alarms:" in page


def test_a_plain_model_has_no_columns_of_alarms(tmp_path: Path) -> None:
    folder = fill(tmp_path)
    found = Campaign.from_yaml(folder / "campaign.yaml", out=folder / "run").run()
    assert "flagged" not in found.records().column_names
    assert summarise(folder / "run", found.configuration).detection is None


@pytest.mark.thorough
def test_coverage_of_the_faults_that_harm_the_plain_model(tmp_path: Path) -> None:
    """Protections that correct: most of what they see is masked in the hardened model."""
    folder = fill(tmp_path)
    images = np.load(folder / "inputs.npz")["images"]
    hardened = onnxfi.harden(
        onnxfi.load(folder / "model.onnx"),
        abft=["conv"],
        on_alarm="recompute",
        inputs=[{"image": x[np.newaxis]} for x in images],
        false_alarms=0.1,
    )
    hardened.model.save(folder / "hardened.onnx")
    document = make_document(
        targets={"tensors": ["conv", "relu"]},
        error_models=["bitflip"],
        injections={"per_target": 60, "inputs_per_fault": 2},
    )
    for run, model in (("plain", "model.onnx"), ("hardened", "hardened.onnx")):
        (folder / "c.yaml").write_text(yaml.safe_dump({**document, "model": model}))
        Campaign.from_yaml(folder / "c.yaml", out=folder / run).run()
    found = compare(folder / "plain", folder / "hardened")
    assert found.paired
    before, after = (read_records(folder / x).to_pylist() for x in ("plain", "hardened"))
    coverage = {x.target: x.coverage for x in found.coverage_before}
    assert {*coverage} == {None, "conv", "relu"}
    for group in found.targets:
        harmed: dict[int, bool] = {}  # whether every harmed inference of a fault raised an alarm
        silent: list[set[int]] = [set(), set()]
        for x, y in zip(before, after, strict=True):
            if x["target"] != group.target:
                continue
            if x["outcome"] in ("sdc", "due"):
                harmed[x["fault_id"]] = harmed.get(x["fault_id"], True) and y["flagged"]
            if x["outcome"] == "sdc":
                silent[0].add(x["fault_id"])
            if y["outcome"] == "sdc" and not y["flagged"]:
                silent[1].add(y["fault_id"])
        assert coverage[group.target] == Rate.of(sum(harmed.values()), len(harmed))
        rate = group.rates["unflagged_sdc"]
        assert rate.test == "mcnemar"
        assert [rate.before, rate.after] == [Rate.of(len(x), 60) for x in silent]
    conv, relu, network = (coverage[x].share for x in ("conv", "relu", None))
    assert relu < network < conv
    assert conv > 0.9
    assert not compare(folder / "hardened", folder / "plain").coverage_before
