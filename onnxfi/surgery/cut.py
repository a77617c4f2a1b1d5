"""Assigns the nodes of a model to the prefix and to the stages behind its targets."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from onnxfi.graph import (
    Model,
    Target,
    constant_values,
    consumed_values,
    draws_noise,
)
from onnxfi.onnx_ir import ir


class Cut:
    """The nodes that run before and after each target, and the values that cross between them.

    Level 0 is the prefix; the other levels are the stages.

    Attributes:
        targets: the targets by their values.
        levels: the number of targets on the way to each value. Values that depend on no target
            are not listed.
        parts: the nodes of each level.
        crossing: the values that each level reads from earlier levels.
    """

    def __init__(
        self, model: Model, targets: Sequence[Target], *, kept: Sequence[str] = ()
    ) -> None:
        """Assign the nodes.

        Args:
            model: the model.
            targets: its targets, at least one.
            kept: names of further values that the targets depend on, which levels hand on too.
        """
        self._graph = graph = model.graph
        self.targets = {model.values[x.tensor]: x for x in targets}
        reads = _reads(model)
        self.levels = _levels(reads, self.targets)
        self._kept = [x for name in kept if (x := model.values[name]) not in self.targets]
        last = max(self.levels[value] for value in self.targets)
        # A target that reaches no output is still computed: a corruption is drawn from its value.
        needed = {*graph.outputs, *self.targets}
        self.parts: list[list[ir.Node]] = [[] for _ in range(last + 1)]
        for node, read in reversed(reads.items()):
            if not needed.isdisjoint(node.outputs):
                needed.update(read.values)
                self.parts[read.level(self.levels)].append(node)
        for nodes in self.parts:
            nodes.reverse()
        constants: Collection[ir.Value] = model.constants
        if not self.targets.keys().isdisjoint(constants):
            constants = constant_values(graph, given=self.targets)
        # Keyed by value, so that a tensor that many nodes read counts once, in the graph's order.
        self.crossing = [
            [
                value
                for value in dict.fromkeys(x for node in nodes for x in reads[node].values)
                if self.levels.get(value, 0) < level and value not in constants
            ]
            for level, nodes in enumerate(self.parts)
        ]

    def targets_at(self, level: int) -> list[ir.Value]:
        """Return the targets that are corrupted before a stage runs."""
        return [value for value in self.targets if self.levels[value] == level]

    def boundary(self, level: int) -> list[ir.Value]:
        """Return the values besides targets that a level computes for later levels."""
        later = dict.fromkeys(value for values in self.crossing[level + 1 :] for value in values)
        return [x for x in later if self.levels.get(x, 0) == level and x not in self.targets]

    def graph_outputs(self, level: int) -> list[ir.Value]:
        """Return the outputs of the model that a level computes."""
        return [x for x in dict.fromkeys(self._graph.outputs) if self.levels.get(x, 0) == level]

    def outputs(self, level: int) -> list[ir.Value]:
        """Return all values that a level hands on: next targets, boundary, model outputs, kept."""
        kept = [x for x in self._kept if self.levels.get(x, 0) == level]
        made = [*self.targets_at(level + 1), *self.boundary(level), *self.graph_outputs(level)]
        return list(dict.fromkeys([*made, *kept]))


def prefix_outputs(
    model: Model, targets: Sequence[Target], *, kept: Sequence[str] = ()
) -> list[ir.Value]:
    """Return the outputs of the prefix of a split at some targets, as values of the model.

    Call it on a model whose Dropout masks are separate (see `with_masks_apart`).

    Args:
        model: the model.
        targets: the targets.
        kept: as in `split_at`.
    """
    return Cut(model, targets, kept=kept).outputs(0)


@dataclass(frozen=True, eq=False, slots=True)
class _Reads:
    """The dependencies of a node.

    Attributes:
        values: the values that it reads.
        is_noise: whether it draws random numbers. They are replayed, so they depend on no fault.
    """

    values: tuple[ir.Value, ...]
    is_noise: bool

    def level(self, levels: Mapping[ir.Value, int]) -> int:
        """Return the number of targets on the way to the node."""
        if self.is_noise:
            return 0
        return max((levels.get(value, 0) for value in self.values), default=0)


def _reads(model: Model) -> dict[ir.Node, _Reads]:
    """Return the dependencies of each node, in the graph's order; computed once for all cuts."""
    known = model.notes.get(_Reads)
    if known is None:
        known = model.notes[_Reads] = {
            node: _Reads(tuple(consumed_values(node)), draws_noise(node)) for node in model.graph
        }
    assert isinstance(known, dict), "The key names the class."
    return known


def _levels(reads: Mapping[ir.Node, _Reads], targets: Collection[ir.Value]) -> dict[ir.Value, int]:
    """Return the number of targets, one downstream of the other, on the way to each value.

    A target counts itself. Values that depend on no target are not listed.
    """
    levels = dict.fromkeys((x for x in targets if x.producer() is None), 1)
    for node, read in reads.items():
        level = read.level(levels)
        for value in node.outputs:
            if level or value in targets:
                levels[value] = level + (value in targets)
    return levels
