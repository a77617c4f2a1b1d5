"""What depends on what in a graph: the ground that splitting stands on."""

from collections.abc import Collection, Iterator

import onnx_ir as ir

# Without an input from outside, these still give another value each time they run, so what they
# compute must come from the golden run and never be computed twice.
_NON_DETERMINISTIC = frozenset({"RandomNormal", "RandomUniform"})


def consumed_values(node: ir.Node) -> Iterator[ir.Value]:
    """Yield the values of its own graph that a node reads.

    A node with a body (If, Loop, Scan) also reads what the body captures from outside.
    """
    for value in node.inputs:
        if value is not None:
            yield value
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH:
            yield from _captured(node, attribute.as_graph())
        elif attribute.type == ir.AttributeType.GRAPHS:
            for body in attribute.as_graphs():
                yield from _captured(node, body)


def _captured(node: ir.Node, body: ir.Graph) -> Iterator[ir.Value]:
    for inner in ir.traversal.RecursiveGraphIterator(body):
        for value in inner.inputs:
            if value is not None and value.graph is node.graph:
                yield value
    # A body may also hand an outer value straight out.
    for value in body.outputs:
        if value.graph is node.graph:
            yield value


def constant_values(graph: ir.Graph) -> set[ir.Value]:
    """Return the values that depend on constants only, initializers included.

    An initializer that is an input as well is the input's default, and no constant.
    """
    constants = set(graph.initializers.values()) - set(graph.inputs)
    for node in graph:
        if node.op_type in _NON_DETERMINISTIC and node.domain == "":
            continue
        if all(value in constants for value in consumed_values(node)):
            constants.update(node.outputs)
    return constants


def required_nodes(graph: ir.Graph, outputs: Collection[ir.Value]) -> set[ir.Node]:
    """Return the nodes that the outputs need, directly or not."""
    needed = set(outputs)
    nodes = set()
    for node in reversed(graph):
        if any(value in needed for value in node.outputs):
            nodes.add(node)
            needed.update(consumed_values(node))
    return nodes


def suffix_sizes(graph: ir.Graph) -> dict[ir.Value, int]:
    """Return, for each value, how many of the nodes that the outputs need depend on it.

    In one pass: a value's dependents are a set of bits, joined from the last node to the first.
    """
    required = required_nodes(graph, graph.outputs)
    values = [
        *graph.inputs,
        *graph.initializers.values(),
        *(x for node in graph for x in node.outputs),
    ]
    dependents = dict.fromkeys(values, 0)
    for position, node in enumerate(reversed(graph)):
        reached = 1 << position if node in required else 0
        for value in node.outputs:
            reached |= dependents[value]
        for value in consumed_values(node):
            dependents[value] |= reached
    return {value: bits.bit_count() for value, bits in dependents.items()}
