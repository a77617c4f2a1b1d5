"""Tests attention and EinsumDense against recorded results of Keras, layer by layer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

from onnxfi.converters import NEWEST_OPSET, OLDEST_OPSET, convert
from onnxfi.errors import ModelFormatError, UnsupportedLayerError
from tests.support.keras_references import check_faults, check_layers, check_outputs, layer_map

each_family = pytest.mark.parametrize("family", ["k2", "k3"])


@each_family
def test_every_layer_tensor_equals_keras(references: Path, family: str) -> None:
    check_layers(references / f"attention_{family}.h5")


@each_family
@pytest.mark.parametrize("opset", [OLDEST_OPSET, 17, NEWEST_OPSET])
def test_every_opset_gives_the_outputs_of_keras_at_any_batch(
    references: Path, family: str, opset: int
) -> None:
    check_outputs(references / f"attention_{family}.h5", opset)


@each_family
def test_a_fault_in_a_layer_has_the_same_effect_as_in_keras(references: Path, family: str) -> None:
    check_faults(references / f"attention_{family}.h5")


def test_the_parts_of_an_attention_are_layers(references: Path) -> None:
    layers = layer_map(convert(references / "attention_k2.h5"))
    parts = ("query", "key", "value", "softmax", "attention_output")
    assert {f"own/{part}" for part in parts} | {"cross:1"} <= set(layers)
    assert layers["own/query"].channel_axis is None
    assert layers["own/attention_output"].channel_axis == 2
    assert layers["own/softmax"].channel_axis is None
    assert layers["mix"].operator_tensor == "mix/Add"


def test_projections_are_products_of_matrices(references: Path) -> None:
    model = convert(references / "attention_k3.h5")
    operators = {node.name: node.op_type for node in model.graph.node}
    assert operators["own/query/MatMul"] == "MatMul"
    assert operators["heads/Einsum"] == "Einsum"


@pytest.fixture
def edit(references: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies a reference .h5 and changes options of a layer."""

    def editor(family: str, layer: Any, options: dict[str, Any]) -> Path:
        path = tmp_path / "edited.h5"
        path.write_bytes((references / f"attention_{family}.h5").read_bytes())
        with h5py.File(path, "r+") as file:
            configuration = json.loads(file.attrs["model_config"])
            for entry in configuration["config"]["layers"]:
                if entry["config"]["name"] == layer:
                    entry["config"].update(options)
            file.attrs["model_config"] = json.dumps(configuration)
        return path

    return editor


@each_family
@pytest.mark.parametrize(
    ("layer", "options", "message"),
    [
        ("own", {"attention_axes": [1, 2]}, r"'own' .* attends along the axes \[1, 2\]"),
        ("own", {"softmax_robust_masking": True}, "'own' .* has softmax_robust_masking=True"),
        ("own", {"dtype": "float64"}, "'own' .* dtype policy 'float64'"),
        ("dots", {"score_mode": "cosine"}, "score_mode='cosine'"),
        ("mix", {"equation": "abc...,cd->abd..."}, r"equation 'abc\.\.\.,cd->abd\.\.\.'"),
        ("mix", {"activation": "unknown"}, "activation 'unknown'"),
    ],
)
def test_option_without_translation_names_the_layer(
    edit: Callable[..., Path], family: str, layer: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnsupportedLayerError, match=message) as caught:
        convert(edit(family, layer, options))
    assert caught.value.layer == layer


@each_family
@pytest.mark.parametrize(
    ("layer", "options", "message"),
    [
        ("own", {"num_heads": 3}, r"'kernel' of layer 'own/query'.*shape \(4, 3, 3\)"),
        ("own", {"key_dim": "x"}, "'own/query'"),
        ("own", {"use_bias": False}, "'own' must have 4 weights, got 8"),
        ("mix", {"equation": "abc"}, "has the equation 'abc'"),
        ("mix", {"equation": "abcd,cd->abd"}, "'equation' of layer 'mix'"),
        ("mix", {"equation": 7}, "'equation' of layer 'mix'"),
        ("mix", {"bias_axes": "z"}, "'bias_axes' of layer 'mix'"),
        ("mix", {"output_shape": [None, 5]}, r"'kernel' of layer 'mix'.*shape \(4, 5\)"),
        ("dots", {"use_scale": False}, "must have the weights"),
    ],
)
def test_damaged_option(
    edit: Callable[..., Path], family: str, layer: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelFormatError, match=message):
        convert(edit(family, layer, options))
