"""A strategy for random graphs: small, tangled, and exact.

A graph starts from inputs and constants. Each step draws an operator and its operands from all the
tensors so far, so branches, joins, chains of constants, shared initializers, doubled operands, dead
ends and unused outputs come about by themselves. All values are small whole numbers: onnx.reference
and ONNX Runtime give the same bits, however they add up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import helper
from random_graph_operators import operators_for
from random_graph_scope import FAULT, Scope, Tensor, pattern
from small_graphs import BOOL, FLOAT, INT64, OPSET

BATCH = 3
MOST_STEPS = 14


@dataclass(frozen=True, slots=True)
class RandomGraph:
    """A model, inputs for it, and its tensors by name, without those inside bodies."""

    proto: onnx.ModelProto
    feeds: dict[str, np.ndarray]
    tensors: dict[str, Tensor]

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """Show Hypothesis how to print a failing example."""
        printer.text(f"{onnx.printer.to_text(self.proto)}\nfeeds: {self.feeds}")

    @property
    def outputs(self) -> list[str]:
        """The names of the outputs, each once."""
        return list(dict.fromkeys(x.name for x in self.proto.graph.output))

    def depends_on(self, tensor: str, sources: Iterable[str]) -> bool:
        """Return whether a tensor is one of the sources or is computed from one."""
        return not {tensor, *self.tensors[tensor].ancestors}.isdisjoint(sources)

    def kind(self, tensor: str) -> str:
        """Return the kind of the tensor as a target."""
        if tensor in self.feeds:
            return "input"
        return "activation" if self.tensors[tensor].varies else "weight"


@st.composite
def random_graphs(draw: st.DrawFn) -> RandomGraph:
    scope = Scope(draw)
    for shape in draw(st.lists(st.sampled_from([(), (4,), (1, 2), (4, 2)]), max_size=2)):
        scope.constant(pattern(shape, 4).astype(np.float32))
    feeds = {}
    for _ in range(draw(st.integers(1, 3))):
        tensor, array = _input(scope)
        feeds[tensor.name] = array
    inputs = [x for x in scope.own if x.name in feeds]
    for _ in range(draw(st.integers(1, MOST_STEPS))):
        x = _operand(scope)
        scope.one_of(*operators_for(x))(scope, x)

    batch = draw(st.sampled_from(["N", BATCH]))
    infos = [x.info([batch if n == BATCH else n for n in x.shape]) for x in inputs]
    if draw(st.booleans()):  # as in old files, an initializer may be a graph input as well
        names = {x.name for x in scope.initializers[::2]}
        infos += [x.info(x.shape) for x in scope.own if x.name in names]
    last = [x for x in scope.own if x.varies][-1]
    outputs = [last, *draw(st.lists(st.sampled_from(scope.own), max_size=3))]
    unnamed = draw(st.sampled_from([0, 1, 2]))  # none, all, or every second node
    for number, node in enumerate(scope.nodes):
        node.name = "" if unnamed and number % unnamed == 0 else f"node_{number}"
    graph = helper.make_graph(
        scope.nodes, "random", infos, [x.info() for x in outputs], scope.initializers
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    return RandomGraph(proto, feeds, {x.name: x for x in scope.own})


def _operand(scope: Scope) -> Tensor:
    """Draw a tensor, one that depends on an input most of the time."""
    any_will_do = scope.one_of(False, False, False, True)
    operand = scope.pick(lambda x: x.role != "fixed" and (x.varies or any_will_do))
    assert operand is not None
    return operand


def _input(scope: Scope) -> tuple[Tensor, np.ndarray]:
    """Add a graph input and return it with a value for it: mostly floats, an index, a condition."""
    kind = scope.one_of("float", "float", "float", "index", "condition")
    if kind == "index":
        return scope.tensor((2,), INT64, largest=1, role="index", varies=True), np.array([1, 0])
    if kind == "condition":
        tensor = scope.tensor((), BOOL, largest=1, varies=True)
        return tensor, np.array(scope.one_of(True, False))
    array = pattern((BATCH, scope.one_of(2, 4)), scope.draw(st.integers(0, 6)))
    tensor = scope.tensor(array.shape, FLOAT, largest=3 + FAULT, varies=True)
    return tensor, array.astype(np.float32)
