"""Skips the steps of a sequence whose Keras mask is false.

At such steps a recurrent layer of Keras keeps its states, and repeats its previous output, or
returns zeros before the first. The operators of ONNX can only skip steps at the end. So the steps
that count are moved to the front, in their order, and the outputs are spread over all steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from onnx import TensorProto

from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.sequences import indices, sizes

_AFTER_ALL = 2**31  # more than any sequence has steps


@dataclass(frozen=True, slots=True)
class FrontSteps:
    """A sequence with a Keras mask and the steps that count in front, as names of tensors.

    Attributes:
        sequence: the sequence, (batch, time, features).
        lengths: number of steps that count, at least 1; int32, (batch,).
        counted: number of steps that count up to each step, itself included; int64, (batch, time).
        any_counts: whether a step counts at all; bool, (batch, 1).
    """

    sequence: str
    lengths: str
    counted: str
    any_counts: str


def move_to_front(sequence: str, mask: str, graph: GraphBuilder) -> FrontSteps:
    """Move the steps that count to the front.

    Args:
        sequence: (batch, time, features).
        mask: the steps that count: bool, (batch, time).
        graph: the graph that grows.
    """
    counts = graph.operator("Cast", [mask], to=TensorProto.INT64)
    skipped = graph.operator("Sub", [graph.integers("one", 1), counts])
    late = graph.operator("Mul", [skipped, graph.integers("after_all", _AFTER_ALL)])
    # Sorted by this number, the steps that count come first, in their order.
    rank = graph.operator("Add", [late, indices(mask, 1, graph)])
    steps = sizes(mask, 1, 2, graph)
    _, order = graph.operators(
        "TopK", [rank, steps], ["Values", "Indices"], axis=1, largest=0, sorted=1
    )
    total = graph.operator("ReduceSum", [counts, graph.integers("axes", [1])], keepdims=1)
    at_least_one = graph.operator("Max", [total, graph.integers("one", 1)])
    lengths = graph.operator("Squeeze", [at_least_one, graph.integers("axes", [1])])
    return FrontSteps(
        _steps_at(sequence, order, graph),
        graph.operator("Cast", [lengths], to=TensorProto.INT32),
        graph.operator("CumSum", [counts, graph.integers("axis", 1)]),
        graph.operator("Greater", [total, graph.integers("zero", 0)]),
    )


def spread(outputs: str, front: FrontSteps, graph: GraphBuilder) -> str:
    """Return the outputs at all steps of the sequence, (batch, time, units).

    Args:
        outputs: the outputs at the steps in front.
        front: the origin of these steps.
        graph: the graph that grows.
    """
    last = graph.operator("Sub", [front.counted, graph.integers("one", 1)])
    last = graph.operator("Max", [last, graph.integers("zero", 0)])
    started = graph.operator("Greater", [front.counted, graph.integers("zero", 0)])
    return zero_unless(started, _steps_at(outputs, last, graph), graph)


def kept_states(
    states: Sequence[str], first: Sequence[str], front: FrontSteps | None, graph: GraphBuilder
) -> list[str]:
    """Return the last states; for a sequence without steps that count, the first states or zero.

    Args:
        states: the states after the steps in front.
        first: the states before; none for zeros.
        front: the steps; None if all of them count.
        graph: the graph that grows.
    """
    if front is None:
        return list(states)
    before = list(first) or [graph.numbers("zero", 0)] * len(states)
    pairs = zip(states, before, strict=True)
    return [graph.operator("Where", [front.any_counts, *pair]) for pair in pairs]


def zero_unless(condition: str, values: str, graph: GraphBuilder) -> str:
    """Return values (batch, time, units) that are zero where a condition (batch, time) is false."""
    condition = graph.operator("Unsqueeze", [condition, graph.integers("axes", [2])])
    return graph.operator("Where", [condition, values, graph.numbers("zero", 0)])


def _steps_at(sequence: str, positions: str, graph: GraphBuilder) -> str:
    """Return the steps of a sequence at positions (batch, time)."""
    positions = graph.operator("Unsqueeze", [positions, graph.integers("axes", [2])])
    return graph.operator("GatherND", [sequence, positions], batch_dims=1)
