"""Reduces a network to its targets and the joints between them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from onnxfi.graph import Model, consumed_values
from onnxfi.onnx_ir import ir


@dataclass(frozen=True, slots=True)
class Vertex:
    """A point of the drawing.

    Attributes:
        tensors: the targets that it stands for; several if one operator computes several.
        name: name of the input, the output or the operator type, for vertices without a target.
    """

    tensors: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Wiring:
    """A network reduced to its inputs, outputs and targets, and the joints between them.

    Attributes:
        vertices: the vertices, in an order in which data can pass them.
        sources: the vertices that each vertex reads, ascending.
    """

    vertices: Sequence[Vertex]
    sources: Sequence[Sequence[int]]


def wire(model: Model, targets: Collection[str]) -> Wiring:
    """Reduce a network.

    Operators that are no targets are left out: one that reads a single vertex is part of it, and
    one that reads several is a joint. Vertices that no output depends on are left out too.

    Args:
        model: the network.
        targets: names of the tensors that are targets.
    """
    draft = _Draft({*targets})
    for value in model.graph.inputs:
        if not value.is_initializer():
            draft.add_start(value)
    for node in model.graph:
        draft.pass_node(node)
    ends = []
    for value in model.graph.outputs:
        source = draft.vertex_of.get(value)
        if source is None:
            continue
        if value.name not in draft.vertices[source].tensors:
            source = draft.add((), value.name or "", (source,), [])
        ends.append(source)
    return _needed(draft.vertices, draft.sources, ends)


class _Draft:
    """Vertices, what they read, and the vertex that each value belongs to."""

    def __init__(self, targets: set[str]) -> None:
        self.vertices: list[Vertex] = []
        self.sources: list[tuple[int, ...]] = []
        self.vertex_of: dict[ir.Value, int] = {}
        self._targets = targets

    def add(
        self,
        tensors: tuple[str, ...],
        name: str,
        sources: tuple[int, ...],
        values: Iterable[ir.Value],
    ) -> int:
        self.vertices.append(Vertex(tensors, name))
        self.sources.append(sources)
        place = len(self.vertices) - 1
        self.vertex_of.update(dict.fromkeys(values, place))
        return place

    def add_start(self, value: ir.Value) -> None:
        name = value.name or ""
        self.add((name,) if name in self._targets else (), name, (), [value])

    def pass_node(self, node: ir.Node) -> None:
        for value in consumed_values(node):
            # A weight stands just before its first reader.
            is_new = value.is_initializer() and value not in self.vertex_of
            if is_new and value.name in self._targets:
                self.add_start(value)
        read = {self.vertex_of[x] for x in consumed_values(node) if x in self.vertex_of}
        sources = tuple(sorted(read))
        hit = tuple(x.name for x in node.outputs if x.name in self._targets)
        if hit or len(sources) > 1:
            self.add(hit, node.op_type, sources, node.outputs)
        elif sources:
            self.vertex_of.update(dict.fromkeys(node.outputs, sources[0]))


def _needed(
    vertices: Sequence[Vertex], sources: Sequence[Sequence[int]], ends: Iterable[int]
) -> Wiring:
    """Return the vertices that the ends depend on, numbered anew; targets always stay."""
    kept = {*ends, *(place for place, x in enumerate(vertices) if x.tensors)}
    for place in range(len(vertices) - 1, -1, -1):
        if place in kept:
            kept.update(sources[place])
    order = sorted(kept)
    number: Mapping[int, int] = {place: k for k, place in enumerate(order)}
    return Wiring(
        [vertices[place] for place in order],
        [[number[x] for x in sources[place]] for place in order],
    )
