"""Tests layers on images, volumes and series, and faults in them, against recorded Keras."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from onnxfi.converters import NEWEST_OPSET, OLDEST_OPSET, convert
from tests.support.keras_references import (
    check_faults,
    check_layers,
    check_outputs,
    read_arrays,
    run,
)
from tests.support.tiers import rest_by_night

BOTH = (
    "series",
    "volume",
    "normalisations",
    "more_activations",
    "operations",
    "nested",
    "mixed",
    "resizing",
    "convolutional_recurrent",
    "bidirectional_images",
    "inner_axes",
    "attention_of_images",
)
MODELS = (
    *(f"{name}_{family}" for name in BOTH for family in ("k2", "k3")),
    "adaptive_k3",
    "augmentation_k2",
    "channels_first_k3",
    "functions_k2",
    "locally_connected_k2",
)

each_model = pytest.mark.parametrize("name", MODELS)


@each_model
def test_every_layer_equals_keras(references: Path, name: str) -> None:
    check_layers(references / f"{name}.h5")


@pytest.mark.thorough
@each_model
@pytest.mark.parametrize("opset", rest_by_night([OLDEST_OPSET, NEWEST_OPSET], [NEWEST_OPSET]))
def test_outputs_equal_keras_at_any_batch(references: Path, name: str, opset: int) -> None:
    check_outputs(references / f"{name}.h5", opset)


@pytest.mark.thorough
@each_model
def test_a_fault_in_each_layer_has_the_same_effect_as_in_keras(references: Path, name: str) -> None:
    check_faults(references / f"{name}.h5")


@pytest.mark.parametrize("family", ["k2", "k3"])
@pytest.mark.parametrize(
    "name", ["normalisations", "convolutional_recurrent", "attention_of_images"]
)
def test_an_archive_has_the_weights_of_the_h5(references: Path, name: str, family: str) -> None:
    whole, archive = (convert(references / f"{name}_{family}{x}") for x in (".h5", ".keras"))
    assert whole.graph == archive.graph


@pytest.mark.parametrize("family", ["k2", "k3"])
def test_convlstm_with_channels_first_is_that_of_the_transposed_input(
    references: Path, tmp_path: Path, family: str
) -> None:
    source = references / f"convolutional_recurrent_{family}.h5"
    path = tmp_path / "first.h5"
    path.write_bytes(source.read_bytes())
    with h5py.File(path, "r+") as file:
        configuration = json.loads(file.attrs["model_config"])
        for layer in configuration["config"]["layers"]:
            options = layer["config"]
            if layer["class_name"] == "InputLayer":
                key = "batch_shape" if "batch_shape" in options else "batch_input_shape"
                batch, time, *inner, channels = options[key]
                options[key] = [batch, time, channels, *inner]
            else:
                options["data_format"] = "channels_first"
        file.attrs["model_config"] = json.dumps(configuration)
    inputs = read_arrays(source, "input")
    moved = {name: np.moveaxis(value, -1, 2) for name, value in inputs.items()}
    for actual, wanted in zip(run(convert(path), moved), run(convert(source), inputs), strict=True):
        np.testing.assert_allclose(np.moveaxis(actual, 1, -1), wanted, rtol=1e-5, atol=1e-6)
