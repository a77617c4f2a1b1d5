"""Reads the tensors in external files that cannot stay there."""

from pathlib import Path
from typing import Any

import numpy as np

from onnxfi.errors import ModelFormatError
from onnxfi.onnx_ir import ir

# Bytes. A smaller tensor belongs in the model, because a reference to it costs as much.
SMALLEST_EXTERNAL = 1024


def take_in_small_tensors(model: ir.Model) -> list[Path]:
    """Read the tensors that cannot stay in external files, and return the model's external files.

    Large initializers of the main graph are not read. Small initializers are, because inference
    needs shapes and axes. So are the tensors of Constants and bodies, which ONNX Runtime cannot
    find for a model in memory.

    Raises:
        ModelFormatError: a file is missing or ends before its tensors do.
    """
    files = set()
    for value in model.graph.initializers.values():
        if isinstance(value.const_value, ir.ExternalTensor):
            files.add(_file(value.const_value))
            if value.const_value.nbytes < SMALLEST_EXTERNAL:
                value.const_value = _read(value.const_value)
    for body in model.graph.subgraphs():
        for value in body.initializers.values():
            if isinstance(value.const_value, ir.ExternalTensor):
                files.add(_file(value.const_value))
                value.const_value = _read(value.const_value)
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        for name, attribute in node.attributes.items():
            if attribute.type == ir.AttributeType.TENSOR and isinstance(
                attribute.value, ir.ExternalTensor
            ):
                files.add(_file(attribute.value))
                node.attributes[name] = ir.AttrTensor(name, _read(attribute.value))
    return sorted(files)


def _file(tensor: ir.ExternalTensor) -> Path:
    path = Path(tensor.path)
    end = (tensor.offset or 0) + tensor.nbytes
    size = path.stat().st_size if path.is_file() else 0
    if size < end:
        raise ModelFormatError(
            f"The external tensor {tensor.name!r} ends at byte {end} of {path}, and the file has "
            f"{size} bytes. Get the file again: it is missing, incomplete or from another model."
        )
    return path


def _read(tensor: ir.ExternalTensor) -> ir.Tensor[Any]:
    return ir.Tensor(np.array(tensor.numpy()), dtype=tensor.dtype, name=tensor.name)
