"""Tests the translation of CLASSES' files, and its notes."""

import ast
import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml

from onnxfi.campaign import Campaign
from onnxfi.campaign.importers import Translation, translate_classes
from onnxfi.campaign.importers.shapes import parse_shape
from onnxfi.configuration import Configuration, Inputs
from onnxfi.configuration.inputs import Labels
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import read_records
from tests.support import small_graphs as sg

KERAS_FILE = Path(str(resources.files("onnxfi.demo") / "assets" / "lenet_digits.h5"))
GOOD = {
    "model": "model.onnx",
    "new_model": "faulty",
    "injection_sites": 20,
    "layer_type": "conv_gemm",
    "layer_output_shape_cf": "(None, 4, 6, 6)",
    "layer_output_shape_cl": "(None, 6, 6, 4)",
    "models_folder": "models",
    "range_min": -2,
    "range_max": 3.5,
}
# A single corrupted value within the range.
ERROR_MODEL = {
    "_tensor_count": 8,
    "_categories_count": 1,
    "single": {
        "count": 8,
        "frequency": 1.0,
        "categories_count": 1,
        "domain_classes": [{"in_range": [100.0, 100.0], "count": 8, "frequency": 1.0}],
        "parameters": [
            {
                "keys": {},
                "stats": {},
                "conditional_frequency": 1.0,
                "overall_frequency": 1.0,
                "count": 8,
            }
        ],
    },
}


@pytest.fixture
def folder(work: Path) -> Path:
    """Give a folder with model.onnx, inputs.npz and the error models."""
    (work / "models").mkdir()
    for name in ("conv_gemm", "relu", "bias_add", "maxpool", "sigmoid", "mine"):
        (work / "models" / f"{name}.json").write_text(json.dumps(ERROR_MODEL))
    return work


def write(folder: Path, **changes: Any) -> Path:
    """Write a CLASSES file; a key that is ... is left out."""
    path = folder / "config.json"
    said = {key: value for key, value in (GOOD | changes).items() if value is not ...}
    path.write_text(json.dumps(said))
    return path


def translate(folder: Path, given: Path | None = None, /, **changes: Any) -> Translation:
    inputs = Inputs(file=folder / "inputs.npz", labels=Labels(array="labels"))
    return translate_classes(write(folder, **changes), model=given, inputs=inputs, seed=5)


def document(translation: Translation) -> Any:
    return yaml.safe_load(translation.to_yaml())


def test_translation(folder: Path) -> None:
    translation = translate(folder)
    said = document(translation)
    assert said["model"] == str(folder / "model.onnx")
    assert said["inputs"] == {"file": str(folder / "inputs.npz"), "labels": "labels"}
    assert said["targets"] == {"kind": "activation", "tensors": ["conv"]}
    configuration = {"model": str(folder / "models" / "conv_gemm.json"), "low": -2, "high": 3.5}
    assert said["error_models"] == [{"name": "spatial", "configuration": configuration}]
    assert said["injections"]["per_target"] == 20
    assert said["seed"] == 5
    translation.write(folder / "again.yaml")
    again = Configuration.from_yaml(folder / "again.yaml")
    assert again.model_copy(update={"out": None}) == translation.configuration


def test_run(folder: Path) -> None:
    planned = translate(folder).configuration
    execution = planned.execution.model_copy(update={"provider": "cpu", "workers": 1})
    planned = planned.model_copy(update={"execution": execution})
    Campaign(planned, out=folder / "run").run()
    rows = read_records(folder / "run").to_pylist()
    assert len(rows) == 20
    values = [row["values"] for row in rows]
    assert all(len(x) == 1 and -2 <= x[0] <= 3.5 for x in values)
    assert len({row["indices"][0] for row in rows}) > 5


@pytest.mark.parametrize(
    ("layer_type", "channels_first", "expected"),
    [
        ("conv_gemm", "(None, 16, 8, 8)", ["conv1"]),
        ("bias_add", "(None, 32, 4, 4)", ["conv2"]),  # the convolution adds it itself
        ("relu", "(None, 16, 8, 8)", ["relu1"]),
        ("relu", "(None, 32, 4, 4)", ["relu2"]),
        ("maxpool", "(None, 16, 4, 4)", ["pool1"]),
        ("mine", "(None, 16, 4, 4)", ["pool1"]),  # of an unknown type any operator is
        ("mine", "(None, 32, 4, 4)", ["conv2", "relu2"]),
    ],
)
def test_layer_type_and_shape_choose(
    folder: Path, layer_type: str, channels_first: str, expected: list[str]
) -> None:
    translation = translate(
        folder,
        KERAS_FILE,
        layer_type=layer_type,
        layer_output_shape_cf=channels_first,
        layer_output_shape_cl=...,
    )
    assert document(translation)["targets"]["tensors"] == expected
    (note,) = [note for note in translation.notes if note.startswith("layer_type")]
    assert all(repr(name) in note for name in expected)
    assert ("No operator is known for mine" in note) == (layer_type == "mine")
    assert (f"Each of the {len(expected)} gets" in note) == (len(expected) > 1)


def test_before_the_activation_is_said(folder: Path) -> None:
    shapes = {"layer_output_shape_cf": [None, 64], "layer_output_shape_cl": [None, 64]}
    notes = translate(folder, KERAS_FILE, layer_type="bias_add", **shapes).notes
    (note,) = [note for note in notes if note.startswith("layer_type")]
    assert "'dense1/Gemm' (Gemm)" in note
    assert "before the layer's activation" in note


def test_channels_last_models(folder: Path) -> None:
    nodes = [
        sg.node("Transpose", "x", "moved", perm=[0, 2, 3, 1]),
        sg.node("Sigmoid", "moved", "y"),
    ]
    shapes = [sg.value("x", [1, 2, 5, 7])], [sg.value("y", [1, 5, 7, 2])]
    onnx.save(sg.model(nodes, *shapes), folder / "model.onnx")
    changes = {"layer_type": "sigmoid", "layer_output_shape_cf": ...}
    translation = translate(folder, **changes, layer_output_shape_cl="(None, 5, 7, 2)")
    assert document(translation)["targets"]["tensors"] == ["y"]
    message = refused(folder, **changes, layer_output_shape_cl="(None, 7, 5, 2)")
    assert "(1, 5, 7, 2)" in message


def test_bias_add_is_no_skip_connection(folder: Path) -> None:
    nodes = [
        sg.node("Add", "x bias", "biased"),
        sg.node("Add", "biased x", "y"),
    ]
    ends = [sg.value("x", [1, 2, 3, 3])], [sg.value("y", [1, 2, 3, 3])]
    onnx.save(
        sg.model(nodes, *ends, {"bias": np.ones((2, 1, 1), np.float32)}), folder / "model.onnx"
    )
    shape = {"layer_output_shape_cf": "(1, 2, 3, 3)", "layer_output_shape_cl": "(1, 3, 3, 2)"}
    translation = translate(folder, layer_type="bias_add", **shape)
    assert document(translation)["targets"]["tensors"] == ["biased"]


def test_swapped_shapes(folder: Path) -> None:
    """The template of CLASSES mistakes one for the other."""
    swapped = {
        "layer_output_shape_cf": GOOD["layer_output_shape_cl"],
        "layer_output_shape_cl": GOOD["layer_output_shape_cf"],
    }
    translation = translate(folder, **swapped)
    assert document(translation)["targets"]["tensors"] == ["conv"]
    assert sum("are swapped" in note for note in translation.notes) == 1
    assert not any("are swapped" in note for note in translate(folder).notes)


@pytest.mark.parametrize(
    "text",
    [
        *("(None, 27, 27, 16)", "(1,16,27,27)", "[None, 3, 4]", " ( None , 10 ) ", "None, 4, 4"),
        "(1, 2,)",
    ],
)
def test_shapes_read_as_python_reads_them(text: str) -> None:
    expected = ast.literal_eval(text.strip())
    assert parse_shape(text) == tuple(expected)
    assert parse_shape(list(expected)) == tuple(expected)


@pytest.mark.parametrize(
    "said",
    [
        *("", "()", "(4)", "(None,)", "(1, -2)", "(1, 0)", "(1, 2.5)", "(1,, 2)", "(1, 2]"),
        *("__import__('os').getcwd()", "(1, '2')", "((1, 2))", "(1, 2) + (3,)", "(None * 2, 3)"),
        *([], [4], [1, -2], [1, "2"], [1, True], [[1], 2], 5, True, {"a": 1}),
        "(" * 5000,
        "1, " * 5000 + "x",
    ],
)
def test_what_is_no_shape(said: object) -> None:
    assert parse_shape(said) is None


def test_the_number_of_injections(folder: Path) -> None:
    assert translate(folder, injection_sites="7").configuration.injections.per_target == 7
    inputs = Inputs(file=folder / "inputs.npz")
    translation = translate_classes(write(folder), inputs=inputs, per_target=3)
    assert translation.configuration.injections.per_target == 3
    assert any(note.startswith("injection_sites: 20 is overridden") for note in translation.notes)


@pytest.mark.parametrize("ends", [(None, None), (None, 3), (..., 3)])
def test_the_range_that_is_not_given(folder: Path, ends: tuple[Any, Any]) -> None:
    low, high = ends
    translation = translate(folder, range_min=low, range_max=high)
    (entry,) = document(translation)["error_models"]
    assert (entry["configuration"]["low"], entry["configuration"]["high"]) == (-30, 30)
    assert any(note.startswith("range_min, range_max: -30 and 30") for note in translation.notes)


def test_another_model(folder: Path) -> None:
    (folder / "model.onnx").rename(folder / "other.onnx")
    translation = translate(folder, folder / "other.onnx")
    assert translation.configuration.model == folder / "other.onnx"
    assert any(note.startswith("model: model.onnx is overridden") for note in translation.notes)
    same = translate(folder, folder / "other.onnx", model="other.onnx")
    assert not any("overridden" in note for note in same.notes)
    assert "model must be a file in" in refused(folder)
    assert "model must be a file in" in refused(folder, model=...)


def test_what_is_not_honoured_is_said(folder: Path) -> None:
    notes = translate(folder, colour="red").notes
    assert any("colour: 'red' is ignored" in note for note in notes)
    (note,) = [note for note in notes if note.startswith("new_model")]
    assert "onnxfi embed" in note
    assert "--target conv" in note
    assert "--sites 20" in note
    assert "faulty/model.onnx" in note
    assert not any("new_model" in note for note in translate(folder, new_model=...).notes)


def refused(folder: Path, **changes: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        translate(folder, **changes)
    message = str(caught.value)
    assert str(folder / "config.json") in message
    return message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"injection_sites": "num injections requested"}, "got 'num injections requested'"),
        ({"injection_sites": 0}, "injection_sites must be the number of injections"),
        ({"layer_type": ...}, "layer_type must be"),
        ({"layer_type": "avgpool"}, "(which holds bias_add, conv_gemm, maxpool, mine"),
        ({"layer_type": "sigmoid"}, "layer_type must be an operator of the model (Conv, Flatten"),
        ({"models_folder": "none"}, "(which holds none)"),
        ({"models_folder": ...}, "models_folder must be"),
        ({"layer_output_shape_cf": "output shape channel last"}, "layer_output_shape_cf must be"),
        ({"layer_output_shape_cl": "(None, 6, 6, 5)"}, "6x6x4 after the batch"),
        ({"layer_output_shape_cf": ..., "layer_output_shape_cl": ...}, "and is missing"),
        (
            {"layer_output_shape_cf": "(None, 4, 9, 9)", "layer_output_shape_cl": "(1, 9, 9, 4)"},
            "a conv_gemm output of the model ((N, 4, 6, 6)), got '(None, 4, 9, 9)'",
        ),
        ({"range_min": "range min"}, "range_min must be a number, got 'range min'"),
        ({"range_max": -3}, "range_max must be at least range_min, -2, got -3"),
        ({"new_model": 3}, "new_model must be"),
    ],
)
def test_what_makes_no_sense(folder: Path, changes: dict[str, Any], expected: str) -> None:
    assert expected in refused(folder, **changes)


def test_an_error_model_that_is_none(folder: Path) -> None:
    (folder / "models" / "conv_gemm.json").write_text("{}")
    assert "layer_type: " in refused(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\x00"])
def test_files_that_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    inputs = Inputs(file=tmp_path / "x.npz")
    with pytest.raises(ConfigurationError, match=r"config\.json must hold keys"):
        translate_classes(path, inputs=inputs)
    with pytest.raises(ConfigurationError, match=r"none\.json cannot be read as text: No such"):
        translate_classes(tmp_path / "none.json", inputs=inputs)
