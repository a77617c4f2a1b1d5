"""Tests the route tf2onnx against live TensorFlow; needs the extra ``oracles``."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.converters import Limits, convert
from onnxfi.converters.metadata.layer_map import METADATA_KEY, parse_absent_layers
from onnxfi.errors import ModelFormatError
from tests.support.keras_references import assert_close, layer_map, read_arrays, run, stored_layout

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("live")]

# Writes a SavedModel, its TFLite file, and the output of each layer.
BUILDER = """
import sys
import numpy as np, tensorflow as tf, tf_keras
folder, L = sys.argv[1], tf_keras.layers
tf_keras.utils.set_random_seed(0)
image = L.Input((9, 9, 3), name="image")
x = L.Conv2D(4, 3, activation="relu", name="conv1")(image)
x = L.BatchNormalization(name="norm")(x)
y = L.Conv2D(4, 3, padding="same", name="conv2")(x)
x = L.MaxPooling2D(2, name="pool")(L.Add(name="add")([x, y]))
dense = L.Dense(5, activation="softmax", name="dense")(L.Flatten(name="flatten")(x))
model = tf_keras.Model(image, dense)
rng = np.random.default_rng(0)
for layer in model.layers:
    layer.set_weights([rng.uniform(0.5, 1.5, w.shape) if w.ndim == 1 else w
                       for w in layer.get_weights()])
model.export(folder + "/saved")
converter = tf.lite.TFLiteConverter.from_saved_model(folder + "/saved")
open(folder + "/model.tflite", "wb").write(converter.convert())
given = rng.normal(size=(2, 9, 9, 3)).astype("float32")
layers = model.layers[1:]
values = tf_keras.Model(image, [x.output for x in layers])(given)
np.savez(folder + "/saved.npz", **{"input:image": given},
         **{f"layer:{x.name}": np.asarray(v) for x, v in zip(layers, values)})
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tensorflow")
    subprocess.run([sys.executable, "-c", BUILDER, folder], check=True, capture_output=True)
    return folder


def test_a_saved_model_keeps_its_scopes_as_layers(built: Path) -> None:
    model = convert(built / "saved")
    layers = layer_map(model)
    expected = read_arrays(built / "saved", "layer")
    assert set(layers) == set(expected)
    values = run(model, read_arrays(built / "saved", "input"), [x.tensor for x in layers.values()])
    for (path, layer), value in zip(layers.items(), values, strict=True):
        assert layer.tensor == path
        assert_close(value, stored_layout(expected[path], layer), path)
    assert [node.op_type for node in model.graph.node].count("BatchNormalization") == 1


def test_a_tflite_file_keeps_its_scopes_as_layers(built: Path) -> None:
    model = convert(built / "model.tflite")
    layers = layer_map(model)
    expected = read_arrays(built / "saved", "layer")
    assert set(layers) == set(expected)
    (image,) = read_arrays(built / "saved", "input").values()
    given = {model.graph.input[0].name: image}
    values = run(model, given, [x.tensor for x in layers.values()])
    for (path, layer), value in zip(layers.items(), values, strict=True):
        if path == "dense":  # its softmax is the output, which is in no scope
            assert not np.allclose(value, expected[path])
        else:
            assert_close(value, stored_layout(expected[path], layer), path)


def test_layers_of_keras_are_found_and_hold_what_keras_computes(references: Path) -> None:
    source = references / "unet_k3.h5"
    model = convert(source, route="tf2onnx")
    layers, expected = layer_map(model), read_arrays(source, "layer")
    text = next(x.value for x in model.metadata_props if x.key == METADATA_KEY)
    assert set(expected) - set(layers) == {x.path for x in parse_absent_layers(text)}
    assert layers["down1"].operator_tensor == "down1/Conv"
    values = run(model, read_arrays(source, "input"), [x.tensor for x in layers.values()])
    for (path, layer), value in zip(layers.items(), values, strict=True):
        assert_close(value, stored_layout(expected[path], layer), path)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="memory is watched on Linux only")
def test_limits_stop_tensorflow(references: Path) -> None:
    for limits, option in (
        (Limits(memory=2**27), "--memory-limit"),
        (Limits(seconds=0.5), "--time-limit"),
    ):
        with pytest.raises(ModelFormatError, match=option):
            convert(references / "lenet_k3.h5", route="tf2onnx", limits=limits)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the child in /proc")
def test_a_killed_conversion_leaves_no_file_and_no_process(
    references: Path, tmp_path: Path
) -> None:
    program = "import sys; from onnxfi.cli.main import main; sys.argv[0] = 'onnxfi'; main()"
    command = [sys.executable, "-c", program, "convert", "--route", "tf2onnx"]
    destination = tmp_path / "model.onnx"
    parent = subprocess.Popen([*command, references / "lenet_k3.h5", destination])
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    while not (child := children.read_text().split()):
        assert parent.poll() is None
        time.sleep(0.1)
    time.sleep(2)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    while Path(f"/proc/{child[0]}").exists() and _is_running(child[0]):
        time.sleep(0.1)
    assert list(tmp_path.iterdir()) == []


def _is_running(process: Any) -> bool:
    status = Path(f"/proc/{process}/stat").read_text()
    return status.rpartition(") ")[2][0] != "Z"
