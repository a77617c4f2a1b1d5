"""Prepares the demo: the bundled model, a hardened variant, the digits and a configuration."""

from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np

from onnxfi import converters
from onnxfi.campaign import profile
from onnxfi.demo.digits import split_digits
from onnxfi.demo.hardening import clip_activations
from onnxfi.errors import ConfigurationError, MissingExtraError
from onnxfi.graph import Model, load
from onnxfi.runtime import Session

# The packages of the extra demo, and the modules that they install.
_PACKAGES = {"scikit-learn": "sklearn", "jinja2": "jinja2", "plotly": "plotly"}
_OPS = ("Conv", "Relu", "MaxPool", "Gemm")
_CONFIGURATION = """\
# The campaign of `onnxfi demo`. Repeat it with:
#   onnxfi campaign run campaign.yaml --out runs/again
model: lenet.onnx
inputs: digits.npz  # its arrays: images and labels
targets: {ops: [Conv, Relu, MaxPool, Gemm]}
error_models: [bitflip]
injections: {per_target: 1000}
seed: 42
out: runs/lenet
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The files of the demo.

    Attributes:
        model: the converted model.
        hardened: the same model with clipped activations.
        configuration: the campaign's configuration.
        inputs: the number of held-out digits.
        accuracy: the share of them that the model classifies correctly without a fault.
        hardened_accuracy: the share for the hardened model.
    """

    model: Path
    hardened: Path
    configuration: Path
    inputs: int
    accuracy: float
    hardened_accuracy: float


def prepare(folder: Path) -> Prepared:
    """Convert the bundled model, harden it, and write the files of the demo to a folder.

    Raises:
        MissingExtraError: a package of the extra demo is not installed.
        ConfigurationError: the folder cannot be written, or holds other files of the same names.
    """
    missing = [name for name, module in _PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise MissingExtraError(
            f"The demo needs {', '.join(missing)}, not installed here. Install the extra demo: "
            "pip install 'onnxfi[demo]'."
        )
    digits = split_digits()
    images, labels = digits.held_out_images, digits.held_out_labels
    asset = resources.files("onnxfi.demo") / "assets" / "lenet_digits.h5"
    with resources.as_file(asset) as keras_file:
        proto = converters.convert(keras_file)
    model = load(proto)
    targets = [x for x in model.targets(kind="activation") if x.op_type in _OPS]
    hardened = clip_activations(
        proto, profile(model, targets, [{"image": digits.training_images}], provider="cpu")
    )
    arrays = BytesIO()
    np.savez_compressed(arrays, images=images, labels=labels)
    _write(
        folder,
        {
            "lenet.h5": asset.read_bytes(),
            "lenet.onnx": proto.SerializeToString(),
            "lenet_hardened.onnx": hardened.SerializeToString(),
            "digits.npz": arrays.getvalue(),
            "campaign.yaml": _CONFIGURATION.encode(),
        },
    )
    return Prepared(
        model=folder / "lenet.onnx",
        hardened=folder / "lenet_hardened.onnx",
        configuration=folder / "campaign.yaml",
        inputs=len(images),
        accuracy=_accuracy(model, images, labels),
        hardened_accuracy=_accuracy(load(hardened), images, labels),
    )


def _accuracy(model: Model, images: np.ndarray, labels: np.ndarray) -> float:
    (scores,) = Session(model).run({"image": images}).values()
    return float((scores.argmax(axis=1) == labels).mean())


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files that do not exist yet; files of the user are never replaced."""
    try:
        changed = [
            name
            for name, content in files.items()
            if (folder / name).exists() and (folder / name).read_bytes() != content
        ]
        if changed:
            raise ConfigurationError(
                f"{folder} holds a different {' and '.join(changed)}. Delete the folder to start "
                "anew, or choose another --out."
            )
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written: {error}. Choose another --out."
        ) from error
