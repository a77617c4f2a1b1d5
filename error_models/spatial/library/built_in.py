"""Reads the built-in spatial models: one file for each measured operator.

The figures come from Bolchini, Cassano, Miele, Toschi, "Fast and Accurate Error Simulation for
CNNs Against Soft Errors", IEEE Transactions on Computers, 2022, doi 10.1109/TC.2022.3184274, with
the parameters that the thesis politesi 10589/210019 added, as published with the tool CLASSES
(github.com/D4De/classes). They were measured on the outputs of operators that ran on a GPU.
``onnxfi.error_models.spatial.files.spatial_file`` documents the schema.
"""

from functools import cache
from pathlib import Path
from typing import Final

from onnxfi.error_models.spatial.files.spatial_file import SpatialFile, read_spatial_file
from onnxfi.errors import ErrorModelError
from onnxfi.suggestions import did_you_mean

MODELS: Final = (
    "conv",
    "bias_add",
    "batchnorm",
    "relu",
    "clipped_relu",
    "elu",
    "sigmoid",
    "tanh",
    "maxpool",
    "avgpool",
)
"""The names of the built-in models."""

MODEL_OF_OPERATOR: Final = {
    "Conv": "conv",
    "Add": "bias_add",
    "BatchNormalization": "batchnorm",
    "Relu": "relu",
    "Clip": "clipped_relu",
    "Elu": "elu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "MaxPool": "maxpool",
    "AveragePool": "avgpool",
}
"""The built-in models by the ONNX operator whose output they describe."""


def model_path(name: str) -> Path:
    """Return the path of a built-in model."""
    return Path(__file__).parent / f"{name}.json"


@cache
def built_in_model(name: str) -> SpatialFile:
    """Read a built-in model; the result is cached."""
    return read_spatial_file(str(model_path(name)))


def read_model(model: str) -> SpatialFile:
    """Read a built-in model by its name, or any other model from its file.

    Raises:
        ErrorModelError: the file does not exist, or is not valid.
    """
    if model in MODELS:
        return built_in_model(model)
    path = Path(model)
    if not path.exists() and not path.suffix:
        raise ErrorModelError(
            f"{model} is neither a file nor a built-in model: the built-in models are "
            f"{', '.join(MODELS)}{did_you_mean(path.name, MODELS)}"
        )
    return read_spatial_file(model)
