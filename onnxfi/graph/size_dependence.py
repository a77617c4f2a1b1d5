"""Finds faults that may change how long a model runs, or how large its tensors are."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from onnxfi.graph.bodies import bodies
from onnxfi.graph.dependencies import consumed_values
from onnxfi.graph.fault_reach import FaultReach, fault_reach
from onnxfi.graph.shapes.shape_operands import shape_operands
from onnxfi.onnx_ir import ir

if TYPE_CHECKING:
    from onnxfi.graph.model import Model

# Their outputs are never larger than their inputs: they select elements, or move axes.
_NEVER_LARGER = frozenset(
    [
        *("Compress", "NonMaxSuppression", "NonZero", "SequenceAt", "SequenceErase"),
        *("SequenceInsert", "Split", "SplitToSequence", "Squeeze", "StringNormalizer"),
        *("StringSplit", "Unique", "Unsqueeze"),
    ]
)
_REDUCTION = "Reduce"
_READ_SHAPES = frozenset(["Shape", "Size"])
# They do not broadcast their operands, so two larger operands do not multiply their sizes.
_NO_PRODUCT = _NEVER_LARGER | {
    *("Concat", "ConcatFromSequence", "Gather", "GatherElements", "GatherND", "If", "Loop"),
    *("Scan", "ScatterElements", "ScatterND", "SequenceConstruct", "SequenceLength", "Slice"),
}


def sizes_depend_on(model: "Model", targets: Collection[str]) -> bool:
    """Return whether faults in some targets reach a trip count, a shape or a size.

    A selection from tensors of fixed sizes does not count, unless two such selections are broadcast
    against each other.

    Args:
        model: the model.
        targets: names of tensors.
    """
    hit = [model.values[name] for name in targets]
    if model.shape_sources.isdisjoint(hit):
        return False
    reach = fault_reach(model.graph, hit)
    return any(_may_grow(node, reach) for node in model.graph)


def shape_sources(graph: ir.Graph) -> set[ir.Value]:
    """Return the values that shapes are computed from, or that a node with a body reads."""
    found: set[ir.Value] = set()
    for node in reversed(graph):
        holds_body = any(True for _ in bodies(node))
        found.update(consumed_values(node) if holds_body else shape_operands(node))
        if node.op_type not in _READ_SHAPES and not found.isdisjoint(node.outputs):
            found.update(consumed_values(node))
    return found


def _may_grow(node: ir.Node, reach: FaultReach) -> bool:
    if not any(map(reach.changes, consumed_values(node))):
        return False
    if any(True for _ in bodies(node)):
        decided = any(map(reach.changes, _conditions(node)))
        return decided or _computes_condition(node) or any(_grows_inside(x) for x in bodies(node))
    if any(map(reach.changes, _sizes(node))):
        return True
    varying = {x for x in node.inputs if x in reach.shapes}
    return len(varying) > 1 and node.op_type not in _NO_PRODUCT


def _sizes(node: ir.Node) -> Iterator[ir.Value]:
    """Yield the operands that may make the outputs of a node arbitrarily large."""
    if node.op_type not in _NEVER_LARGER and not node.op_type.startswith(_REDUCTION):
        yield from shape_operands(node)


def _conditions(node: ir.Node) -> Iterator[ir.Value]:
    """Yield the trip count and the condition of a Loop."""
    if node.op_type == "Loop":
        yield from (x for x in node.inputs[:2] if x is not None)


def _computes_condition(node: ir.Node) -> bool:
    """Return whether the body of a Loop computes the loop's condition."""
    if node.op_type != "Loop":
        return False
    (body,) = bodies(node)
    condition = body.outputs[0]
    while (producer := condition.producer()) is not None and producer.op_type == "Identity":
        (inner,) = producer.inputs
        if inner is None:
            return True
        condition = inner
    return condition is not body.inputs[1] and not _is_constant(condition)


def _grows_inside(body: ir.Graph) -> bool:
    """Return whether a body holds a node whose sizes are not constant: a fault may reach them."""
    return any(
        _computes_condition(node)
        or any(not _is_constant(x) for x in (*_conditions(node), *_sizes_inside(node)))
        or any(map(_grows_inside, bodies(node)))
        for node in body
    )


def _sizes_inside(node: ir.Node) -> Iterator[ir.Value]:
    if not any(True for _ in bodies(node)):
        yield from _sizes(node)


def _is_constant(value: ir.Value) -> bool:
    return ir.convenience.get_const_tensor(value) is not None
