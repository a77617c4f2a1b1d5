"""Extracting a part of a model between given tensors."""

from collections.abc import Sequence

import onnx_ir as ir

from onnxfi.errors import ModelFormatError
from onnxfi.graph import Model


def extract(model: Model, inputs: Sequence[ir.Value], outputs: Sequence[ir.Value]) -> Model:
    """Return the part of a model that computes some values from others.

    Args:
        model: the model; it is left as it is.
        inputs: values of the model that are fed instead of computed, weights among them if wanted.
        outputs: values that depend on these inputs and on constants only; none gives a part
            without nodes.

    Raises:
        ModelFormatError: the type of one of the values is not known.
    """
    for value in (*inputs, *outputs):
        if value.type is None:
            raise ModelFormatError(
                f"A tensor that crosses the split must have a known type, and that of "
                f"{value.name!r} could not be inferred. Add it to the model's value_info."
            )
    if outputs:
        graph = ir.convenience.extract(model.graph, inputs=inputs, outputs=outputs)
        for value in graph.inputs:  # a weight that is a target is fed
            graph.initializers.pop(value.name or "", None)
            value.const_value = None
    else:
        graph = ir.GraphView(
            inputs, [], nodes=[], opset_imports=model.graph.opset_imports, name=model.graph.name
        ).clone()
    return Model(ir.Model(graph, ir_version=model.ir_model.ir_version, functions=[]))
