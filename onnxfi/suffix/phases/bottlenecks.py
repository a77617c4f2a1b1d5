"""Tensors that all of a corruption has to go through."""

from collections.abc import Collection, Sequence

from onnxfi.graph import Model, consumed_values
from onnxfi.onnx_ir import ir
from onnxfi.surgery import extract


def find_bottlenecks(graph: ir.Graph, changed: Collection[str]) -> list[ir.Value]:
    """Return the values through which every path from some inputs to the outputs leads.

    They are the post-dominators of these inputs, in the order in which the graph computes them;
    outputs are left out.

    Args:
        graph: its nodes are in an order in which they can run.
        changed: names of the inputs.
    """
    last_read = {x: place for place, node in enumerate(graph) for x in consumed_values(node)}
    live = {x for x in graph.inputs if x.name in changed}
    found = []
    for place, node in enumerate(graph):
        if live.isdisjoint(consumed_values(node)):
            continue
        live |= set(node.outputs)
        live = {x for x in live if last_read.get(x, -1) > place or x.is_graph_output()}
        if len(live) == 1:
            (value,) = live
            if value in node.outputs and not value.is_graph_output():
                found.append(value)
    return found


def part_before(model: Model, values: Sequence[ir.Value]) -> Model:
    """Return what computes some values.

    Raises:
        ModelFormatError: the type of a value is not known.
    """
    return extract(model, _inputs_of(model.graph, values, None), values)


def part_after(model: Model, value: ir.Value) -> Model:
    """Return what computes the outputs from a value, one of `find_bottlenecks`, and from inputs.

    Raises:
        ModelFormatError: the type of the value is not known.
    """
    outputs = list(model.graph.outputs)
    return extract(model, [*_inputs_of(model.graph, outputs, value), value], outputs)


def _inputs_of(
    graph: ir.Graph, outputs: Collection[ir.Value], given: ir.Value | None
) -> list[ir.Value]:
    """Return the graph's inputs that some outputs depend on, other than through a given value."""
    seen, latest = set(outputs), list(outputs)
    while latest:
        value = latest.pop()
        producer = value.producer()
        if value is given or producer is None:
            continue
        new = [x for x in consumed_values(producer) if x not in seen]
        seen.update(new)
        latest += new
    return [x for x in graph.inputs if x in seen]
