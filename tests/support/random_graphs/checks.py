"""Checks the rules that every split of a random graph must follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir

import onnxfi
from onnxfi.error_models import Corruption
from tests.support.graph_facts import NodeByNode, tensors_read
from tests.support.random_graphs.scope import FAULT
from tests.support.random_graphs.strategy import RandomGraph


@dataclass(frozen=True, slots=True)
class Mirror:
    """An error model: a value v becomes top - v, or its negation where it is a bool.

    Attributes:
        top: the sum of a value before and after.
        sites: the injection sites; None draws up to two.
    """

    top: int
    sites: np.ndarray | None = None

    def sample(self, golden: np.ndarray, *, rng: np.random.Generator, **_: Any) -> Corruption:
        """Draw the corruption of a tensor, as error models do."""
        sites = self.sites
        if sites is None:
            sites = rng.choice(golden.size, min(2, golden.size), replace=False)
        values = golden.reshape(-1)[sites]
        mirrored = ~values if values.dtype == np.bool_ else self.top - values
        return Corruption(sites, mirrored.astype(values.dtype))

    def __call__(self, tensor: np.ndarray) -> np.ndarray:
        """Return a corrupted copy of a tensor, the same one each time."""
        return self.sample(tensor, rng=np.random.default_rng(0)).apply(tensor)


def faults_in(graph: RandomGraph, names: Sequence[str]) -> dict[str, Mirror]:
    """Return a fault for each tensor; none at all if one of them can take no other value."""
    tensors = [graph.tensors[name] for name in names]
    if any(x.role == "fixed" for x in tensors):
        return {}
    return {x.name: Mirror(x.largest if x.role == "index" else FAULT) for x in tensors}


def levels(graph: RandomGraph, names: Sequence[str]) -> list[set[str]]:
    """Group tensors so that each comes after those that it depends on, as early as it can."""
    level: dict[str, int] = {}
    for name in graph.tensors:  # in the order in which they are computed
        if name in names:
            above = (level[other] for other in level if graph.depends_on(name, {other}))
            level[name] = 1 + max(above, default=-1)
    return [{x for x in level if level[x] == n} for n in range(1 + max(level.values()))]


def check_split(graph: RandomGraph, split: onnxfi.Split, names: Sequence[str]) -> int:
    """Check all that must hold of a split and return the number of faulty runs among it.

    Args:
        graph: the graph.
        split: its split.
        names: the tensors that it was split at.
    """
    models = [split.prefix, *(stage.model for stage in split.stages)]
    parts = [ir.serde.serialize_model(model.ir_model) for model in models]
    _check_outputs(graph, split, names)
    _check_boundary(graph, split)
    _check_crossing(split, parts)
    for part in parts:
        _check_part(part)
    prefix, *stages = map(NodeByNode, parts)
    between = prefix.run(graph.feeds)
    faults = faults_in(graph, names)
    for overwrites in (faults, {}) if faults else ({},):
        expected = graph.run(overwrites) if overwrites else graph.golden
        got = _run_stages(split, stages, between, overwrites)
        for name in (*graph.outputs, *names):
            assert got[name].dtype == expected[name].dtype, name
            assert got[name].shape == expected[name].shape, name
            assert got[name].tobytes() == expected[name].tobytes(), name
    return len(faults) > 0


def _run_stages(
    split: onnxfi.Split,
    stages: Sequence[NodeByNode],
    between: Mapping[str, np.ndarray],
    faults: Mapping[str, Mirror],
) -> dict[str, np.ndarray]:
    known = dict(between)
    for stage, runner in zip(split.stages, stages, strict=True):
        for name in (x.tensor for x in stage.targets):
            known[name] = faults[name](known[name]) if name in faults else known[name]
        known |= runner.run({name: known[name] for name in runner.inputs})
    return known


def _check_outputs(graph: RandomGraph, split: onnxfi.Split, names: Sequence[str]) -> None:
    assert [{x.tensor for x in stage.targets} for stage in split.stages] == levels(graph, names)
    faulty = [x for x in graph.outputs if graph.depends_on(x, names)]
    assert split.faulty_outputs == tuple(faulty)
    assert split.golden_outputs == tuple(x for x in graph.outputs if x not in faulty)


def _check_boundary(graph: RandomGraph, split: onnxfi.Split) -> None:
    """Check that nothing crosses twice, faulty, or though each part could compute it itself."""
    targets = {x.tensor for x in split.targets}
    # A part that is given a target cannot run the node that makes it, not for other outputs either.
    beside = {
        x for node in graph.proto.graph.node if targets & set(node.output) for x in node.output
    }
    for name in split.boundary:
        assert graph.kind(name) != "weight" or graph.depends_on(name, beside), name
        assert not graph.depends_on(name, targets), name
    assert len(set(split.boundary)) == len(split.boundary)


def _check_crossing(split: onnxfi.Split, parts: Sequence[onnx.ModelProto]) -> None:
    """Check that each part takes what is there and what it reads, and gives what is needed."""
    takes = [{x.name for x in part.graph.input} for part in parts]
    gives = [{x.name for x in part.graph.output} for part in parts]
    known = {x.tensor for x in split.stages[0].targets} | set(split.boundary)
    assert gives[0] == known | set(split.golden_outputs)
    assert set(split.boundary) <= set().union(*takes[1:])
    for number, stage in enumerate(split.stages, 1):
        assert takes[number] <= known
        read = {name for node in parts[number].graph.node for name in tensors_read(node)}
        assert takes[number] <= read | {x.tensor for x in stage.targets}
        taken_later = set().union(*takes[number + 1 :])
        assert gives[number] - takes[number] <= taken_later | set(split.faulty_outputs)
        assert gives[number] & takes[number] <= set(split.faulty_outputs)
        known |= gives[number]


def _check_part(part: onnx.ModelProto) -> None:
    """Check that a part is valid, and that its outputs need every node and constant in it."""
    graph = part.graph
    # The checker wants the ranks of what crosses, and nothing tells those of a Loop's state.
    if all(x.type.tensor_type.HasField("shape") for x in (*graph.input, *graph.output)):
        onnx.checker.check_model(part, full_check=True)
    known = [x.name for x in graph.input] + [x.name for x in graph.initializer]
    for node in graph.node:
        assert tensors_read(node) <= set(known)
        known += [name for name in node.output if name]
    assert len(set(known)) == len(known)
    needed = {x.name for x in graph.output}
    assert needed <= set(known)
    for node in reversed(graph.node):
        assert needed & set(node.output), f"no output needs {node}"
        needed |= tensors_read(node)
    assert {x.name for x in graph.initializer} <= needed
