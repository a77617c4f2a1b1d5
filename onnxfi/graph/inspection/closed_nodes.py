"""Lists the nodes with a body, whose inner tensors cannot be targets."""

from dataclasses import dataclass

from onnxfi.display import counted
from onnxfi.graph.bodies import bodies
from onnxfi.onnx_ir import ir


@dataclass(frozen=True, slots=True)
class NodeWithBody:
    """A node whose body is not open to faults; its outputs are.

    Attributes:
        op_type: type of the node, such as ``Loop``.
        node: name of the node; may be empty.
        outputs: names of its outputs.
        nodes: number of nodes in its bodies, nested ones included.
    """

    op_type: str
    node: str
    outputs: tuple[str, ...]
    nodes: int

    def __str__(self) -> str:
        """Return a sentence for people."""
        name = f" {self.node!r}" if self.node else ""
        return (
            f"{self.op_type}{name} ({', '.join(self.outputs)}) holds "
            f"{counted(self.nodes, 'node')} closed to faults; its outputs are open."
        )


def nodes_with_bodies(graph: ir.Graph) -> list[NodeWithBody]:
    """Return the nodes of a graph that hold a body, in the graph's order."""
    return [
        NodeWithBody(
            node.op_type,
            node.name or "",
            tuple(x.name for x in node.outputs if x.name),
            sum(1 for body in held for _ in ir.traversal.RecursiveGraphIterator(body)),
        )
        for node in graph
        if (held := list(bodies(node)))
    ]
