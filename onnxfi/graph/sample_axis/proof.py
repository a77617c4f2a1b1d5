"""Follows the axis of the samples through a graph, and proves that samples do not mix.

This is an abstract interpretation: each value either is the same for all samples or has them along
one axis. A rule for each operator returns the axis in its outputs, or the reason why samples may
mix. An operator without a rule ends the proof.
"""

from collections.abc import Collection

from onnxfi.errors import ModelFormatError
from onnxfi.graph.dependencies import consumed_values
from onnxfi.graph.noise import draws_noise
from onnxfi.graph.precision import rounds_coarsely
from onnxfi.graph.sample_axis.laned_node import LanedNode, MixedError
from onnxfi.graph.sample_axis.rules import find_rule
from onnxfi.onnx_ir import ir


def sample_axes(
    graph: ir.Graph, laned: Collection[ir.Value], *, one_thread: bool
) -> dict[ir.Value, int]:
    """Return the axis of the samples for each value that differs between them.

    Args:
        graph: the graph, with inferred shapes.
        laned: the inputs that have samples along their first axis; all samples share the others.
        one_thread: whether kernels run in one thread. Several threads divide a tensor into blocks,
            which end at other positions in a larger tensor.

    Raises:
        ModelFormatError: samples may mix, or a sample may get other bits than in a batch of one.
            The message names the node.
    """
    axes = dict.fromkeys(laned, 0)
    coarse = rounds_coarsely(graph)
    for node in graph:
        if draws_noise(node):
            raise ModelFormatError(f"The {_named(node)} may draw random numbers.")
        if not any(value in axes for value in consumed_values(node)):
            continue
        if any(
            x.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)
            for x in node.attributes.values()
        ):
            raise ModelFormatError(f"The {_named(node)} has a body, which may mix samples.")
        rule = find_rule(node)
        if rule is None:
            raise ModelFormatError(
                f"The {_named(node)} has no rule for samples, so it may mix them."
            )
        try:
            made = rule(LanedNode(node, axes, graph, one_thread=one_thread, coarse=coarse))
        except MixedError as error:
            raise ModelFormatError(f"The {_named(node)} {error}.") from error
        of_outputs = [made] * len(node.outputs) if isinstance(made, int) else made
        axes.update(zip(node.outputs, of_outputs, strict=False))
    for value in graph.outputs:
        if axes.get(value) != 0:
            raise ModelFormatError(
                f"The output {value.name!r} does not have the samples along its first axis."
            )
    return axes


def _named(node: ir.Node) -> str:
    return f"{node.op_type} {node.name or node.outputs[0].name or ''!r}"
