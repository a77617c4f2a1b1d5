"""A strategy for random graphs: small, tangled, and exact.

A graph starts from inputs and constants. Each step draws an operator and its operands from all the
tensors so far, so branches, joins, chains of constants, shared initializers, doubled operands, dead
ends and unused outputs come about by themselves. All values are small whole numbers: onnx.reference
and ONNX Runtime give the same bits, however they add up.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import helper

from tests.support.graph_facts import NodeByNode, Overwrite
from tests.support.random_graphs import operators as ops
from tests.support.random_graphs.bodies import if_node, loop, scan
from tests.support.random_graphs.scope import FAULT, Scope, Tensor, pattern
from tests.support.small_graphs import BOOL, FLOAT, INT64, OPSET

BATCH = 3
MOST_STEPS = 10


def _is_wide(x: Tensor) -> bool:
    return len(x.shape) > 0 and x.shape[-1] > 1


# What each operator takes; the simplest first, since Hypothesis shrinks towards it.
OPERATORS: dict[ops.Operator, Callable[[Tensor], bool]] = {
    ops.unary: ops.is_number,
    ops.identities: lambda x: True,
    ops.binary: ops.is_number,
    ops.variadic: ops.is_float,
    ops.clip: ops.is_float,
    ops.dropout: ops.is_float,
    ops.where: ops.is_number,
    ops.compare: ops.is_number,
    ops.logic: lambda x: x.dtype == BOOL,
    ops.cast: lambda x: True,
    ops.transpose: lambda x: len(x.shape) > 1,
    ops.reshape: lambda x: len(x.shape) > 0,
    ops.slice_last: _is_wide,
    ops.split: _is_wide,
    ops.top_k: lambda x: ops.is_float(x) and _is_wide(x),
    ops.arg_max: lambda x: ops.is_float(x) and _is_wide(x),
    ops.gather: lambda x: ops.is_number(x) and len(x.shape) > 0,
    ops.concat: lambda x: len(x.shape) > 0 and x.size * 2 <= ops.MOST_ELEMENTS,
    ops.reduce_sum: lambda x: ops.is_number(x) and len(x.shape) > 0,
    ops.cum_sum: lambda x: ops.is_number(x) and len(x.shape) > 0,
    ops.matmul: lambda x: ops.is_float(x) and len(x.shape) > 1,
    if_node: ops.is_float,
    loop: ops.is_float,
    scan: lambda x: ops.is_float(x) and len(x.shape) > 1,
}
# These tangle a graph most.
OFTEN = [ops.binary, ops.split, ops.top_k, ops.concat, if_node, loop, scan]


@dataclass(frozen=True)
class RandomGraph:
    """A model, inputs for it, and its tensors by name, without those inside bodies."""

    proto: onnx.ModelProto
    feeds: dict[str, np.ndarray]
    tensors: dict[str, Tensor]

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """Show Hypothesis how to print a failing example."""
        printer.text(f"{onnx.printer.to_text(self.proto)}\nfeeds: {self.feeds}")

    @cached_property
    def _oracle(self) -> NodeByNode:
        return NodeByNode(self.proto)

    @cached_property
    def golden(self) -> Mapping[str, np.ndarray]:
        """The golden tensors by name."""
        return self.run({})

    def run(self, overwrites: Mapping[str, Overwrite]) -> Mapping[str, np.ndarray]:
        """Run the model, overwriting tensors on the way; see `NodeByNode.run`."""
        return self._oracle.run(self.feeds, overwrites)

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
        scope.one_of(*_operators_for(x))(scope, x)

    batch = draw(st.one_of(st.just("N"), st.just(BATCH)))
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


def _operators_for(x: Tensor) -> list[ops.Operator]:
    """Return the operators that a tensor may go into."""
    if x.largest > ops.CALM:
        return [ops.clip if ops.is_float(x) else ops.compare]
    fitting = [operator for operator, takes in OPERATORS.items() if takes(x)]
    return [*fitting, *(x for x in fitting if x in OFTEN)]
