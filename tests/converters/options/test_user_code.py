"""Tests that user functions and classes are refused by name, with helpful advice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

from onnxfi.converters import convert
from onnxfi.errors import ModelFormatError, UnsupportedLayerError

# How Keras 2 and 3 store activation=lambda x: x * x, in .h5 and .keras; older ones say its type.
LAMBDAS = [
    {"value": ["4wEAAAAAAAAA", None, None]},
    {"class_name": "__lambda__", "config": {"value": ["4wEAAAAAAAAA", None, None]}},
    {"class_name": "function", "config": ["4wEAAAAAAAAA", None, None], "function_type": "lambda"},
    ["4wEAAAAAAAAA", None, None],
]
FUNCTIONS = [
    "bent",
    {"module": "builtins", "class_name": "function", "config": "bent"},
    {"module": "builtins", "class_name": "function", "config": "mine>bent"},
    {"class_name": "Bent", "config": {"name": "relu"}},
    {"module": None, "class_name": "ReLU", "config": {}, "registered_name": "ReLU"},
    {"module": "mine", "class_name": "ReLU", "config": {}, "registered_name": "mine>ReLU"},
]
ACTIVATED = [
    ("lenet_k2.h5", "conv2d", "activation"),
    ("lenet_k3.h5", "conv2d", "activation"),
    ("series_k2.h5", "transposed", "activation"),
    ("recurrent_k3.h5", "lstm", "activation"),
    ("recurrent_k2.h5", "lstm", "recurrent_activation"),
    ("convolutional_recurrent_k3.h5", "first", "recurrent_activation"),
    ("more_activations_k3.h5", "glu", "activation"),
    ("attention_k2.h5", "mix", "activation"),
]


@pytest.fixture
def edit(references: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies a reference .h5 and changes one of its layers."""

    def editor(source: str, name: str, change: Callable[[Any], object]) -> Path:
        path = tmp_path / "edited.h5"
        path.write_bytes((references / source).read_bytes())
        with h5py.File(path, "r+") as file:
            configuration = json.loads(file.attrs["model_config"])
            layers = configuration["config"]["layers"]
            (layer,) = (x for x in layers if x["config"]["name"] == name)
            change(layer)
            file.attrs["model_config"] = json.dumps(configuration)
        return path

    return editor


@pytest.mark.parametrize(
    ("source", "layer", "option", "activation"),
    [
        *((*ACTIVATED[0], activation) for activation in (*LAMBDAS, *FUNCTIONS)),
        *((*where, activation) for where in ACTIVATED[1:] for activation in LAMBDAS[:1]),
    ],
)
def test_an_activation_of_the_users_is_refused(
    edit: Callable[..., Path], source: str, layer: Any, option: str, activation: str
) -> None:
    path = edit(source, layer, lambda x: x["config"].update({option: activation}))
    with pytest.raises(UnsupportedLayerError, match=f"layer '{layer}' .* activation") as caught:
        convert(path)
    assert "tf2onnx" not in str(caught.value)
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize(
    "entry",
    [
        {"class_name": "Lambda"},
        {"class_name": "Mine"},
        {"class_name": "mine>Dense"},
        {"module": None, "registered_name": "Dense"},
        {"module": "mine.layers", "registered_name": "Dense"},
        {"module": "keras.layers", "registered_name": "mine>Dense"},
    ],
)
def test_a_class_of_the_users_is_refused(edit: Callable[..., Path], entry: Any) -> None:
    path = edit("lenet_k3.h5", "dense", lambda x: x.update(entry))
    with pytest.raises(UnsupportedLayerError, match=r"layer 'dense' .* holds code") as got:
        convert(path)
    assert "tf2onnx" not in str(got.value)


@pytest.mark.parametrize("module", ["keras.layers", "keras.src.layers.core.dense", "tf_keras"])
def test_a_class_of_keras_may_state_its_module(edit: Callable[..., Path], module: str) -> None:
    path = edit("lenet_k3.h5", "dense", lambda x: x.update(module=module, registered_name=None))
    convert(path)


def test_a_cell_of_the_users_is_refused(edit: Callable[..., Path]) -> None:
    def change(layer: Any) -> None:
        layer["config"]["cell"]["config"]["cells"][1].update(module=None, registered_name="Mine")

    with pytest.raises(UnsupportedLayerError, match=r"layer 'stack' .* has the cell 'Custom>"):
        convert(edit("wrapped_k3.h5", "stack", change))


def test_code_that_only_training_runs_does_not_matter(
    edit: Callable[..., Path], references: Path
) -> None:
    def change(layer: Any) -> None:
        for option in ("kernel_initializer", "bias_regularizer", "kernel_constraint"):
            layer["config"][option] = LAMBDAS[0]

    path = edit("lenet_k3.h5", "conv2d", change)
    assert convert(path).graph == convert(references / "lenet_k3.h5").graph


def test_an_activation_in_a_layer_of_its_own_is_that_activation(
    edit: Callable[..., Path], references: Path
) -> None:
    inner = {"class_name": "Activation", "config": {"name": "act", "activation": "relu"}}
    path = edit("lenet_k3.h5", "conv2d", lambda x: x["config"].update(activation=inner))
    named = edit("lenet_k3.h5", "conv2d", lambda x: x["config"].update(activation="relu"))
    assert convert(path).graph == convert(named).graph


@pytest.mark.parametrize(
    ("version", "change"),
    [
        ("1.2.2", {"class_name": "Dense", "config": {"name": "dense", "output_dim": 3}}),
        (None, {"class_name": "Convolution2D", "config": {"name": "conv", "nb_filter": 3}}),
        ("4.0.0", {}),
    ],
)
def test_a_file_of_another_version_is_not_called_damaged(
    edit: Callable[..., Path], version: str, change: Callable[[Any], object]
) -> None:
    path = edit("lenet_k2.h5", "dense", lambda x: x.update(change))
    with h5py.File(path, "r+") as file:
        for owner in (file, file["model_weights"]):
            del owner.attrs["keras_version"]
        if version is not None:
            file.attrs["keras_version"] = version
    said = "states the version '4.0.0'" if version == "4.0.0" else "written by Keras 1"
    with pytest.raises(ModelFormatError, match=said) as caught:
        convert(path)
    assert "damaged" not in str(caught.value)
