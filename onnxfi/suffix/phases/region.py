"""Finds the push region: the nodes that corruptions cross as sparse patches."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from onnxfi.graph import Model, constant_values, consumed_values
from onnxfi.onnx_ir import ir
from onnxfi.runtime import Session
from onnxfi.suffix.cuts import held_together
from onnxfi.suffix.rules import Rule, make_rules
from onnxfi.suffix.windows.windowed_node import spatial_size
from onnxfi.surgery import Stage, extract


@dataclass(frozen=True, eq=False, slots=True)
class PushedNode:
    """A node that corruptions are pushed through, to one of its outputs.

    Attributes:
        rule: carries patches through the node.
        inputs: names of the node's inputs; an empty one is left out.
        output: name of the output.
    """

    rule: Rule
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, eq=False, slots=True)
class PushRegion:
    """The nodes right after the targets that corruptions are pushed through.

    Attributes:
        nodes: these nodes, in an order in which they can run.
        model: computes the outputs of the nodes from the stage's inputs; without nodes where the
            region has none.
        behind: the rest of the stage: takes the entry and others of the stage's inputs, gives the
            stage's other outputs. Without nodes where nothing remains.
        entry: names of the targets and node outputs that the rest takes.
        outputs: names of the stage's outputs that are targets or node outputs.
        constants: the constants that the nodes read, by name.
        tensors: names of the targets and of the node outputs, in the order of the nodes.
    """

    nodes: tuple[PushedNode, ...]
    model: Model
    behind: Model
    entry: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: dict[str, np.ndarray]
    tensors: tuple[str, ...]


def find_push_region(
    stage: Stage, *, propagation: bool = True, provider: Literal["cpu", "cuda"] = "cpu"
) -> PushRegion:
    """Find the nodes of a stage that corruptions can be pushed through.

    A node belongs to the region if it has a rule, if all that it reads is known (a target, another
    input of the stage, a constant, a value computed from constants only, or the output of a node
    in the region), and if ONNX Runtime does not fuse it with its consumers.

    Args:
        stage: the stage.
        propagation: False for a region without nodes.
        provider: where the stage runs; the rules of ``cuda`` are those of operators that round
            nothing.
    """
    graph = stage.model.graph
    constant = constant_values(graph)
    left_whole = held_together(graph) if propagation else set(graph)
    inside, reached = _push(stage, constant, left_whole, provider)
    while resizing := _resizing_beside_others(inside, reached):
        left_whole |= resizing
        inside, reached = _push(stage, constant, left_whole, provider)

    def part(nodes: Iterable[ir.Node], outputs: list[ir.Value]) -> Model:
        read = {value for node in nodes for value in consumed_values(node)}
        own = {value for node in nodes for value in node.outputs}
        candidates = dict.fromkeys([*graph.inputs, *reached])
        return extract(stage.model, [x for x in candidates if x in read and x not in own], outputs)

    behind = part(
        [node for node in graph if node not in inside],
        [value for value in graph.outputs if value not in reached],
    )
    taken = {value.name for value in behind.graph.inputs}
    targets = tuple(x.tensor for x in stage.targets)
    nodes = tuple(pushed for of_node in inside.values() for pushed in of_node)
    return PushRegion(
        nodes=nodes,
        tensors=(*targets, *(x.output for x in nodes)),
        model=part(inside, [x for node in inside for x in node.outputs if x in reached]),
        behind=behind,
        entry=tuple(x.name or "" for x in reached if x.name in taken),
        outputs=tuple(x.name or "" for x in dict.fromkeys(graph.outputs) if x in reached),
        constants=read_constants(stage.model, inside, constant),
    )


def _push(
    stage: Stage,
    constant: Collection[ir.Value],
    left_whole: Collection[ir.Node],
    provider: Literal["cpu", "cuda"],
) -> tuple[dict[ir.Node, list[PushedNode]], dict[ir.Value, None]]:
    """Return the push region without the excluded nodes, and the values it reaches."""
    graph = stage.model.graph
    names = {x.tensor for x in stage.targets}
    reached = {value: None for value in graph.inputs if value.name in names}
    inside: dict[ir.Node, list[PushedNode]] = {}
    for node in graph:
        if node in left_whole:
            continue
        rules = _find_rules(stage.model, node, reached, constant, provider)
        if rules:
            inputs = tuple("" if x is None else x.name or "" for x in node.inputs)
            inside[node] = [PushedNode(rule, inputs, x.name or "") for x, rule in rules.items()]
            reached |= dict.fromkeys(rules)
    return inside, reached


def _resizing_beside_others(
    inside: Collection[ir.Node], reached: Collection[ir.Value]
) -> set[ir.Node]:
    """Return the nodes that resize an image which the rest of the stage reads as well.

    Pushing through them masks nothing, and windows need images of one size.
    """
    found = set()
    for node in inside:
        size = spatial_size(node.outputs[0])
        for value in node.inputs:
            if value is None or value not in reached or spatial_size(value) in (None, size):
                continue
            if size is not None and any(use.node not in inside for use in value.uses()):
                found.add(node)
    return found


def read_constants(
    model: Model, nodes: Collection[ir.Node], constant: Collection[ir.Value]
) -> dict[str, np.ndarray]:
    """Return the constants that some nodes read, computed ones among them, by name.

    Args:
        model: the model.
        nodes: some of its nodes.
        constant: the values of the model that are constant, from `constant_values`.
    """
    read = {x for node in nodes for x in node.inputs if x is not None and x in constant}
    tensors = {x: t for x in read if (t := ir.convenience.get_const_tensor(x)) is not None}
    found = {x.name or "": np.ascontiguousarray(t.numpy()) for x, t in tensors.items()}
    computed = [x for x in read if x not in tensors]
    if computed:
        found |= Session(extract(model, [], computed), threads=1).run({})
    return found


def _find_rules(
    model: Model,
    node: ir.Node,
    reached: Collection[ir.Value],
    constant: Collection[ir.Value],
    provider: Literal["cpu", "cuda"],
) -> dict[ir.Value, Rule]:
    patched = [place for place, value in enumerate(node.inputs) if value in reached]
    known = all(
        value is None or value in reached or value in model.graph.inputs or value in constant
        for value in node.inputs
    )
    return make_rules(model, node, patched, provider=provider) if patched and known else {}
