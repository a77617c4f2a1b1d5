"""Rewrites a model with a batch of one so that it runs on several samples."""

from collections.abc import Collection, Mapping

import numpy as np

from onnxfi.graph import Model, infer_types, sample_axes
from onnxfi.onnx_ir import ir

_LANES = "lanes"


def with_free_batch(
    model: Model, *, shared: Collection[str] = (), one_thread: bool = True
) -> Model:
    """Return the model with a free first axis in every input, if samples cannot mix.

    Shapes for a batch of one are generalised: shapes of inputs and values, and the constants of
    Reshape that contain the batch size.

    Args:
        model: its inputs have a first axis; it is not changed.
        shared: names of inputs that all samples share; they do not change.
        one_thread: whether kernels run in one thread; see `sample_axes`.

    Raises:
        ModelFormatError: samples may mix, or a sample may get other bits than in a batch of one.
            The message names the node.
    """
    freed = model.part(model.ir_model.clone())
    graph = freed.graph
    laned = [x for x in graph.inputs if x.name not in shared]
    axes = sample_axes(graph, laned, one_thread=one_thread)
    for node in list(graph):
        if node.op_type == "Reshape" and node.outputs[0] in axes:
            _free_reshape(graph, node, axes)
    for value in laned:
        if value.shape:
            value.shape = ir.Shape([_LANES, *list(value.shape)[1:]])
    for node in graph:
        for value in node.outputs:
            value.shape = None
    infer_types(freed.ir_model)
    return freed


def _free_reshape(graph: ir.Graph, node: ir.Node, axes: Mapping[ir.Value, int]) -> None:
    """Remove the number of samples from the target shape of a Reshape."""
    source, wanted = node.inputs
    tensor = None if wanted is None else ir.convenience.get_const_tensor(wanted)
    made = node.outputs[0]
    if source is None or wanted is None or tensor is None:
        return
    place, shape = axes[made], np.array(tensor.numpy())
    if place == axes[source] == 0:
        shape[0] = 0  # copies the size from the input
    elif made.shape is not None:  # all other sizes are known
        shape = np.array([-1 if x == place else y for x, y in enumerate(made.shape)])
    if np.delete(shape, place).all():
        node.attributes.pop("allowzero", None)  # PyTorch always sets it, and 0 would mean empty
    freed = ir.Value(name=f"{wanted.name}/{node.name or made.name}/free")
    freed.const_value = ir.Tensor(shape, name=freed.name)
    graph.register_initializer(freed)
    node.replace_input_with(1, freed)
