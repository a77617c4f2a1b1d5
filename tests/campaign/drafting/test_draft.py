"""Tests drafted campaigns: they run unchanged, on models of many shapes."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from jsonschema import Draft202012Validator
from onnx import TensorProto

from onnxfi.campaign import Campaign, draft_campaign
from onnxfi.configuration import Configuration, json_schema
from onnxfi.errors import ConfigurationError, InputError
from onnxfi.run_directory import read_records
from tests.support import small_graphs
from tests.support.models import odd_models
from tests.support.models.light_models import LIGHT_MODELS, densified
from tests.support.small_graphs import INT64, model, node, value, weights
from tests.support.tiers import rest_by_night


def transformer(length: int | str = "S") -> onnx.ModelProto:
    """Token ids and a mask, an embedding, and a class for each sequence."""
    return model(
        [
            node("Gather", "table input_ids", "embedded"),
            node("Cast", "attention_mask", "mask", to=TensorProto.FLOAT),
            node("Unsqueeze", "mask last", "wide"),
            node("Mul", "embedded wide", "kept"),
            node("MatMul", "kept w", "mixed"),
            node("ReduceMean", "mixed", "y", axes=[1], keepdims=0),
        ],
        [value("input_ids", ["N", length], INT64), value("attention_mask", ["N", length], INT64)],
        [value("y", ["N", 3])],
        {"table": weights(50, 4), "w": weights(4, 3), "last": np.array([-1], np.int64)},
    )


def recurrent(batch: int | str = "N") -> onnx.ModelProto:
    """Frames, a state with the batch on axis 1, and a sampling rate that scales the frames."""
    return model(
        [
            node("Cast", "sr", "rate", to=TensorProto.FLOAT),
            node("Div", "frames rate", "scaled"),
            node("Transpose", "scaled", "x", perm=[1, 0, 2]),
            node("GRU", "x w r - - state", "all last", hidden_size=2),
            node("ReduceSum", "last axis", "y", keepdims=0),
        ],
        [
            value("frames", [batch, "T", 3]),
            value("state", [1, batch, 2]),
            value("sr", [], INT64),
        ],
        [value("y", [batch, 2]), value("last", [1, batch, 2])],
        {"w": weights(1, 6, 3), "r": weights(1, 6, 2), "axis": np.array([0], np.int64)},
    )


def of_fixed_batch(batch: int) -> onnx.ModelProto:
    return model(
        [node("MatMul", "x w", "y")],
        [value("x", [batch, 4])],
        [value("y", [batch, 3])],
        {"w": weights(4, 3)},
    )


def regression() -> onnx.ModelProto:
    return model(
        [node("MatMul", "x w", "y"), node("Mul", "y scale", "z")],
        [value("x", ["N", 4])],
        [value("z", ["N", 1])],
        {"w": np.full((4, 1), 3, np.float32), "scale": np.array(-2, np.float32)},
    )


def with_text() -> onnx.ModelProto:
    """An input of text beside the numbers."""
    return model(
        [node("Identity", "words", "same"), node("MatMul", "x w", "y")],
        [value("x", ["N", 4]), value("words", ["N"], TensorProto.STRING)],
        [value("y", ["N", 3]), value("same", ["N"], TensorProto.STRING)],
        {"w": weights(4, 3)},
    )


def run_draft(folder: Path, proto: onnx.ModelProto, *inputs: Path) -> dict[str, Any]:
    """Draft a campaign, run it with few injections, and return its YAML."""
    onnx.save(proto, folder / "m.onnx")
    out = folder / "campaign.yaml"
    draft = draft_campaign(folder / "m.onnx", inputs, out)
    document: dict[str, Any] = yaml.safe_load(draft.text)
    Draft202012Validator(json_schema()).validate(document)
    out.write_text(draft.text.replace("per_target: 1000", "per_target: 2"))
    Campaign.from_yaml(out).run()
    records = read_records(folder / "runs" / "m").to_pylist()
    assert len(records) >= 2
    return document


@pytest.mark.parametrize(
    ("proto", "ops", "metric"),
    [
        (small_graphs.chain(), ["MatMul"], "classification"),
        (small_graphs.old_format(), ["Conv"], "segmentation"),
        (small_graphs.inputs_and_outputs(), ["MatMul"], "classification"),
        (odd_models.omitted_inputs_and_outputs(), ["LSTM"], "segmentation"),
        (odd_models.inputs_with_defaults(), ["MatMul"], "classification"),
        (odd_models.sequences(), None, "classification"),
        (transformer(), ["MatMul"], "classification"),
        (transformer(7), ["MatMul"], "classification"),
        (recurrent(), ["GRU"], "classification"),
        (recurrent(1), ["GRU"], "classification"),
        (of_fixed_batch(1), ["MatMul"], "classification"),
        (of_fixed_batch(3), ["MatMul"], "classification"),
        (regression(), ["MatMul"], "regression"),
        (with_text(), ["MatMul"], "classification"),
    ],
)
def test_a_draft_with_random_inputs_runs(
    tmp_path: Path, proto: onnx.ModelProto, ops: list[str] | None, metric: str
) -> None:
    document = run_draft(tmp_path, proto)
    assert document["inputs"]["file"] == "m_inputs.npz"
    assert document["targets"].get("ops") == ops
    assert document["metric"] == metric


def test_random_inputs_of_a_transformer(tmp_path: Path) -> None:
    run_draft(tmp_path, transformer())
    arrays = np.load(tmp_path / "m_inputs.npz")
    assert arrays["input_ids"].shape == arrays["attention_mask"].shape == (8, 16)
    assert arrays["attention_mask"].all()
    assert 2 < arrays["input_ids"].max() < 50


def test_random_inputs_of_a_recurrent_model(tmp_path: Path) -> None:
    document = run_draft(tmp_path, recurrent())
    assert document["inputs"]["tensors"] == {"state": {"axis": 1}, "sr": {"constant": True}}
    arrays = np.load(tmp_path / "m_inputs.npz")
    assert arrays["state"].shape == (1, 8, 2)
    assert arrays["sr"] == 16000


def test_inputs_and_labels_of_a_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "in.npz", pixels=weights(12, 4), labels=np.arange(12) % 3)
    document = run_draft(tmp_path, of_fixed_batch(1), tmp_path / "in.npz")
    assert document["inputs"] == {
        "file": "in.npz",
        "tensors": {"x": "pixels"},
        "labels": "labels",
    }
    assert not (tmp_path / "m_inputs.npz").exists()
    assert read_records(tmp_path / "runs" / "m")["label"][0].as_py() in (0, 1, 2)


def test_graph_inputs_that_the_file_lacks_are_values(tmp_path: Path) -> None:
    np.savez(tmp_path / "in.npz", frames=weights(4, 5, 3))
    document = run_draft(tmp_path, recurrent(), tmp_path / "in.npz")
    assert document["inputs"]["tensors"] == {"state": {"value": 0}, "sr": {"value": 16000}}
    np.savez(tmp_path / "ids.npz", input_ids=np.arange(12).reshape(2, 6))
    (tmp_path / "runs").rename(tmp_path / "earlier")
    document = run_draft(tmp_path, transformer(), tmp_path / "ids.npz")
    assert document["inputs"]["tensors"] == {"attention_mask": {"value": 1}}


@pytest.mark.parametrize("ending", ["npz", "npy"])
def test_a_folder_of_inputs(tmp_path: Path, ending: str) -> None:
    (tmp_path / "in").mkdir()
    for index in range(3):
        array = weights(1, 4, seed=index)
        if ending == "npz":
            np.savez(tmp_path / "in" / f"{index}.npz", x=array, label=index)
        else:
            np.save(tmp_path / "in" / f"{index}.npy", array)
    document = run_draft(tmp_path, small_graphs.chain(), tmp_path / "in")
    assert document["inputs"]["file"] == f"in/*.{ending}"
    assert document["inputs"].get("labels") == ("label" if ending == "npz" else None)


def test_one_npy_file(tmp_path: Path) -> None:
    np.save(tmp_path / "pixels.npy", weights(5, 4))
    document = run_draft(tmp_path, of_fixed_batch(1), tmp_path / "pixels.npy")
    assert document["inputs"] == {"file": "pixels.npy"}


def test_inputs_that_do_not_fit_leave_nothing(tmp_path: Path) -> None:
    onnx.save(of_fixed_batch(1), tmp_path / "m.onnx")
    np.savez(tmp_path / "in.npz", x=weights(5, 7))
    with pytest.raises(InputError, match=r"must have the shape \(1, 4\), got \(1, 7\)"):
        draft_campaign(tmp_path / "m.onnx", [tmp_path / "in.npz"], tmp_path / "campaign.yaml")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty must hold \.npz or \.npy files"):
        draft_campaign(tmp_path / "m.onnx", [tmp_path / "empty"], tmp_path / "campaign.yaml")
    assert {x.name for x in tmp_path.iterdir()} == {"m.onnx", "in.npz", "empty"}


def test_a_model_that_refuses_random_inputs(tmp_path: Path) -> None:
    """Its shape says nothing of the four columns that it needs."""
    proto = model(
        [node("MatMul", "x w", "y")], [value("x", None)], [value("y", None)], {"w": weights(4, 3)}
    )
    onnx.save(proto, tmp_path / "m.onnx")
    with pytest.raises(InputError, match="known rank, and x: float32"):
        draft_campaign(tmp_path / "m.onnx", (), tmp_path / "campaign.yaml")
    proto = model(
        [node("MatMul", "x w", "y")],
        [value("x", ["N", "M"])],
        [value("y", None)],
        {"w": weights(5, 3)},
    )
    onnx.save(proto, tmp_path / "m.onnx")
    with pytest.raises(InputError, match=r"needs these arrays.*x: float32 \(N, M\)"):
        draft_campaign(tmp_path / "m.onnx", (), tmp_path / "campaign.yaml")
    assert [x.name for x in tmp_path.iterdir()] == ["m.onnx"]


def test_paths_are_relative_to_the_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nets", "data", "campaigns"):
        (tmp_path / name).mkdir()
    onnx.save(of_fixed_batch(1), tmp_path / "nets" / "m.onnx")
    np.savez(tmp_path / "data" / "in.npz", x=weights(5, 4))
    monkeypatch.chdir(tmp_path)
    out = Path("campaigns/c.yaml")
    out.write_text(draft_campaign(Path("nets/m.onnx"), [Path("data/in.npz")], out).text)
    configuration = Configuration.from_yaml(out)
    assert configuration.model.resolve() == tmp_path / "nets" / "m.onnx"
    assert configuration.out == tmp_path / "campaigns" / "runs" / "m"


def test_existing_random_inputs_are_kept(tmp_path: Path) -> None:
    onnx.save(of_fixed_batch(1), tmp_path / "m.onnx")
    (tmp_path / "m_inputs.npz").write_bytes(b"mine")
    with pytest.raises(ConfigurationError, match=r"m_inputs\.npz already exists"):
        draft_campaign(tmp_path / "m.onnx", (), tmp_path / "campaign.yaml")
    assert (tmp_path / "m_inputs.npz").read_bytes() == b"mine"


@pytest.mark.thorough
@pytest.mark.parametrize("name", rest_by_night(LIGHT_MODELS, by_day=("light_squeezenet",)))
def test_drafts_of_the_light_models(tmp_path: Path, name: str) -> None:
    document = run_draft(tmp_path, densified(name))
    assert "Conv" in document["targets"]["ops"]
    assert document["metric"] == "classification"
