"""Tests campaigns on models that draw random numbers."""

import json
import logging
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml

import onnxfi
from onnxfi.campaign import Campaign
from onnxfi.campaign.replaying.replay import replay
from onnxfi.errors import InputError
from onnxfi.run_directory import read_records
from tests.support.models.noisy_models import (
    linear,
    normal_like,
    uniform_like_downstream,
    with_frozen_noise,
)
from tests.support.small_graphs import node

_INPUTS = np.random.default_rng(5).standard_normal((6, 8)).astype(np.float32)


def _write(folder: Path, proto: onnx.ModelProto, **changes: object) -> Path:
    onnx.save(proto, folder / "model.onnx")
    np.savez(folder / "x.npz", x=_INPUTS)
    path = folder / "campaign.yaml"
    document = {
        "model": "model.onnx",
        "inputs": {"file": "x.npz"},
        "targets": {"kind": "activation", "ops": ["MatMul", "Relu"]},
        "error_models": [{"name": "bitflip"}, {"name": "random"}],
        "injections": {"per_target": 24},
        "metric": {"name": "regression"},
        "seed": 3,
    }
    path.write_text(yaml.safe_dump(document | changes))
    return path


def _records(path: Path, out: Path, **execution: object) -> str:
    document = yaml.safe_load(path.read_text())
    document["execution"] = {"provider": "cpu", "workers": 1, **execution}
    path.write_text(yaml.safe_dump(document))
    return repr(read_records(Campaign.from_yaml(path, out=out).run().path).to_pylist())


@pytest.mark.thorough
def test_records_do_not_depend_on_how_a_campaign_runs(tmp_path: Path) -> None:
    path = _write(tmp_path, uniform_like_downstream())
    expected = _records(path, tmp_path / "first", lanes=1, propagation=False, shard=100)
    for number, execution in enumerate(
        [{"lanes": 7, "shard": 100}, {"workers": 3, "shard": 5}, {"shard": 11}]
    ):
        assert _records(path, tmp_path / str(number), **execution) == expected
    rows = read_records(tmp_path / "first").to_pylist()
    for row in (rows[0], rows[-1]):
        assert replay(tmp_path / "first", row["injection_id"]).same


def test_another_seed_draws_other_noise(tmp_path: Path) -> None:
    changes = {"error_models": [{"name": "zero"}], "targets": {"tensors": ["h"]}}
    first = _records(_write(tmp_path, normal_like(), **changes), tmp_path / "first")
    other = _write(tmp_path, normal_like(), **changes, seed=4)
    assert _records(other, tmp_path / "second") != first


def test_outcomes_are_those_with_constant_noise(tmp_path: Path) -> None:
    flips = [{"name": "bitflip", "configuration": {"bit": 0}}]
    path = _write(tmp_path, normal_like(), error_models=flips, targets={"tensors": ["h"]})
    _records(path, tmp_path / "run")
    outcomes = set()
    model = onnxfi.load(tmp_path / "model.onnx")
    with onnxfi.Injector(model, "h", provider="cpu") as injector:
        for row in read_records(tmp_path / "run").to_pylist():
            x = _INPUTS[[row["input_index"]]]
            golden = injector.golden({"x": x}, seed=3)
            corrupted = golden.target.copy()
            corrupted.reshape(-1)[row["indices"]] = row["values"]
            y = with_frozen_noise(normal_like(), {"n": golden.boundary["n"]}, "h")(x, corrupted)
            assert (row["outcome"] == "masked") == np.array_equal(y, golden.outputs["y"])
            outcomes.add(row["outcome"])
    assert "masked" in outcomes
    assert len(outcomes) > 1


def test_the_start_names_what_draws(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = _write(tmp_path, normal_like())
    with caplog.at_level(logging.WARNING, "onnxfi"):
        campaign = Campaign.from_yaml(path, out=tmp_path / "run").begin()
    named = "'node_n' (RandomNormalLike)"
    assert [named in x.getMessage() for x in caplog.records] == [True]
    assert json.loads((campaign.directory.path / "manifest.json").read_text())["noise"] == [named]


def test_a_campaign_on_noise_that_depends_on_faults_is_refused(tmp_path: Path) -> None:
    nodes = [
        node("Relu", "h", "r"),
        node("Sigmoid", "r", "p"),
        node("Bernoulli", "p", "n"),
        node("Identity", "n", "y"),
    ]
    path = _write(tmp_path, linear(nodes))
    with pytest.raises(
        InputError, match=r"Faults in h, r would change the distribution of 'node_n'"
    ):
        Campaign.from_yaml(path, out=tmp_path / "run").begin()
    assert not (tmp_path / "run").exists()


def test_noise_under_no_known_name_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxfi.graph.noise.STANDARD", frozenset())
    path = _write(tmp_path, normal_like(), targets={"tensors": ["h"]})
    with pytest.raises(InputError, match=r"they differ from 'y' \(Add\) on"):
        Campaign.from_yaml(path, out=tmp_path / "run").begin()
