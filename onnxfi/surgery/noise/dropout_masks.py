"""Separates the masks of Dropout nodes from their use, so that a mask can be replayed."""

import numpy as np

from onnxfi.graph import Model, draws_noise, is_dropout
from onnxfi.onnx_ir import ir
from onnxfi.surgery.free_name import free_name
from onnxfi.surgery.node_builder import NodeBuilder

_DEFAULT_RATIO = np.array(0.5, np.float32)


def with_masks_apart(model: Model) -> Model:
    """Return the model with arithmetic in place of each Dropout that draws a mask.

    The Dropout stays for its mask only. Its output becomes ``data * mask / (1 - ratio)`` under the
    same name, with the same bits that ONNX Runtime computes.
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
    builder = NodeBuilder(free_name(model, f"{name}/dropout"), graph.opset_imports.get("", 0))
    if len(dropout.outputs) == 1:
        dropout.resize_outputs(2)
    mask = dropout.outputs[1]
    if not mask.name:
        mask.name = f"{builder.name}/mask"
    mask.type, mask.shape = ir.TensorType(ir.DataType.BOOL), output.shape
    dtype = output.dtype or ir.DataType.FLOAT
    ones = builder.node("Cast", "ones", mask, to=dtype.value)
    kept = builder.node("Mul", "kept", data, ones)
    made = builder.node("Div", "scaled", kept, _divisor(builder, ratio, training, dtype))
    for value in (ones, kept, made):
        value.type, value.shape = ir.TensorType(dtype), output.shape
    output.name = f"{builder.name}/unused"
    made.name = name
    ir.convenience.replace_all_uses_with(output, made, replace_graph_outputs=True)
    graph.insert_after(dropout, builder.nodes)
    for value in builder.constants:
        graph.register_initializer(value)


def _divisor(
    builder: NodeBuilder, ratio: ir.Value | None, training: ir.Value, dtype: ir.DataType
) -> ir.Value:
    """Return 1 - ratio, or 1 if the training mode is off."""
    if ratio is None:
        ratio = builder.constant("ratio", _DEFAULT_RATIO)
    precision = ratio.dtype or ir.DataType.FLOAT
    one = builder.constant("one", np.ones((), precision.numpy()))
    share = builder.node("Sub", "share", one, ratio)
    divisor = builder.node("Where", "divisor", training, share, one)
    cast = builder.node("Cast", "cast", divisor, to=dtype.value)
    for value, of in ((share, precision), (divisor, precision), (cast, dtype)):
        value.type, value.shape = ir.TensorType(of), ir.Shape([])
    return cast
