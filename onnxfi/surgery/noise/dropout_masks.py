"""Draws the masks of Dropout apart from their use, so that a mask can be replayed."""

import numpy as np
import onnx_ir as ir

from onnxfi.graph import Model
from onnxfi.graph.noise import draws_noise, is_dropout
from onnxfi.surgery.free_name import free_name
from onnxfi.surgery.saboteur import Parts

_DEFAULT_RATIO = np.array(0.5, np.float32)


def with_masks_apart(model: Model) -> Model:
    """Return the model with arithmetic in place of each Dropout that draws.

    The Dropout stays, for its mask alone. Its output becomes ``data * mask / (1 - ratio)``, as ONNX
    Runtime computes it bit by bit, under the same name.
    """
    if not any(map(_hands_data_on, model.graph)):
        return model
    apart = Model(model.ir_model.clone(), model.files)
    for node in list(apart.graph):
        if _hands_data_on(node):
            _take_apart(apart, node)
    return apart


def _hands_data_on(node: ir.Node) -> bool:
    if not is_dropout(node) or not draws_noise(node):
        return False
    output = node.outputs[0]
    return bool(output.uses()) or output.is_graph_output()


def _take_apart(model: Model, dropout: ir.Node) -> None:
    graph, output = model.graph, dropout.outputs[0]
    data, ratio, training = dropout.inputs
    if data is None or training is None:
        raise AssertionError(f"{dropout} draws nothing")
    name = output.name or ""
    parts = Parts(free_name(model, f"{name}/dropout"), graph.opset_imports.get("", 0))
    if len(dropout.outputs) == 1:
        dropout.resize_outputs(2)
    mask = dropout.outputs[1]
    if not mask.name:
        mask.name = f"{parts.name}/mask"
    mask.type, mask.shape = ir.TensorType(ir.DataType.BOOL), output.shape
    dtype = output.dtype or ir.DataType.FLOAT
    ones = parts.node("Cast", "ones", mask, to=dtype.value)
    kept = parts.node("Mul", "kept", data, ones)
    made = parts.node("Div", "scaled", kept, _divisor(parts, ratio, training, dtype))
    for value in (ones, kept, made):
        value.type, value.shape = ir.TensorType(dtype), output.shape
    output.name = f"{parts.name}/unused"
    made.name = name
    ir.convenience.replace_all_uses_with(output, made, replace_graph_outputs=True)
    graph.insert_after(dropout, parts.nodes)
    for value in parts.constants:
        graph.register_initializer(value)


def _divisor(
    parts: Parts, ratio: ir.Value | None, training: ir.Value, dtype: ir.DataType
) -> ir.Value:
    """Return 1 - ratio; 1 where the training mode is off."""
    if ratio is None:
        ratio = parts.constant("ratio", _DEFAULT_RATIO)
    precision = ratio.dtype or ir.DataType.FLOAT
    one = parts.constant("one", np.ones((), precision.numpy()))
    share = parts.node("Sub", "share", one, ratio)
    divisor = parts.node("Where", "divisor", training, share, one)
    cast = parts.node("Cast", "cast", divisor, to=dtype.value)
    for value, of in ((share, precision), (divisor, precision), (cast, dtype)):
        value.type, value.shape = ir.TensorType(of), ir.Shape([])
    return cast
