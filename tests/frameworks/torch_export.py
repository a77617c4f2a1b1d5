"""PyTorch to ONNX with ``torch.onnx.export``, and which tensor holds the output of which module.

The exporter notes with every node the modules that were running when it was made, outermost first,
in the node's metadata. A module's output is the tensor that nodes of the module make and another
node reads.
"""

import ast
import io
import logging
import warnings
from collections import Counter
from collections.abc import Mapping

import numpy as np
import onnx
import onnx_ir as ir
import torch
from frameworks.exported import Exported
from frameworks.torch_source import TorchSource

import onnxfi

_SCOPES = "pkg.torch.onnx.name_scopes"


def export_torch(
    source: TorchSource, inputs: Mapping[str, np.ndarray], *, optimize: bool = False
) -> Exported:
    """Export a model for inputs of these shapes.

    With `optimize`, the exporter's default, a BatchNorm that follows a convolution becomes a part
    of it, and the output of the convolution is no tensor any more.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision
    arguments = {name: torch.from_numpy(value) for name, value in inputs.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PyTorch about itself
        program = torch.onnx.export(
            source.model, kwargs=arguments, dynamo=True, optimize=optimize, verbose=False
        )
    file = io.BytesIO()
    program.save(file)
    model = onnxfi.load(onnx.load_from_string(file.getvalue()))
    tensors = {name: name for name in inputs} | module_tensors(model)
    return Exported(model, tensors, channels_last=False)


def module_tensors(model: onnxfi.Model) -> dict[str, str]:
    """Return path of a module to name of its output; the second call of ``m`` is ``m@1``."""
    tensors: dict[str, str] = {}
    calls: Counter[str] = Counter()
    scopes = {node: _scopes(node) for node in model.graph}
    for node, modules in scopes.items():
        for value in set(node.outputs) - model.constants:
            readers = [scopes[use.node] for use in value.uses()]
            for path in modules:
                if value.is_graph_output() or any(path not in reader for reader in readers):
                    number = calls[path]
                    calls[path] += 1
                    tensors[f"{path}@{number}" if number else path] = value.name or ""
    return tensors


def _scopes(node: ir.Node) -> tuple[str, ...]:
    """Return the paths of the modules that a node belongs to, without the outermost."""
    # The last scope is the node itself.
    return tuple(ast.literal_eval(node.metadata_props.get(_SCOPES, "('',)"))[1:-1])
