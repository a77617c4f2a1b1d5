"""Letting a model that was made for one sample run on several."""

import math
from collections.abc import Collection

import numpy as np
import onnx_ir as ir

from onnxfi.errors import ModelFormatError
from onnxfi.graph import Model
from onnxfi.graph.dependencies import consumed_values
from onnxfi.graph.type_inference import infer_types

_LANES = "lanes"


def with_free_batch(model: Model, *, shared: Collection[str] = ()) -> Model:
    """Return the model with a free first axis in every input.

    Shapes that were written for a batch of one are lifted: those of inputs and values, and the
    constants of Reshape that begin with the batch. An operator that mixes samples and keeps the
    axis (a Softmax along it) goes unnoticed: compare before you rely on it.

    Args:
        model: its inputs have a first axis; it is left as it is.
        shared: names of inputs that stay as they are, since all samples share them.

    Raises:
        ModelFormatError: something that depends on an input does not keep the free axis as its
            first one, so that it may mix samples; says which node makes it.
    """
    freed = Model(model.ir_model.clone())
    graph = freed.graph
    laned = [x for x in graph.inputs if x.name not in shared]
    batches = {x.shape[0] for x in laned if x.shape and isinstance(x.shape[0], int)}
    for value in laned:
        if value.shape:
            value.shape = ir.Shape([_LANES, *list(value.shape)[1:]])
    for node in list(graph):
        if node.op_type == "Reshape":
            _free_reshape(graph, node, batches)
    for node in graph:
        for value in node.outputs:
            value.shape = None
    infer_types(freed.ir_model)
    _check_that_lanes_are_kept(graph, laned)
    return freed


def _check_that_lanes_are_kept(graph: ir.Graph, laned: Collection[ir.Value]) -> None:
    depending = set(laned)
    for node in graph:
        if not any(value in depending for value in consumed_values(node)):
            continue
        if any(
            x.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)
            for x in node.attributes.values()
        ):
            raise ModelFormatError(f"The {_named(node)} holds graphs, which may mix samples.")
        for value in node.outputs:
            used = value.uses() or value in graph.outputs
            if used and not (value.shape and value.shape[0] == ir.SymbolicDim(_LANES)):
                raise ModelFormatError(
                    f"The batch is not the first axis of what the {_named(node)} makes, as far as "
                    "shapes can be inferred."
                )
            depending.add(value)


def _named(node: ir.Node) -> str:
    return f"{node.op_type} {node.name or node.outputs[0].name or ''!r}"


def _free_reshape(graph: ir.Graph, node: ir.Node, batches: Collection[object]) -> None:
    wanted = node.inputs[1]
    tensor = None if wanted is None else ir.convenience.get_const_tensor(wanted)
    if wanted is None or tensor is None:
        return
    shape = np.array(tensor.numpy())
    if node.attributes.get_int("allowzero", 0):
        if not shape.all():
            return  # of no elements
        node.attributes.pop("allowzero")  # PyTorch always sets it
    if shape.size and (int(shape[0]) in batches or _is_rest_of(shape, node.inputs[0])):
        shape[0] = 0  # which means: as in the input
        freed = ir.Value(name=f"{wanted.name}/{node.name or node.outputs[0].name}/free")
        freed.const_value = ir.Tensor(shape, name=freed.name)
        graph.register_initializer(freed)
        node.replace_input_with(1, freed)


def _is_rest_of(wanted: np.ndarray, value: ir.Value | None) -> bool:
    """Return whether a wanted shape leaves its first axis open and has what one sample has."""
    if value is None or not value.shape or not (wanted[0] == -1 and (wanted[1:] > 0).all()):
        return False
    sample = list(value.shape)[1:]
    return all(isinstance(x, int) for x in sample) and math.prod(sample) == wanted[1:].prod()
