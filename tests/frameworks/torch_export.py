"""Exports PyTorch modules with ``torch.onnx.export``; the modules become layers."""

import io
import logging
import warnings
from collections.abc import Mapping

import numpy as np
import onnx
import torch

import onnxfi
from tests.frameworks.exported import Exported
from tests.frameworks.torch_source import TorchSource


def export_torch(
    source: TorchSource, inputs: Mapping[str, np.ndarray], *, optimize: bool = False
) -> Exported:
    """Export a model for inputs of these shapes.

    With `optimize`, the exporter's default, a BatchNorm that follows a convolution becomes a part
    of it, and the output of the convolution is no tensor any more.
    """
    logging.getLogger("torch.onnx").setLevel(
        logging.ERROR
    )  # it reports that torchvision is missing
    arguments = {name: torch.from_numpy(value) for name, value in inputs.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PyTorch warns about its own code
        program = torch.onnx.export(
            source.model, kwargs=arguments, dynamo=True, optimize=optimize, verbose=False
        )
    file = io.BytesIO()
    program.save(file)
    model = onnxfi.load(onnx.load_from_string(file.getvalue()))
    layers = {layer.path: layer.tensor for layer in model.layers}
    return Exported(model, {name: name for name in inputs} | layers, channels_last=False)
