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
    """Return the values that depend on constants only, initializers included."""
    constants = set(graph.initializers.values())
    for node in graph:
        if node.op_type in _NON_DETERMINISTIC and node.domain == "":
            continue
        if all(value in constants for value in consumed_values(node)):
            constants.update(node.outputs)
    return constants


def dependent_nodes(graph: ir.Graph, sources: Collection[ir.Value]) -> list[ir.Node]:
    """Return the nodes that depend on any of the sources, in the graph's order."""
    reached = set(sources)
    nodes = []
    for node in graph:
        if any(value in reached for value in consumed_values(node)):
            nodes.append(node)
            reached.update(node.outputs)
    return nodes


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
    """Return how many of the nodes that the outputs need depend on each node output.

    The same as counting `dependent_nodes` for each, in one pass: a node's dependents are a set of
    bits, joined from the last node to the first.
    """
    required = required_nodes(graph, graph.outputs)
    dependents: dict[ir.Value, int] = {}
    sizes: dict[ir.Value, int] = {}
    for position, node in enumerate(reversed(graph)):
        reached = 0
        for value in node.outputs:
            sizes[value] = dependents.get(value, 0).bit_count()
            reached |= dependents.get(value, 0)
        if node in required:
            reached |= 1 << position
        for value in consumed_values(node):
            dependents[value] = dependents.get(value, 0) | reached
    return sizes
