"""Tests both routes against live Keras on random models; needs the extra ``oracles``."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest

from onnxfi.converters import convert, verify
from onnxfi.errors import ConversionMismatchError, ModelFormatError

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("live")]

# Builds a random model in a separate process, because TensorFlow would stay loaded in this one.
BUILDER = """
import importlib, sys
import numpy as np
k = importlib.import_module(sys.argv[1]); rng = np.random.default_rng(int(sys.argv[2]))
k.utils.set_random_seed(int(sys.argv[2])); L = k.layers
size = int(rng.integers(8, 14))
image = L.Input((size, int(rng.integers(8, 14)), int(rng.integers(1, 4))), name="image")
x = image; skips = [x]
pick = lambda *values: values[rng.integers(len(values))]
for i in range(int(rng.integers(4, 9))):
    kind = pick("conv", "conv", "norm", "activation", "pool", "up", "pad", "skip")
    same = pick("same", "valid") if min(x.shape[1:3]) > 4 else "same"
    if kind == "conv":
        x = L.Conv2D(int(rng.integers(1, 6)), int(rng.integers(1, 4)), padding=same,
                     strides=int(rng.integers(1, 3)), use_bias=bool(rng.integers(2)),
                     activation=pick("relu", "elu", "hard_sigmoid", "swish", None))(x)
    elif kind == "norm":
        x = L.BatchNormalization(scale=bool(rng.integers(2)), center=bool(rng.integers(2)))(x)
    elif kind == "activation":
        x = L.Activation(pick("gelu", "softmax", "tanh", "selu", "leaky_relu"))(x)
    elif kind == "pool":
        x = pick(L.MaxPooling2D, L.AveragePooling2D)(2, strides=pick(None, 1), padding="same")(x)
    elif kind == "up":
        x = L.Conv2DTranspose(3, int(rng.integers(1, 5)), strides=int(rng.integers(1, 4)),
                              padding=same)(x)
    elif kind == "pad":
        x = L.ZeroPadding2D(int(rng.integers(1, 3)))(x)
    else:
        y = L.Conv2D(x.shape[-1], 3, padding="same")(x)
        x = pick(L.Add, L.Multiply, L.Maximum, L.Concatenate)()([x, y])
head = pick(L.Flatten, L.GlobalAveragePooling2D)()(x)
model = k.Model(image, [L.Dense(3, activation="softmax")(head), x])
for layer in model.layers:
    layer.set_weights([rng.uniform(0.5, 1.5, w.shape).astype("f4") if w.ndim == 1 else w
                       for w in layer.get_weights()])
model.save(sys.argv[3])
"""


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that saves a random model of a Keras family."""

    def builder(family: str, seed: int, program: Any = BUILDER) -> Path:
        path = tmp_path / f"{family}_{seed}.h5"
        subprocess.run(
            [sys.executable, "-c", program, family, str(seed), path],
            check=True,
            capture_output=True,
        )
        return path

    return builder


@pytest.mark.parametrize("family", ["tf_keras", "keras"])
@pytest.mark.parametrize("seed", range(6))
def test_native_route_agrees_with_live_keras(
    build: Callable[..., Path], family: str, seed: int
) -> None:
    source = build(family, seed)
    assert verify(source, convert(source)) < 1e-4


@pytest.mark.parametrize("family", ["k2", "k3"])
def test_tf2onnx_route_agrees_with_live_keras(references: Path, family: str) -> None:
    source = references / f"unet_{family}.h5"
    model = convert(source, route="tf2onnx")
    assert verify(source, model) < 1e-4
    assert [value.name for value in model.graph.input] == ["image"]


@pytest.mark.parametrize("family", ["k2", "k3"])
def test_tf2onnx_route_keeps_the_order_of_many_outputs_and_writes_gelu(
    references: Path, family: str
) -> None:
    source = references / f"activations_{family}.h5"
    assert verify(source, convert(source, route="tf2onnx")) < 1e-5


def test_tf2onnx_names_the_operators_that_it_left(references: Path) -> None:
    with pytest.raises(ModelFormatError, match="left PartitionedCall"):
        convert(references / "every_layer_k2.h5", route="tf2onnx")


def test_tf2onnx_is_named_where_it_writes_an_invalid_model(build: Callable[..., Path]) -> None:
    # Conv2DTranspose with a stride larger than its kernel gets negative pads.
    with pytest.raises(ModelFormatError, match="tf2onnx wrote it so: use --route native"):
        convert(build("tf_keras", 0), route="tf2onnx")


def test_wrong_weights_are_seen(references: Path) -> None:
    source = references / "lenet_k2.h5"
    model = convert(source)
    weight = model.graph.initializer[0]
    wrong = onnx.numpy_helper.to_array(weight) + np.float32(0.1)
    weight.CopyFrom(onnx.numpy_helper.from_array(wrong, weight.name))
    assert verify(source, model) > 1e-3


def test_another_model_is_seen(references: Path) -> None:
    source = references / "unet_k2.h5"
    model = convert(source)
    del model.graph.output[0]
    model.graph.output.add(name="down1").type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    with pytest.raises(ConversionMismatchError, match="must have the outputs of its source"):
        verify(source, model)


def test_failure_of_keras_is_one_message(references: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes((references / "lenet_k2.h5").read_bytes())
    model = convert(path)
    with h5py.File(path, "r+") as file:
        text = file.attrs["model_config"].replace('"Dense"', '"Dense2"')
        file.attrs["model_config"] = text
    with pytest.raises(ModelFormatError, match=r"tf_keras failed on .*Dense2"):
        verify(path, model)


@pytest.mark.parametrize("family", ["k2", "k3"])
def test_a_weights_only_file_is_verified_with_its_architecture(
    references: Path, tmp_path: Path, family: str
) -> None:
    weights, architecture = tmp_path / "weights.h5", tmp_path / "architecture.json"
    with h5py.File(references / f"lenet_{family}.h5") as whole, h5py.File(weights, "w") as file:
        architecture.write_text(whole.attrs["model_config"])
        for name in whole["model_weights"]:
            whole.copy(f"model_weights/{name}", file)
        file.attrs.update(whole["model_weights"].attrs)
        file.attrs["keras_version"] = whole.attrs["keras_version"]
    model = convert(weights, architecture=architecture)
    assert verify(weights, model, architecture=architecture) < 1e-5
