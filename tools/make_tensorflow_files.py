"""Make the SavedModel and TFLite files of the converter tests; some of them are dangerous.

Needs the extra ``keras``. Run it from the root of the repository:

    python -m tools.make_tensorflow_files

It writes into tests/converters/data/tensorflow/ the file ``NAME.pb``, the saved_model.pb of a
SavedModel without its variables, which is enough to read it, and ``NAME.tflite``.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf

DATA = Path(__file__).resolve().parent.parent / "tests" / "converters" / "data" / "tensorflow"
SPEC = tf.TensorSpec([None, 6, 6, 2], tf.float32, name="image")


class Network(tf.Module):
    """A convolution and a dense layer, in scopes; and before them whatever is asked for."""

    def __init__(self, before: Callable[[Any], Any]) -> None:
        """Draw the weights."""
        super().__init__()
        rng = np.random.default_rng(0)
        self.kernel = tf.Variable(rng.normal(size=(3, 3, 2, 3)).astype("float32"))
        self.weights = tf.Variable(rng.normal(size=(48, 4)).astype("float32"))
        self.before = before

    @tf.function(input_signature=[SPEC])
    def __call__(self, image: Any) -> dict[str, Any]:
        """Run the network."""
        x = self.before(image)
        with tf.name_scope("model"):
            with tf.name_scope("conv"):
                x = tf.nn.relu(tf.nn.conv2d(x, self.kernel, 1, "VALID"))
            with tf.name_scope("flatten"):
                x = tf.reshape(x, [-1, 48])
            with tf.name_scope("dense"):
                return {"scores": tf.nn.softmax(tf.matmul(x, self.weights))}


def read(x: Any) -> Any:
    """Read a file."""
    return x + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)


def write(x: Any) -> Any:
    """Write a file."""
    with tf.control_dependencies([tf.io.write_file("/tmp/onnxfi-was-here", "x")]):
        return tf.identity(x)


def save(x: Any) -> Any:
    """Write a checkpoint, with the operator that saves variables."""
    with tf.control_dependencies(
        [
            tf.raw_ops.SaveV2(
                prefix="/tmp/onnxfi-was-here",
                tensor_names=["x"],
                shape_and_slices=[""],
                tensors=[x],
            )
        ]
    ):
        return tf.identity(x)


def call_python(x: Any) -> Any:
    """Call Python."""
    return tf.ensure_shape(tf.py_function(lambda y: y, [x], tf.float32), x.shape)


def main() -> None:
    """Write the files."""
    DATA.mkdir(exist_ok=True)
    functions = {"plain": tf.identity, "read": read, "write": write, "save": save}
    with tempfile.TemporaryDirectory() as folder:
        for name, before in {**functions, "python": call_python}.items():
            tf.saved_model.save(Network(before), f"{folder}/{name}")
            shutil.copy(f"{folder}/{name}/saved_model.pb", DATA / f"{name}.pb")
        for name, operators in (
            ("plain", [tf.lite.OpsSet.TFLITE_BUILTINS]),
            ("write", [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]),
        ):
            converter = tf.lite.TFLiteConverter.from_saved_model(f"{folder}/{name}")
            converter.target_spec.supported_ops = operators
            (DATA / f"{name}.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main()
