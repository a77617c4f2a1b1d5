"""Prepares the demo: the bundled model, the held-out digits and a campaign configuration."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import onnx

from onnxfi import converters
from onnxfi.demo.digits import split_digits
from onnxfi.errors import ConfigurationError
from onnxfi.graph import load
from onnxfi.runtime import Session

_CONFIGURATION = """\
# The campaign of `onnxfi demo`. To repeat it: onnxfi campaign run campaign.yaml --out again
model: lenet_digits.onnx
inputs: {file: digits.npz, tensors: {TENSOR: images}, labels: labels}
targets: {kind: activation, ops: [Conv, Relu, MaxPool, Gemm]}
error_models: [{name: bitflip, configuration: {bit: any}}]
injections: {per_target: 1000}
metric: {name: classification}
seed: 42
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The files of the demo.

    Attributes:
        keras_file: the bundled Keras model.
        model_file: the converted model.
        configuration_file: the campaign's configuration.
        inputs: the number of held-out digits.
        accuracy: the share of them that the model classifies correctly without a fault.
    """

    keras_file: Path
    model_file: Path
    configuration_file: Path
    inputs: int
    accuracy: float


def prepare(folder: Path) -> Prepared:
    """Convert the bundled model and write the files of the demo's campaign to a folder.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        ConfigurationError: the folder cannot be written.
    """
    digits = split_digits()
    images, labels = digits.held_out_images, digits.held_out_labels
    asset = resources.files("onnxfi.demo") / "assets" / "lenet_digits.h5"
    with resources.as_file(asset) as keras_file:
        proto = converters.convert(keras_file)
    model = load(proto)
    (input_value,) = model.graph.inputs
    name = input_value.name or ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        onnx.save(proto, folder / "lenet_digits.onnx")
        np.savez_compressed(folder / "digits.npz", images=images, labels=labels)
        (folder / "campaign.yaml").write_text(_CONFIGURATION.replace("TENSOR", name))
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written: {error}. Choose another --out."
        ) from error
    (scores,) = Session(model).run({name: images}).values()
    return Prepared(
        keras_file=keras_file,
        model_file=folder / "lenet_digits.onnx",
        configuration_file=folder / "campaign.yaml",
        inputs=len(images),
        accuracy=float((scores.argmax(axis=1) == labels).mean()),
    )
