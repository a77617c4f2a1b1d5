"""Finds dependencies between the values of a graph, which splits are based on."""

from collections.abc import Collection, Iterator

from onnxfi.graph.bodies import bodies
from onnxfi.graph.noise import draws_noise, only_draws
from onnxfi.onnx_ir import ir


def consumed_values(node: ir.Node) -> Iterator[ir.Value]:
    """Yield the values of its own graph that a node reads.

    A node with a body (If, Loop, Scan) also reads what the body captures from outside.
    """
    for value in node.inputs:
        if value is not None:
            yield value
    for body in bodies(node):
        for value in _read_in(body):
            if value.graph is node.graph:
                yield value


def _read_in(body: ir.Graph) -> Iterator[ir.Value]:
    for node in body:
        yield from (value for value in node.inputs if value is not None)
        for inner in bodies(node):
            yield from _read_in(inner)


def inner_holders(graph: ir.Graph) -> dict[str, ir.Node]:
    """Return the names of all tensors and nodes inside bodies, with the graph's node around them.

    Bodies within bodies are included.
    """
    holders: dict[str, ir.Node] = {}
    for node in graph:
        for body in bodies(node):
            for name in _names_in(body):
                holders.setdefault(name, node)
    return holders


def _names_in(body: ir.Graph) -> Iterator[str]:
    values = [
        *body.inputs,
        *body.initializers.values(),
        *(x for node in body for x in node.outputs),
    ]
    yield from (value.name for value in values if value.name)
    for node in body:
        if node.name:
            yield node.name
        for inner in bodies(node):
            yield from _names_in(inner)


def constant_values(graph: ir.Graph, given: Collection[ir.Value] = ()) -> set[ir.Value]:
    """Return the values that depend on constants only, initializers included.

    An initializer that is also an input is the input's default, not a constant.

    Args:
        graph: the graph.
        given: values that are fed instead of computed. They are not constants, and neither are the
            other outputs of the nodes that would compute them.
    """
    constants = set(graph.initializers.values()) - set(graph.inputs) - set(given)
    for node in graph:
        if any(value in given for value in node.outputs):
            continue
        if draws_noise(node):
            continue
        if all(value in constants for value in consumed_values(node)):
            constants.update(node.outputs)
    return constants


def required_nodes(graph: ir.Graph, outputs: Collection[ir.Value]) -> set[ir.Node]:
    """Return the nodes that the outputs depend on."""
    needed = needed_values(graph, outputs)
    return {node for node in graph if any(value in needed for value in node.outputs)}


def needed_values(graph: ir.Graph, outputs: Collection[ir.Value]) -> set[ir.Value]:
    """Return the values that the outputs depend on, and the outputs."""
    needed = set(outputs)
    for node in reversed(graph):
        if any(value in needed for value in node.outputs):
            needed.update(consumed_values(node))
    return needed


def working_nodes(graph: ir.Graph, constants: Collection[ir.Value]) -> set[ir.Node]:
    """Return the nodes that the graph's outputs need and that run for each input.

    Nodes that compute constants only run once, when a session is opened, and are left out.
    """
    required = required_nodes(graph, graph.outputs)
    return {x for x in required if not all(value in constants for value in x.outputs)}


def suffix_shares(graph: ir.Graph, constants: Collection[ir.Value]) -> dict[ir.Value, float]:
    """Return for each value the fraction of the working nodes that depend on it.

    One pass suffices: a value's dependents are a set of bits, joined from the last node to the
    first.
    """
    working = working_nodes(graph, constants)
    values = [
        *graph.inputs,
        *graph.initializers.values(),
        *(x for node in graph for x in node.outputs),
    ]
    dependents = dict.fromkeys(values, 0)
    for position, node in enumerate(reversed(graph)):
        reached = 1 << position if node in working else 0
        for value in node.outputs:
            reached |= dependents[value]
        for value in () if only_draws(node) else consumed_values(node):
            dependents[value] |= reached
    total = max(1, len(working))
    return {value: bits.bit_count() / total for value, bits in dependents.items()}
