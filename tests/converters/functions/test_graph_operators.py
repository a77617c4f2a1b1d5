"""Tests TensorFlowOpLayer on configurations that TensorFlow 2.0 to 2.3 wrote."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from onnxfi.converters import convert
from onnxfi.errors import ModelFormatError, UnsupportedLayerError
from tests.support.keras_references import run

X = np.random.default_rng(5).normal(size=(2, 4, 6)).astype(np.float32)
MATRIX = np.arange(12, dtype=np.float32).reshape(6, 2)


def node(
    op: Any, inputs: Any, constants: Any = None, *, name: str | None = None, **attributes: Any
) -> dict[str, Any]:
    """Return the layer of an operator on the outputs of other layers."""
    name = name or op
    config = {
        "name": name,
        "trainable": True,
        "dtype": "float32",
        "node_def": {"name": name, "op": op, "attr": attributes},
        "constants": constants or {},
    }
    return {
        "class_name": "TensorFlowOpLayer",
        "name": f"tf_op_layer_{name}",
        "config": config,
        "inbound_nodes": [[[source, 0, 0, {}] for source in inputs]],
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a model of an input x (4, 6) and of layers."""

    def writer(*layers: Any, outputs: Any = ((-1, 0),)) -> Path:
        x = {
            "class_name": "InputLayer",
            "name": "x",
            "config": {"batch_input_shape": [None, 4, 6], "dtype": "float32", "name": "x"},
            "inbound_nodes": [],
        }
        config = {
            "name": "model",
            "layers": [x, *layers],
            "input_layers": [["x", 0, 0]],
            "output_layers": [[layers[i]["name"], 0, index] for i, index in outputs],
        }
        path = tmp_path / "model.h5"
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": config})
            file.attrs["keras_version"], file.attrs["backend"] = "2.2.4-tf", "tensorflow"
            weights = file.create_group("model_weights")
            weights.attrs["layer_names"] = np.array([b"x"])
            weights.create_group("x").attrs["weight_names"] = np.array([], "S1")
        return path

    return writer


def whole(value: Any) -> dict[str, str]:
    return {"i": str(value)}


CASES = {
    "constant first": (node("Sub", ["x"], {"0": 3.0}), 3 - X),
    "mean": (
        node("Mean", ["x"], {"1": [1, 2]}, keep_dims={"b": True}),
        X.mean(axis=(1, 2), keepdims=True),
    ),
    "scalar": (node("Sum", ["x"], {"1": [0, 1, 2]}), X.sum()),
    "einsum": (
        node(
            "Einsum",
            ["x"],
            {"1": MATRIX.tolist()},
            equation={"s": base64.b64encode(b"abc,cd->abd").decode()},
        ),
        X @ MATRIX,
    ),
    "strided slice": (
        node(
            "StridedSlice",
            ["x"],
            {"1": [0, 3, 0], "2": [0, 0, 5], "3": [1, -1, 2]},
            begin_mask=whole(1),
            end_mask=whole(1),
            shrink_axis_mask=whole(0),
        ),
        X[:, 3:0:-1, 0:5:2],
    ),
    "cast": (node("Cast", ["x"], DstT={"type": "DT_INT32"}), X.astype(np.int32)),
    "mirror": (
        node(
            "MirrorPad",
            ["x"],
            {"1": [[0, 0], [1, 2], [0, 0]]},
            mode={"s": base64.b64encode(b"REFLECT").decode()},
        ),
        np.pad(X, [(0, 0), (1, 2), (0, 0)], "reflect"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_operator_is_that_of_tensorflow(write: Callable[..., Path], name: str) -> None:
    layer, wanted = CASES[name]
    model = convert(write(layer))
    (actual,) = run(model, {"x": X})
    np.testing.assert_allclose(actual, wanted, rtol=1e-5, atol=1e-6)
    dims = model.graph.output[0].type.tensor_type.shape.dim
    assert len(dims) == np.ndim(wanted)


def test_outputs_of_one_operator(write: Callable[..., Path]) -> None:
    split = node("SplitV", ["x"], {"1": [1, 3], "2": 1})
    first, second = run(convert(write(split, outputs=[(0, 0), (0, 1)])), {"x": X})
    np.testing.assert_array_equal(first, X[:, :1])
    np.testing.assert_array_equal(second, X[:, 1:])


def test_shape_made_of_tensors_keeps_the_batch(write: Callable[..., Path]) -> None:
    bounds = {"1": [0], "2": [1], "3": [1]}
    layers = [
        node("Shape", ["x"], out_type={"type": "DT_INT32"}),
        node("StridedSlice", ["tf_op_layer_Shape"], bounds, shrink_axis_mask=whole(1)),
        node("Pack", ["tf_op_layer_StridedSlice"], {"1": -1, "2": 3}, axis=whole(0)),
        node("Reshape", ["x", "tf_op_layer_Pack"]),
    ]
    model = convert(write(*layers))
    (actual,) = run(model, {"x": X})
    np.testing.assert_array_equal(actual, X.reshape(2, 8, 3))
    batch, *sizes = model.graph.output[0].type.tensor_type.shape.dim
    assert batch.dim_param == "N"
    assert [size.dim_value for size in sizes] == [8, 3]


def test_operator_as_bytes_as_tensorflow_2_0_wrote_it(write: Callable[..., Path]) -> None:
    layer = node("Mul", ["x"], {"1": 2.5})
    layer["config"]["node_def"] = (
        "\n\x03mul\x12\x03Mul\x1a\x01x\x1a\x05mul/y*\x07\n\x01T\x12\x020\x01"
    )
    (actual,) = run(convert(write(layer)), {"x": X})
    np.testing.assert_array_equal(actual, X * np.float32(2.5))


@pytest.mark.parametrize("stored", ["\n\xff", 7, {"op": "Mul", "attr": 3}])
def test_damaged_operator(write: Callable[..., Path], stored: Any) -> None:
    layer = node("Mul", ["x"], {"1": 2.5})
    layer["config"]["node_def"] = stored
    with pytest.raises(ModelFormatError, match="node_def"):
        convert(write(layer))


def test_operator_without_translation_is_named(write: Callable[..., Path]) -> None:
    with pytest.raises(UnsupportedLayerError, match="operator 'ReadFile', which has no trans"):
        convert(write(node("ReadFile", ["x"])))
