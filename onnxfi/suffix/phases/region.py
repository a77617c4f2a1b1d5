"""Which nodes after the targets corruptions are pushed through, and what is left to run."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from onnxfi.graph import Model
from onnxfi.graph.dependencies import constant_values, consumed_values
from onnxfi.runtime import Session
from onnxfi.suffix.rewritten import rewritten_nodes
from onnxfi.suffix.rules import Rule, make_rules
from onnxfi.suffix.windows.steps import spatial_size
from onnxfi.surgery import Stage
from onnxfi.surgery.extract import extract


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """A node that corruptions are pushed through, to one of its outputs.

    Attributes:
        rule: how.
        inputs: names of the node's inputs; an empty one is left out.
        output: name of the output.
    """

    rule: Rule
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, eq=False, slots=True)
class Region:
    """The nodes that follow the targets and that corruptions are pushed through.

    Attributes:
        steps: these nodes, in an order in which they can run.
        model: computes the outputs of the steps from the stage's inputs; without nodes where there
            are no steps.
        rest: what is left of the stage: takes the frontier and others of the stage's inputs, gives
            the stage's other outputs. Without nodes where nothing is left.
        frontier: names of the targets and step outputs that the rest takes.
        outputs: names of the stage's outputs that are targets or step outputs.
        constants: the constants that the steps read, by name.
        tensors: names of the targets and of the step outputs, in the order of the steps.
    """

    steps: tuple[Step, ...]
    model: Model
    rest: Model
    frontier: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: dict[str, np.ndarray]
    tensors: tuple[str, ...]


def find_region(stage: Stage, *, propagation: bool = True) -> Region:
    """Find the nodes of a stage that corruptions can be pushed through.

    A node belongs to the region if it has a rule, if what it reads is known (a target, another
    input of the stage, a constant, what is computed from constants alone, or the output of a node
    in the region), and if ONNX Runtime does not compute it together with what follows.

    Args:
        stage: the stage.
        propagation: False for a region without nodes.
    """
    graph = stage.model.graph
    constant = constant_values(graph)
    left_whole = rewritten_nodes(graph) if propagation else set(graph)
    inside, reached = _push(stage, constant, left_whole)
    while resizing := _resizing_beside_others(inside, reached):
        left_whole |= resizing
        inside, reached = _push(stage, constant, left_whole)

    def part(nodes: Iterable[ir.Node], outputs: list[ir.Value]) -> Model:
        read = {value for node in nodes for value in consumed_values(node)}
        own = {value for node in nodes for value in node.outputs}
        candidates = dict.fromkeys([*graph.inputs, *reached])
        return extract(stage.model, [x for x in candidates if x in read and x not in own], outputs)

    rest = part(
        [node for node in graph if node not in inside],
        [value for value in graph.outputs if value not in reached],
    )
    taken = {value.name for value in rest.graph.inputs}
    targets = tuple(x.tensor for x in stage.targets)
    steps = tuple(step for of_node in inside.values() for step in of_node)
    return Region(
        steps=steps,
        tensors=(*targets, *(step.output for step in steps)),
        model=part(inside, [x for node in inside for x in node.outputs if x in reached]),
        rest=rest,
        frontier=tuple(x.name or "" for x in reached if x.name in taken),
        outputs=tuple(x.name or "" for x in dict.fromkeys(graph.outputs) if x in reached),
        constants=read_constants(stage.model, inside, constant),
    )


def _push(
    stage: Stage, constant: Collection[ir.Value], left_whole: Collection[ir.Node]
) -> tuple[dict[ir.Node, list[Step]], dict[ir.Value, None]]:
    """Return the nodes that corruptions are pushed through, but for some, and what they reach."""
    graph = stage.model.graph
    names = {x.tensor for x in stage.targets}
    reached = {value: None for value in graph.inputs if value.name in names}
    inside: dict[ir.Node, list[Step]] = {}
    for node in graph:
        if node in left_whole:
            continue
        rules = _find_rules(stage.model, node, reached, constant)
        if rules:
            inputs = tuple("" if x is None else x.name or "" for x in node.inputs)
            inside[node] = [Step(rule, inputs, x.name or "") for x, rule in rules.items()]
            reached |= dict.fromkeys(rules)
    return inside, reached


def _resizing_beside_others(
    inside: Collection[ir.Node], reached: Collection[ir.Value]
) -> set[ir.Node]:
    """Return the nodes that make images of another size from one that the rest reads as well.

    What is pushed through them is not masked there, and windows begin with images of one size.
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
    """Return the constants that some nodes read, and what is computed from constants alone.

    Args:
        model: the model.
        nodes: some of its nodes.
        constant: which of its values are constant, as `constant_values` tells.
    """
    read = {x for node in nodes for x in node.inputs if x is not None and x in constant}
    tensors = {x: t for x in read if (t := ir.convenience.get_const_tensor(x)) is not None}
    found = {x.name or "": np.ascontiguousarray(t.numpy()) for x, t in tensors.items()}
    computed = [x for x in read if x not in tensors]
    if computed:
        found |= Session(extract(model, [], computed), threads=1).run({})
    return found


def _find_rules(
    model: Model, node: ir.Node, reached: Collection[ir.Value], constant: Collection[ir.Value]
) -> dict[ir.Value, Rule]:
    patched = [place for place, value in enumerate(node.inputs) if value in reached]
    known = all(
        value is None or value in reached or value in model.graph.inputs or value in constant
        for value in node.inputs
    )
    return make_rules(model, node, patched) if patched and known else {}
