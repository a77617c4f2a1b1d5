"""Extracts the part of a model between given tensors."""

from collections.abc import Sequence

from onnxfi.errors import ModelFormatError
from onnxfi.graph import Model, consumed_values
from onnxfi.onnx_ir import ir


def extract(model: Model, inputs: Sequence[ir.Value], outputs: Sequence[ir.Value]) -> Model:
    """Return the part of a model that computes some values from others.

    Args:
        model: the model; it is not changed.
        inputs: values of the model that are fed instead of computed; they may be weights.
        outputs: values that depend on these inputs and on constants only; without outputs the part
            has no nodes.

    Raises:
        ModelFormatError: the type of one of the values is unknown.
    """
    for value in (*inputs, *outputs):
        if value.type is None:
            raise ModelFormatError(
                f"A tensor that crosses the split must have a known type, and the type of "
                f"{value.name!r} could not be inferred. Add it to the model's value_info."
            )
    if outputs:
        graph = _between(model, inputs, outputs).clone()
        for value in graph.inputs:  # they may be weights, which are now fed
            graph.initializers.pop(value.name or "", None)
            value.const_value = None
    else:
        graph = ir.GraphView(
            inputs, [], nodes=[], opset_imports=model.graph.opset_imports, name=model.graph.name
        ).clone()
    part = ir.Model(graph, ir_version=model.ir_model.ir_version, functions=[])
    return model.part(part)


def _between(model: Model, inputs: Sequence[ir.Value], outputs: Sequence[ir.Value]) -> ir.GraphView:
    """Return a view of the nodes between some values, in time proportional to these nodes.

    `onnx_ir.convenience.extract` walks the whole graph, and one model is cut into many small parts.
    """
    graph = model.graph
    initializers = [x for x in inputs if x.is_initializer()]
    nodes, seen, waiting = set[ir.Node](), set(inputs), [*outputs]
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        node = value.producer()
        if value.is_initializer():
            initializers.append(value)
        elif node is None:
            raise ValueError(f"{value.name!r} must be among the inputs of the part.")
        if node is not None and node not in nodes:
            nodes.add(node)
            waiting.extend(consumed_values(node))
    return ir.GraphView(
        inputs,
        outputs,
        nodes=sorted(nodes, key=model.positions.__getitem__),
        initializers=initializers,
        doc_string=graph.doc_string,
        opset_imports=graph.opset_imports,
        name=graph.name,
        metadata_props=graph.metadata_props,
    )
