"""Tests campaigns that are made from Python objects, without a YAML file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.campaign import Campaign, replay
from onnxfi.configuration import Configuration
from onnxfi.error_models import BitFlip, Constant, Region, StuckAt
from onnxfi.errors import ConfigurationError, InputError, OnnxfiError
from onnxfi.graph import load
from onnxfi.injector.metrics import Classification, Regression
from onnxfi.run_directory import read_records

QUICK: dict[str, Any] = {"injections": 12, "execution": {"provider": "cpu", "workers": 1}}


@pytest.fixture
def arrays(work: Path) -> dict[str, np.ndarray]:
    with np.load(work / "inputs.npz") as file:
        return dict(file)


def rows(directory: str | Path) -> list[str]:
    read = read_records(directory).to_pylist()
    return sorted(map(str, read))  # as text, NaN equals NaN


YAML = """\
model: model.onnx
inputs: inputs.npz
targets: {ops: [Conv, Relu]}
error_models: [bitflip, "constant:value=7"]
injections: {per_target: 12}
seed: 3
execution: {provider: cpu, workers: 1}
"""


@pytest.mark.thorough
def test_the_records_are_those_of_the_yaml(work: Path, arrays: dict[str, np.ndarray]) -> None:
    (work / "c.yaml").write_text(YAML)
    Campaign.from_yaml(work / "c.yaml").run()
    expected = rows(work / "runs" / "model")
    assert len(expected) == 2 * 2 * 12
    assert not any("'label': None" in x for x in expected)
    proto = onnx.load(work / "model.onnx")
    models: tuple[Any, ...] = (work / "model.onnx", load(work / "model.onnx"), proto)
    inputs: tuple[Any, ...] = (arrays["images"], {"image": arrays["images"]}, work / "inputs.npz")
    for index, (model, given) in enumerate(zip(models, inputs, strict=True)):
        campaign = Campaign(
            model=model,
            inputs=given,
            labels=None if isinstance(given, Path) else arrays["labels"],
            targets={"ops": ["Conv", "Relu"]},
            error_models=[BitFlip(), "constant:value=7"],
            metric=Classification(),
            seed=3,
            out=work / f"run{index}",
            **QUICK,
        )
        campaign.run()
        assert rows(work / f"run{index}") == expected


def test_resume_and_replay_from_the_run_directory(
    work: Path, arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work)
    Campaign(
        model=load(work / "model.onnx"),
        inputs=arrays["images"],
        targets=["conv"],
        error_models=StuckAt(bit=30, value=1),
        **QUICK,
    ).run()
    directory = work / "runs" / "model"
    names = {x.name for x in directory.iterdir()}
    assert {"model.onnx", "inputs.npz", "campaign.yaml", "manifest.json", "records"} <= names
    expected = rows(directory)
    next((directory / "records").iterdir()).unlink()
    (work / "model.onnx").unlink()
    (work / "inputs.npz").unlink()
    Campaign.open(directory).run()
    assert rows(directory) == expected
    assert not replay(directory, 3).differences


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ("bitflip:bit=30", ["bitflip:bit=30"]),
        (BitFlip(bit=30), ["bitflip:bit=30"]),
        ({"name": "zero"}, ["zero"]),
        ([BitFlip(), Constant(value=2), "nan"], ["bitflip", "constant:value=2", "nan"]),
        ((BitFlip(region=Region(channels=[1])),), ["bitflip:region.channels=[1]"]),
    ],
)
def test_error_models_in_every_form(work: Path, given: Any, labels: list[str]) -> None:
    campaign = Campaign(model=work / "model.onnx", inputs=work / "inputs.npz", error_models=given)
    assert [x.label for x in campaign.configuration.error_models] == labels
    # They are the same when they are read again.
    text = campaign.configuration.to_yaml()
    again = Configuration.from_text(text, "again", folder=work)
    assert again == campaign.configuration


@pytest.mark.parametrize(
    ("given", "name", "configuration"),
    [
        ("segmentation:min_iou=0.9", "segmentation", {"min_iou": 0.9}),
        (Classification(output="probabilities"), "classification", {"output": "probabilities"}),
        (Regression(), "regression", {}),
        ({"name": "classification"}, "classification", {}),
    ],
)
def test_metrics_in_every_form(
    work: Path, given: Any, name: str, configuration: dict[str, Any]
) -> None:
    metric = Campaign(
        model=work / "model.onnx", inputs=work / "inputs.npz", error_models="zero", metric=given
    ).configuration.metric
    assert (metric.name, metric.configuration) == (name, configuration)


def test_an_own_metric_of_a_module(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (work / "mine_of_arguments.py").write_text("def never(golden, faulty):\n    return False\n")
    monkeypatch.syspath_prepend(work)
    monkeypatch.chdir(work)
    import mine_of_arguments  # type: ignore[import-not-found]

    def local(golden: Any, faulty: Any) -> bool:
        return False

    def make(metric: Callable[..., bool]) -> Campaign:
        return Campaign(
            model="model.onnx", inputs="inputs.npz", error_models="nan", metric=metric, **QUICK
        )

    run = make(mine_of_arguments.never).run()
    assert "sdc" not in read_records(run.path)["outcome"].to_pylist()
    with pytest.raises(ConfigurationError, match=r"local must be in a module.*metrics\.py"):
        make(local)


def test_targets_in_every_form(work: Path) -> None:
    model = load(work / "model.onnx")
    target = model.target("conv")
    for given in ("conv", ["conv"], target, [target], {"tensors": "conv"}):
        campaign = Campaign(
            model=work / "model.onnx",
            inputs=work / "inputs.npz",
            targets=given,
            error_models="zero",
        )
        assert campaign.configuration.targets.tensors == ("conv",)  # type: ignore[union-attr]


def test_settings_of_graph_inputs(tmp_path: Path) -> None:
    from tests.campaign.drafting.test_draft import recurrent

    rng = np.random.default_rng(0)
    inputs = {
        "frames": rng.random((5, 4, 3), np.float32),
        "state": np.zeros((1, 1, 2), np.float32),
        "sr": 100,
    }
    found = Campaign(
        model=recurrent(),
        inputs=inputs,
        tensors={"state": {"constant": True}},
        targets={"ops": "GRU"},
        error_models="bitflip",
        out=tmp_path / "run",
        **QUICK,
    ).run()
    assert set(read_records(found.path)["input_index"].to_pylist()) == set(range(5))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model": None}, "model: must be given"),
        ({"inputs": None}, "inputs: must be given"),
        ({"error_models": None}, "error_models: must be given"),
        ({"error_models": []}, "at least one error model"),
        ({"error_models": "bitflp"}, "did you mean 'bitflip'"),
        ({"error_models": [BitFlip]}, "error_models.0: must be a mapping"),
        ({"injections": 0}, "injections.per_target"),
        ({"execution": {"lane": 3}}, "did you mean 'lanes'"),
        ({"targets": ["conv", {"tensors": "fc"}]}, "must hold names only"),
        ({"inputs": {"image": [object()]}}, "'image' must be an array of numbers or text"),
        ({"inputs": np.zeros(3), "out": "s3://bucket/run"}, "is an address"),
    ],
)
def test_mistakes(work: Path, changes: dict[str, Any], expected: str) -> None:
    given = {"model": work / "model.onnx", "inputs": work / "inputs.npz", "error_models": "zero"}
    with pytest.raises(ConfigurationError) as caught:
        Campaign(**{**given, "out": work / "run", **changes})
    assert expected in str(caught.value)
    assert not (work / "run").exists()


def test_a_configuration_excludes_other_arguments(work: Path) -> None:
    (work / "c.yaml").write_text(YAML)
    configuration = Configuration.from_yaml(work / "c.yaml")
    with pytest.raises(ConfigurationError, match="Give one of these"):
        Campaign(configuration, model="model.onnx")


def test_a_failed_start_leaves_nothing(work: Path, arrays: dict[str, np.ndarray]) -> None:
    def make(**changes: Any) -> Campaign:
        given: dict[str, Any] = {
            "model": load(work / "model.onnx"),
            "inputs": arrays["images"],
            "error_models": "bitflip:bit=40",
            "out": work / "new" / "run",
        }
        return Campaign(**{**given, **changes}, **QUICK)

    with pytest.raises(OnnxfiError, match="40"):
        make().run()
    assert not (work / "new" / "run").exists()
    with pytest.raises(InputError, match="must have the shape"):
        make(error_models="zero", inputs=arrays["images"][:, 0]).begin()
    assert not (work / "new" / "run").exists()
    campaign = make(error_models="zero", targets="conv", out=work / "late").begin()
    assert (work / "late" / "model.onnx").exists()

    def fail(count: int) -> None:
        raise InputError("late")

    with pytest.raises(InputError, match="late"):
        campaign.run(on_injections=fail)
    assert not (work / "late").exists()
    (work / "mine").mkdir()
    (work / "mine" / "notes.txt").touch()
    with pytest.raises(OnnxfiError, match="40"):
        make(out=work / "mine").run()
    assert [x.name for x in (work / "mine").iterdir()] == ["notes.txt"]


def test_a_run_directory_is_not_replaced(work: Path, arrays: dict[str, np.ndarray]) -> None:
    def make(images: np.ndarray) -> Campaign:
        return Campaign(
            model=work / "model.onnx",
            inputs=images,
            error_models="zero",
            targets="conv",
            out=work / "run",
            **QUICK,
        )

    make(arrays["images"]).run()
    before = (work / "run" / "inputs.npz").read_bytes()
    with pytest.raises(ConfigurationError, match="already holds a campaign"):
        make(arrays["images"] + 1).run()
    assert (work / "run" / "inputs.npz").read_bytes() == before
    assert onnxfi.Campaign is Campaign
