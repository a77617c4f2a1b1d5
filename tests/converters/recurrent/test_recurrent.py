"""Tests recurrent layers, wrappers and Keras masks against recorded results of Keras."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest

from onnxfi.converters import NEWEST_OPSET, OLDEST_OPSET, convert
from onnxfi.errors import ModelFormatError, UnsupportedLayerError
from tests.support.keras_references import (
    check_faults,
    check_layers,
    check_outputs,
    layer_map,
    read_arrays,
    run,
)


def each_model(test: Any) -> Any:
    """Run a test for every model of both families."""
    test = pytest.mark.parametrize("family", ["k2", "k3"])(test)
    return pytest.mark.parametrize("name", ["recurrent", "wrapped", "masked", "text"])(test)


@each_model
def test_every_layer_tensor_equals_keras(references: Path, name: str, family: str) -> None:
    check_layers(references / f"{name}_{family}.h5")


@pytest.mark.thorough
@each_model
@pytest.mark.parametrize("opset", [OLDEST_OPSET, 17, NEWEST_OPSET])
def test_every_opset_gives_the_outputs_of_keras_at_any_batch(
    references: Path, name: str, family: str, opset: int
) -> None:
    check_outputs(references / f"{name}_{family}.h5", opset)


@each_model
def test_a_fault_in_a_layer_has_the_same_effect_as_in_keras(
    references: Path, name: str, family: str
) -> None:
    check_faults(references / f"{name}_{family}.h5")


def nodes(model: onnx.ModelProto, path: str) -> list[str]:
    """Return the operators of a layer call."""
    return [node.op_type for node in model.graph.node if node.name.startswith(f"{path}/")]


def test_layers_are_operators_of_onnx_where_it_knows_their_activations(references: Path) -> None:
    model = convert(references / "recurrent_k2.h5")
    assert "LSTM" in nodes(model, "lstm")
    assert "GRU" in nodes(model, "gru_before")
    assert "RNN" in nodes(model, "simple")
    assert "LSTM" in nodes(model, "hard")
    assert "Scan" in nodes(model, "swish")


def test_hard_sigmoid_has_the_slope_of_the_keras_that_wrote_the_file(references: Path) -> None:
    slopes = []
    for family in ("k2", "k3"):
        model = convert(references / f"recurrent_{family}.h5")
        (node,) = [node for node in model.graph.node if node.name == "hard/LSTM"]
        slopes.append(onnx.helper.get_node_attr_value(node, "activation_alpha")[0])
    assert slopes == pytest.approx([0.2, 1 / 6])


def test_states_and_calls_are_named_in_the_layer_map(references: Path) -> None:
    layers = layer_map(convert(references / "recurrent_k3.h5"))
    assert [layers[path].tensor for path in ("decoder", "decoder:1", "decoder:2")] == [
        "decoder",
        "decoder:1",
        "decoder:2",
    ]
    assert layers["decoder"].channel_axis == 2
    assert layers["decoder:1"].channel_axis is None
    layers = layer_map(convert(references / "wrapped_k2.h5"))
    assert {"concat", "concat@1", "concat/forward_lstm", "concat/backward_lstm@1"} <= set(layers)
    assert {"each_frame/steps/gru", "each_frame", "none:5"} <= set(layers)


def test_two_calls_of_a_wrapper_share_its_weights(references: Path) -> None:
    model = convert(references / "wrapped_k2.h5")
    names = [x.name for x in model.graph.initializer if x.name.startswith("concat")]
    kernels = [name for name in names if name.endswith("/kernel")]
    assert kernels == ["concat/forward_lstm/kernel", "concat/backward_lstm/kernel"]


@pytest.fixture
def edit(references: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies a reference .h5 and changes options of its layers."""

    def editor(source: str, change: Callable[[Any], object]) -> Path:
        path = tmp_path / "edited.h5"
        path.write_bytes((references / source).read_bytes())
        with h5py.File(path, "r+") as file:
            configuration = json.loads(file.attrs["model_config"])
            layers = configuration["config"]["layers"]
            change({layer["config"]["name"]: layer for layer in layers})
            file.attrs["model_config"] = json.dumps(configuration)
        return path

    return editor


def test_a_stateful_layer_starts_from_zeros(edit: Callable[..., Path], references: Path) -> None:
    path = edit("recurrent_k2.h5", lambda x: x["lstm"]["config"].update(stateful=True))
    inputs = read_arrays(references / "recurrent_k2.h5", "input")
    expected = read_arrays(references / "recurrent_k2.h5", "output")["0"]
    model = convert(path)
    np.testing.assert_allclose(run(model, inputs)[0], expected, rtol=1e-5, atol=1e-6)
    notes = {entry.key: entry.value for entry in model.metadata_props}["onnxfi.notes"]
    said = "Layer 'lstm' is stateful: here each run of the model begins from its initial state."
    assert json.loads(notes) == [said]


@pytest.mark.parametrize("source", ["recurrent_k2.h5", "recurrent_k3.h5"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_major": True}, r"time as its first axis \(time_major=True\)"),
        ({"activation": "threshold"}, "activation 'threshold', which has no translation"),
        ({"recurrent_activation": {"class_name": "PReLU", "config": {}}}, "activation 'PReLU'"),
        ({"dtype": "float64"}, "dtype policy 'float64'"),
        ({"num_constants": 1}, "called on constants"),
    ],
)
def test_option_without_translation_names_layer_class_and_other_route(
    edit: Callable[..., Path], source: str, options: dict[str, Any], message: str
) -> None:
    path = edit(source, lambda x: x["lstm"]["config"].update(options))
    with pytest.raises(UnsupportedLayerError, match=message) as caught:
        convert(path)
    assert (caught.value.layer, caught.value.layer_class) == ("lstm", "LSTM")
    assert "--route tf2onnx" in str(caught.value)


def test_cell_and_wrapped_layer_without_translation(edit: Callable[..., Path]) -> None:
    def change_cell(layers: dict[str, Any]) -> None:
        layers["stack"]["config"]["cell"]["config"]["cells"][1]["class_name"] = "Mine"

    with pytest.raises(UnsupportedLayerError, match=r"layer 'stack' .* has the cell 'Mine'"):
        convert(edit("wrapped_k2.h5", change_cell))

    def change_inner(layers: dict[str, Any]) -> None:
        layers["each_step"]["config"]["layer"]["class_name"] = "Mine"

    with pytest.raises(UnsupportedLayerError, match="'each_step/dense' of class 'Mine' holds code"):
        convert(edit("wrapped_k3.h5", change_inner))


@pytest.mark.parametrize("source", ["wrapped_k2.h5", "wrapped_k3.h5"])
def test_stateful_layer_under_time_distributed(edit: Callable[..., Path], source: str) -> None:
    def change(layers: dict[str, Any]) -> None:
        inner = layers["each_frame"]["config"]["layer"]["config"]["layers"]
        (gru,) = [layer for layer in inner if layer["class_name"] == "GRU"]
        gru["config"]["stateful"] = True

    with pytest.raises(UnsupportedLayerError, match=r"'each_frame' .* wraps a stateful layer"):
        convert(edit(source, change))


@pytest.mark.parametrize(
    ("source", "layer", "options", "message"),
    [
        ("recurrent_k2.h5", "lstm", {"units": 4}, r"'kernel'.* shape \(3, 16\).*got \(3, 12\)"),
        ("recurrent_k2.h5", "lstm", {"units": "many"}, "'units' of layer 'lstm'.*'many'"),
        ("recurrent_k2.h5", "lstm", {"use_bias": False}, r"weights .*'recurrent_kernel'\], got"),
        ("recurrent_k2.h5", "gru_before", {"reset_after": True}, r"'bias'.*shape \(2, 9\)"),
        ("wrapped_k2.h5", "stack", {"cell": 7}, "'cell' of layer 'stack'"),
        ("wrapped_k2.h5", "concat", {"layer": None}, "'concat' wraps the layer 'None'"),
        ("wrapped_k2.h5", "each_step", {"layer": {}}, "'each_step' wraps the layer"),
        ("wrapped_k3.h5", "sum", {"merge_mode": "max"}, "merge_mode='max'"),
        ("masked_k2.h5", "embedding", {"input_dim": 9}, r"'embeddings'.*shape \(9, 3\)"),
    ],
)
def test_damaged_option(
    edit: Callable[..., Path], source: str, layer: Any, options: dict[str, Any], message: str
) -> None:
    path = edit(source, lambda x: x[layer]["config"].update(options))
    with pytest.raises(ModelFormatError, match=message):
        convert(path)


@pytest.mark.parametrize(
    ("layer", "nodes", "message"),
    [
        ("lstm", [[["source", 0, 0, {"mask": [True]}]]], "mask that is no tensor of type bool"),
        ("lstm", [[["source", 0, 0, {"initial_state": [1.0]}]]], "called on constants"),
        ("lstm", [[["source", 0, 0, {"swap": 1}]]], "with the argument swap=1"),
        ("lstm", [[["source", 0, 0, {}], ["encoder", 0, 1, {}]]], "inputs never come"),
        ("encoder", [[["gelu", 0, 0, {}], ["lstm", 0, 0, {}]]], "2 states or none, got 1"),
        ("out", [[["encoder", 0, 7, {}]]], "uses output 7 of call 0 of layer 'encoder'"),
        ("second", [[["encoder", 0, 1, {}]]], "must get a tensor of rank 3"),
    ],
)
def test_damaged_call(edit: Callable[..., Path], layer: Any, nodes: Any, message: str) -> None:
    path = edit("recurrent_k2.h5", lambda x: x[layer].update(inbound_nodes=nodes))
    with pytest.raises(ModelFormatError, match=message):
        convert(path)


def test_integers_are_no_features(edit: Callable[..., Path]) -> None:
    def change(layers: dict[str, Any]) -> None:
        layers["multiply"]["inbound_nodes"] = [[["tokens", 0, 0, {}], ["masking", 0, 0, {}]]]

    with pytest.raises(UnsupportedLayerError, match=r"'multiply' .* a tensor of type int32"):
        convert(edit("masked_k2.h5", change))


JUNK: tuple[Any, ...] = (
    None,
    -1,
    0,
    10**9,
    1e308,
    "x",
    [],
    {},
    True,
    [[]],
    {"class_name": "Mine"},
    ["a", 0, 0],
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything inside a configuration."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


@pytest.mark.parametrize("source", ["wrapped_k2.h5", "masked_k3.h5", "attention_k3.h5"])
@pytest.mark.parametrize("seed", range(8))
def test_junk_in_a_configuration_gives_a_model_or_one_clear_error(
    references: Path, tmp_path: Path, source: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    path = tmp_path / "junk.h5"
    path.write_bytes((references / source).read_bytes())
    with h5py.File(path, "r+") as file:
        configuration = json.loads(file.attrs["model_config"])
        found = list(places(configuration))
        *parents, last = found[rng.integers(len(found))]
        parent = configuration
        for key in parents:
            parent = parent[key]
        parent[last] = JUNK[rng.integers(len(JUNK))]
        file.attrs["model_config"] = json.dumps(configuration)
    try:
        convert(path)
    except ModelFormatError as error:
        assert len(str(error)) > 40  # noqa: PT017
