"""Lists the graphs inside a node."""

from collections.abc import Iterator

from onnxfi.onnx_ir import ir


def bodies(node: ir.Node) -> Iterator[ir.Graph]:
    """Yield the bodies of a node (If, Loop, Scan)."""
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH:
            yield attribute.as_graph()
        elif attribute.type == ir.AttributeType.GRAPHS:
            yield from attribute.as_graphs()
