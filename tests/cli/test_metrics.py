"""Metrics on the command line: chosen for one injection, by default, and where they do not fit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import onnxfi as library
from onnxfi.error_models import BitFlip
from onnxfi.injector.metrics import Regression
from tests.support.small_graphs import model, node, value

EVERY_PATTERN = Path(__file__).parents[1] / "error_models" / "data" / "every_pattern.json"
SHAPES = {"steps": (5, 4), "pixels": (2, 3, 3), "squeezed": (4, 1, 1)}
FITTING = {"steps": "sequence", "pixels": "segmentation", "squeezed": "classification"}
CAMPAIGN = """\
model: {name}.onnx
inputs: {{file: {name}.npz}}
targets: {{tensors: [h]}}
error_models: [zero]
injections: {{per_target: 40}}
execution: {{provider: cpu, workers: 1}}
out: run-{name}
"""
MODULE = """\
def far(golden, faulty):
    moved = float(abs(golden["y"] - faulty["y"]).max())
    return {"wrong": moved > 0.5, "moved": moved}


far.column_types = {"moved": float}


def late(golden, faulty):
    return (golden["y"] != faulty["y"]).sum()
"""


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the current folder, with a model, inputs and a campaign for each shape of outputs."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, shape in SHAPES.items():
        proto = model(
            [node("Relu", "x", "h"), node("Neg", "h", "y")],
            [value("x", ["N", *shape])],
            [value("y", ["N", *shape])],
        )
        onnx.save(proto, f"{name}.onnx")
        np.savez(f"{name}.npz", x=rng.normal(size=(3, *shape)).astype(np.float32))
        text = CAMPAIGN.format(name=name).replace("[zero]", "[{name: zero}]")
        Path(f"{name}.yaml").write_text(text)
    Path("answers.py").write_text(MODULE)
    return tmp_path


def inject(run: Callable[..., Any], name: str, *more: Any) -> Any:
    faults = ("--error-model", "bitflip", "--count", 30, "--provider", "cpu")
    return run("inject", f"{name}.onnx", "--target", "h", "--inputs", f"{name}.npz", *faults, *more)


def test_a_metric_is_chosen(onnxfi: Callable[..., Any], answers: Path) -> None:
    result = inject(onnxfi, "steps", "--metric", "regression:relative=0.5", "--json")
    assert result.status == 0, result
    rows = json.loads(result.stdout)["injections"]
    assert {"max_absolute_error", "max_relative_error"} <= rows[0].keys()
    inputs = np.load("steps.npz")["x"]
    with library.Injector(library.load("steps.onnx"), "h", provider="cpu") as injector:
        expected = [
            injection.outcome
            for index in range(3)
            for injection in injector.inject(
                injector.golden({"x": inputs[index : index + 1]}),
                BitFlip(),
                count=10,
                first_id=10 * index,
                metric=Regression(relative=0.5),
            )
        ]
    assert [row["outcome"] for row in rows] == expected


def test_a_metric_of_ones_own_is_found_in_the_current_folder(
    onnxfi: Callable[..., Any], answers: Path
) -> None:
    result = inject(onnxfi, "pixels", "--metric", "answers:far", "--json")
    assert result.status == 0, result
    for row in json.loads(result.stdout)["injections"]:
        if row["outcome"] in ("sdc", "benign"):
            assert (row["outcome"] == "sdc") == (row["moved"] > 0.5)
    refused = inject(onnxfi, "pixels", "--metric", "answers:late")
    assert refused.status == 2
    assert "Injection 0: The metric answers:late must return True or False" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("sequence:blank", "is written key=value, got 'blank'"),
        ("sequence:blnk=0", "has the keys output, class_axis"),
        ("seqence", "did you mean 'sequence'"),
        ("nowhere:far", "No module named 'nowhere'"),
        ("classification", "Choose the metric sequence"),
        ("sequence:blank=4", "from -4 to 3, got 4"),
    ],
)
def test_mistakes_in_a_metric(
    onnxfi: Callable[..., Any], answers: Path, spec: str, message: str
) -> None:
    result = inject(onnxfi, "steps", "--metric", spec)
    assert result.status == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", SHAPES)
def test_without_a_metric_inject_takes_the_one_that_fits_and_says_so(
    onnxfi: Callable[..., Any], answers: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    result, expected = (
        inject(onnxfi, name, *more, "--json") for more in ((), ("--metric", FITTING[name]))
    )
    assert result.status == 0, result
    assert result.stdout == expected.stdout
    warnings = [x for x in caplog.messages if "classification does not fit" in x]
    assert len(warnings) == (name != "squeezed")


@pytest.mark.parametrize("name", SHAPES)
def test_a_campaign_refuses_classification_where_it_does_not_fit(
    onnxfi: Callable[..., Any], answers: Path, name: str
) -> None:
    for text in ("", "metric: {name: classification}\n"):
        path = Path(f"{name}.yaml")
        path.write_text(path.read_text() + text)
        for command in ("plan", "run") if name != "squeezed" else ("plan",):
            result = onnxfi("campaign", command, path)
            if name == "squeezed":
                assert result.status == 0, result
                continue
            assert result.status == 2
            assert f"Choose the metric {FITTING[name]}" in result.stderr
            assert not Path(f"run-{name}").exists()


def test_a_campaign_takes_a_metric_as_text(onnxfi: Callable[..., Any], answers: Path) -> None:
    path = Path("steps.yaml")
    path.write_text(path.read_text() + "metric: sequence:blank=0\n")
    result = onnxfi("campaign", "run", path)
    assert result.status == 0, result
    assert "blank: 0" in Path("run-steps/campaign.yaml").read_text()
    path.write_text(path.read_text().replace("sequence:blank=0", "sequence:blank"))
    result = onnxfi("campaign", "plan", path)
    assert result.status == 2
    assert "line 8, metric: The configuration of the metric sequence is" in result.stderr


def test_files_of_older_tools_end_with_the_metric_that_fits(
    onnxfi: Callable[..., Any], answers: Path
) -> None:
    kernel = np.ones((2, 2, 1, 1), np.float32)
    proto = model(
        [node("Conv", "x k", "h"), node("Relu", "h", "y")],
        [value("x", ["N", 2, 3, 3])],
        [value("y", ["N", 2, 3, 3])],
        {"k": kernel},
    )
    onnx.save(proto, "unet.onnx")
    Path("models").mkdir()
    Path("models/conv.json").write_text(EVERY_PATTERN.read_text())
    classes = {
        "injection_sites": 5,
        "layer_type": "conv",
        "models_folder": "models",
        "layer_output_shape_cf": "(None, 2, 3, 3)",
        "range_min": -1,
        "range_max": 1,
    }
    Path("classes.json").write_text(json.dumps(classes))
    Path("tensorfi2.yaml").write_text(
        "Target: layer_outputs\nMode: multiple\nType: bitflips\nAmount: 2\nBit: N\nLayer: 1\n"
    )
    for file in (("--from-classes", "classes.json"), ("--from-tensorfi2", "tensorfi2.yaml")):
        result = onnxfi(
            *("campaign", "run", *file, "--model", "unet.onnx", "--inputs", "pixels.npz"),
            *("--provider", "cpu", "--per-target", 3),
        )
        assert result.status == 2
        assert "Choose the metric segmentation" in result.stderr, result.stderr
        assert "Traceback" not in result.stderr
        (kept,) = Path("runs").iterdir()
        kept.write_text(kept.read_text().replace("name: classification", "name: segmentation"))
        assert onnxfi("campaign", "run", kept, "--out", f"{file[1]}.run").status == 0
        kept.unlink()
