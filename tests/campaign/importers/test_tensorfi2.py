"""Tests the translation of TensorFI2's files, and its notes."""

import math
from importlib import resources
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
import yaml

from onnxfi.campaign import Campaign
from onnxfi.campaign.importers import Translation, translate_tensorfi2
from onnxfi.configuration import Configuration, Inputs
from onnxfi.configuration.inputs import Labels
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import read_records
from tests.support import small_graphs as sg

KERAS_FILE = Path(str(resources.files("onnxfi.demo") / "assets" / "lenet_digits.h5"))
GOOD = {"Target": "layer_outputs", "Mode": "single", "Type": "bitflips", "Amount": 1, "Bit": "N"}


def keras_layers() -> dict[str, list[str]]:
    """Return the names of the variables of each layer of the bundled network, from its file."""
    with h5py.File(KERAS_FILE) as file:
        groups = file["model_weights"]
        return {
            layer: [name.split("/")[-1] for name in groups[layer].attrs["weight_names"]]
            for layer in groups.attrs["layer_names"]
        }


def write(folder: Path, **changes: Any) -> Path:
    """Write a TensorFI2 file; a key that is None is left out."""
    path = folder / "fault.yaml"
    document = {key: value for key, value in (GOOD | changes).items() if value is not None}
    path.write_text(yaml.safe_dump(document))
    return path


def translate(folder: Path, model: Path | None = None, **changes: Any) -> Translation:
    return translate_tensorfi2(
        write(folder, **changes),
        model=folder / "model.onnx" if model is None else model,
        inputs=Inputs(file=folder / "inputs.npz", labels=Labels(array="labels")),
        per_target=12,
        seed=5,
    )


def document(translation: Translation) -> Any:
    return yaml.safe_load(translation.to_yaml())


def targets(translation: Translation) -> Any:
    said = document(translation)["targets"]
    (selection,) = said if isinstance(said, list) else [said]
    return selection["tensors"]


def records(translation: Translation, folder: Path) -> list[dict[str, Any]]:
    planned = translation.configuration
    execution = planned.execution.model_copy(update={"provider": "cpu", "workers": 1})
    planned = planned.model_copy(update={"execution": execution})
    Campaign(planned, out=folder / "run").run()
    rows: list[dict[str, Any]] = read_records(folder / "run").to_pylist()
    return rows


def test_layer_outputs_are_all_layers_but_the_last(work: Path) -> None:
    layers = list(keras_layers())
    keras = translate(work, model=KERAS_FILE)
    assert document(keras)["targets"] == {"kind": "activation", "tensors": layers[:-1]}
    assert any(repr(layers[-1]) in note for note in keras.notes)
    # Without layers, all nodes but the model's last.
    plain = translate(work)
    assert targets(plain) == ["conv", "relu", "pool", "flat", "scores"]
    assert any("layer map" in note for note in plain.notes)


def test_layer_states_are_the_weights(work: Path) -> None:
    translation = translate(work, model=KERAS_FILE, Target="layer_states")
    variables = [f"{layer}/{name}" for layer, names in keras_layers().items() for name in names]
    assert document(translation)["targets"] == {"kind": "weight", "tensors": variables}
    assert sum("trainable" in note for note in translation.notes) == 0


def test_layer_states_are_trainable(tmp_path: Path) -> None:
    nodes = [
        sg.node("Resize", "x - scales", "big", mode="nearest"),
        sg.node("BatchNormalization", "big gamma beta mean variance", "normal"),
        sg.node("Clip", "normal low", "clipped"),
        sg.node("Neg", "slope", "minus"),
        sg.node("Mul", "clipped minus", "y"),
    ]
    weights: dict[str, np.ndarray] = {
        name: np.ones(2, np.float32) for name in ("gamma", "beta", "mean", "variance")
    }
    weights |= {
        "scales": np.array([1, 1, 2, 2], np.float32),
        "low": np.array(0, np.float32),
        "slope": np.ones((1, 2, 1, 1), np.float32),
    }
    ends = [sg.value("x", ["N", 2, 4, 4])], [sg.value("y", ["N", 2, 8, 8])]
    onnx.save(sg.model(nodes, *ends, weights), tmp_path / "model.onnx")
    translation = translate(tmp_path, Target="layer_states")
    assert sorted(targets(translation)) == ["beta", "gamma", "slope"]
    (note,) = [note for note in translation.notes if "trainable" in note]
    for name in ("mean", "variance", "scales", "low", "minus"):
        assert repr(name) in note


def test_mode_multiple_hits_all_in_each_injection(work: Path) -> None:
    translation = translate(work, Target="layer_states", Mode="multiple", Type="zeros", Amount=50)
    names = ["conv/w", "conv/b", "fc/w", "fc/b"]
    assert document(translation)["targets"] == [{"kind": "weight", "tensors": names}]
    rows = records(translation, work)
    assert len(rows) == 12
    sizes = {"conv/w": 36, "conv/b": 4, "fc/w": 180, "fc/b": 5}
    for row in rows:
        hit = {name: row["target_of_site"].count(name) for name in names}
        assert {name: hit[name] - math.floor(sizes[name] / 2) for name in names} == dict.fromkeys(
            names, 0
        )
        assert set(row["values"]) == {0.0}


def test_mode_single_hits_each_by_itself(work: Path) -> None:
    rows = records(translate(work, Bit=5, Amount=3), work)
    assert {row["target"] for row in rows} == {"conv", "relu", "pool", "flat", "scores"}
    assert len(rows) == 5 * 12
    for row in rows:
        assert row["bit"] == [5, 5, 5]
        assert len(set(row["indices"])) == 3


def test_random_values_are_between_0_and_1(work: Path) -> None:
    rows = records(translate(work, Type="random", Amount=5, Bit=None), work)
    values = [value for row in rows for value in row["values"]]
    assert len(values) == 5 * 5 * 12
    assert 0 <= min(values) < 0.1
    assert 0.9 < max(values) <= 1


@pytest.mark.parametrize(
    ("changes", "name", "configuration"),
    [
        ({"Bit": "N"}, "bitflip", {"bit": "any", "count": 1}),
        ({"Bit": 0, "Amount": 4}, "bitflip", {"bit": 0, "count": 4}),
        ({"Bit": "31"}, "bitflip", {"bit": 31, "count": 1}),
        ({"Type": "random", "Amount": 2}, "random", {"low": 0.0, "high": 1.0, "count": 2}),
        ({"Type": "zeros", "Amount": 100}, "zero", {"fraction": 1.0}),
        ({"Type": "zeros", "Amount": 12.5}, "zero", {"fraction": 0.125}),
    ],
)
def test_type_amount_and_bit(
    work: Path, changes: dict[str, Any], name: str, configuration: dict[str, Any]
) -> None:
    (entry,) = document(translate(work, **changes))["error_models"]
    assert entry == {"name": name, "configuration": configuration}


def test_the_rest_comes_from_the_caller(work: Path) -> None:
    configuration = translate(work).configuration
    assert configuration.model == work / "model.onnx"
    assert configuration.inputs == Inputs(file=work / "inputs.npz", labels=Labels(array="labels"))
    assert configuration.injections.per_target == 12
    assert configuration.seed == 5


def test_targets_with_fewer_values_than_amount_are_left_out(work: Path) -> None:
    translation = translate(work, Amount=37)
    assert targets(translation) == ["conv", "relu"]  # 4 x 6 x 6; the others have 36 and 5
    (note,) = [note for note in translation.notes if note.startswith("Amount")]
    for name in ("pool", "flat", "scores"):
        assert repr(name) in note
    assert "at most 144" in refused(work, Amount=145)


@pytest.mark.thorough
@pytest.mark.parametrize("percentage", [1, 3, 30, 50, 100])
def test_a_percentage_that_is_rounded_otherwise_is_said(work: Path, percentage: int) -> None:
    translation = translate(work, Type="zeros", Amount=percentage, Bit=None)
    rows = records(translation, work)
    sizes = {"conv": 144, "relu": 144, "pool": 36, "flat": 36, "scores": 5}
    more = {
        row["target"]
        for row in rows
        if len(row["indices"]) != math.floor(percentage * sizes[row["target"]] / 100)
    }
    said = [note for note in translation.notes if "rounds down" in note]
    assert [f"in {len(more)} of the 5" in note for note in said] == [True] * bool(more)


def test_layers_by_name(work: Path) -> None:
    by_name = {"FIMode": "name", "LayerName": "Conv", "LayerInstanceNumber": 2}
    assert targets(translate(work, KERAS_FILE, **by_name)) == ["conv2"]
    both = translate(work, KERAS_FILE, **by_name, Mode="multiple")
    assert targets(both) == ["conv1", "conv2"]
    assert any(note.startswith("LayerInstanceNumber is not used") for note in both.notes)
    anywhere = translate(work, KERAS_FILE, **by_name | {"FIMode": "Random"})
    assert targets(anywhere) == list(keras_layers())[:-1]
    assert sum("is not used" in note for note in anywhere.notes) == 2


def test_what_is_not_honoured_is_said(work: Path) -> None:
    notes = translate(work, Type="zeros", Amount=50, Bit=3, Layer="N").notes
    assert any("Layer: 'N' is ignored" in note for note in notes)
    assert any(note.startswith("Bit is not used") for note in notes)
    notes = translate(work, Target="layer_states", FIMode="random").notes
    assert any(note.startswith("FIMode is not used") for note in notes)


def test_older_forms(work: Path) -> None:
    early = translate(work, Target=None, Mode="layer_states", Bit=None)
    assert document(early)["targets"]["kind"] == "weight"
    assert document(early)["error_models"][0]["configuration"]["bit"] == "any"
    assert len([x for x in early.notes if "early" in x or "Bit is missing" in x]) == 2
    misspelt = translate(work, Target="layer_state")
    assert document(misspelt)["targets"]["kind"] == "weight"
    assert any("layer_state is read" in note for note in misspelt.notes)


def refused(folder: Path, model: Path | None = None, **changes: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        translate(folder, model, **changes)
    message = str(caught.value)
    assert str(folder / "fault.yaml") in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Target": "weights"}, "Target must be layer_states or layer_outputs, got 'weights'"),
        ({"Target": None}, "Target must be layer_states or layer_outputs, and is missing"),
        ({"Mode": "all"}, "Mode must be single or multiple, got 'all'"),
        ({"Type": "mutate"}, "Type must be zeros or random or bitflips, got 'mutate'"),
        ({"Type": ["zeros"]}, "got ['zeros']"),
        ({"Amount": 0}, "Amount must be a number of values for Type: bitflips, got 0"),
        ({"Amount": 1.5}, "got 1.5"),
        ({"Amount": True}, "got True"),
        ({"Amount": None}, "and is missing"),
        ({"Amount": 101, "Type": "zeros"}, "at most 100, for Type: zeros, got 101"),
        ({"Amount": 0, "Type": "zeros"}, "above 0"),
        ({"Amount": float("nan"), "Type": "zeros"}, "got nan"),
        ({"Bit": 32}, "Bit must be N for a random bit, or from 0 to 31"),
        ({"Bit": "n"}, "got 'n'"),
        ({"FIMode": "name"}, "LayerName must be"),
        ({"FIMode": "name", "LayerName": "lstm"}, "(conv, relu, pool, flat, scores)"),
        ({"FIMode": "name", "LayerName": "o"}, "LayerInstanceNumber must be from 1 to 3"),
    ],
)
def test_what_makes_no_sense(work: Path, changes: dict[str, Any], expected: str) -> None:
    assert expected in refused(work, **changes)


def test_models_without_what_is_asked_for(tmp_path: Path) -> None:
    relu = sg.model([sg.node("Relu", "x", "y")], [sg.value("x", [1, 4])], [sg.value("y", [1, 4])])
    onnx.save(relu, tmp_path / "model.onnx")
    assert "Target must be layer_outputs" in refused(tmp_path, Target="layer_states")
    assert "Target must be layer_states" in refused(tmp_path)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "a: 2024-13-45", "\x00", "[" * 5000])
def test_files_that_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "fault.yaml"
    path.write_text(text)
    arguments: dict[str, Any] = {
        "model": tmp_path / "m.onnx",
        "inputs": Inputs(file=tmp_path / "x.npz"),
    }
    with pytest.raises(ConfigurationError, match=r"fault\.yaml must hold keys"):
        translate_tensorfi2(path, **arguments)
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match=r"fault\.yaml cannot be read as text: .*utf-8"):
        translate_tensorfi2(path, **arguments)
    with pytest.raises(ConfigurationError, match=r"none\.yaml cannot be read as text: No such"):
        translate_tensorfi2(tmp_path / "none.yaml", **arguments)


def test_the_translation_is_a_configuration_file(work: Path) -> None:
    translation = translate(work, Mode="multiple", Layer=3)
    path = work / "new" / "fault.yaml"
    translation.write(path)
    again = Configuration.from_yaml(path)
    assert again.model_copy(update={"out": None}) == translation.configuration
    comments = [line[2:] for line in path.read_text().splitlines() if line.startswith("# ")]
    assert comments == [f"Translated from {work / 'fault.yaml'}", *translation.notes]
    translation.write(path)
    path.write_text("mine")
    with pytest.raises(ConfigurationError, match="another"):
        translation.write(path)
    assert path.read_text() == "mine"
