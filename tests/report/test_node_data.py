"""Node data for Model Explorer."""

import json
from pathlib import Path

import onnx
import pytest
import yaml

from onnxfi.campaign import Campaign
from onnxfi.errors import ConfigurationError
from onnxfi.report import write_node_data
from onnxfi.run_directory import read_records
from tests.support.small_campaign import fill, make_document


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = fill(tmp_path_factory.mktemp("run"))
    document = make_document(
        targets={"tensors": ["conv", "fc/w"]},
        error_models=["bitflip", "zero"],
        injections={"per_target": 30},
    )
    (folder / "campaign.yaml").write_text(yaml.safe_dump(document))
    Campaign.from_yaml(folder / "campaign.yaml", out=folder / "run").run()
    return folder / "run"


def test_rates_by_node(run: Path, tmp_path: Path) -> None:
    written = write_node_data(run, tmp_path / "sdc.json")
    assert [x.name for x in written] == ["sdc-bitflip.json", "sdc-zero.json"]
    graph = onnx.load(run.parent / "model.onnx").graph
    document = json.loads(written[0].read_text())
    assert [*document] == [graph.name]
    found = document[graph.name]
    assert found["gradient"][0]["stop"] == 0
    assert found["gradient"][-1]["stop"] == 1
    rows = [x for x in read_records(run).to_pylist() if x["error_model"] == "bitflip"]
    for target, node in {"conv": "conv", "fc/w": "[value] fc/w"}.items():
        outcomes = [x["outcome"] for x in rows if x["target"] == target]
        share = outcomes.count("sdc") / len(outcomes)
        assert found["results"][node]["value"] == pytest.approx(100 * share, abs=1e-4)
    assert len(found["results"]) == 2


def test_a_missing_model_is_named(run: Path, tmp_path: Path) -> None:
    model = run.parent / "model.onnx"
    kept = model.read_bytes()
    model.unlink()
    try:
        with pytest.raises(ConfigurationError, match=r"model\.onnx cannot be read"):
            write_node_data(run, tmp_path / "sdc.json")
    finally:
        model.write_bytes(kept)
