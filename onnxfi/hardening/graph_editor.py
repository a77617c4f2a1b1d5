"""Adds checks to a copy of a model."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from onnxfi.errors import ModelFormatError
from onnxfi.graph import Model
from onnxfi.onnx_ir import ir
from onnxfi.runtime import Session
from onnxfi.surgery import NodeBuilder, extract, free_name

# Where, IsNaN and comparisons of any number are there from here on.
_FIRST_OPSET = 9
# Axes of reductions are an input from these versions on.
_AXES_AS_INPUT = {"ReduceSum": 13, "ReduceMax": 18}
# Graph inputs need not have an initializer from here on, and one that has may be overridden.
_FIRST_IR_VERSION = 4
Reduction = Literal["ReduceSum", "ReduceMax"]


class GraphEditor:
    """A copy of a model, to which checks are added.

    Tensors keep their names: a check reads a tensor, and what it corrects gets a new name, which
    the readers of the tensor read from then on. Outputs of the model are not corrected.

    Attributes:
        model: the copy.
        alarms: the names of the outputs that raise an alarm.
    """

    def __init__(self, model: Model) -> None:
        """Copy the model.

        Raises:
            ModelFormatError: its opset is below 9.
        """
        self.model = Model(model.ir_model.clone(), model.files)
        self.opset = self.model.graph.opset_imports.get("", 0)
        if self.opset < _FIRST_OPSET:
            raise ModelFormatError(
                f"A model to harden must have opset {_FIRST_OPSET} or later, got {self.opset}. "
                "Update it with onnx.version_converter."
            )
        self.alarms: list[str] = []
        self._constants = self.model.constants
        self._added: set[ir.Node] = set()
        first = self.model.graph.inputs[0].shape if self.model.graph.inputs else None
        self._samples = None if first is None or not first.rank() else first[0]

    def builder(self, name: str) -> NodeBuilder:
        """Return a builder of nodes under a name that is free."""
        return NodeBuilder(free_name(self.model, name), self.opset)

    def insert(
        self, builder: NodeBuilder, after: ir.Value | None, *, stored: Sequence[ir.Value] = ()
    ) -> None:
        """Insert the nodes of a builder behind the node that makes a value.

        Args:
            builder: the nodes and the constants.
            after: the value that is made last of those that the nodes read. Those of a weight are
                inserted before its first reader, so that weights keep their order as targets.
            stored: constants that a runtime must not compute with in advance: they become inputs
                with a default, which could be overridden.
        """
        graph = self.model.graph
        for value in builder.constants:
            graph.register_initializer(value)
        graph.inputs.extend(stored)
        self.model.ir_model.ir_version = max(self.model.ir_model.ir_version, _FIRST_IR_VERSION)
        producer = None if after is None else after.producer()
        if producer is not None:
            graph.insert_after(producer, builder.nodes)
        else:
            readers = set() if after is None else {x for x, _ in after.uses()}
            graph.insert_before(next((x for x in graph if x in readers), graph[0]), builder.nodes)
        for node in builder.nodes:
            self._added.add(node)
            for attribute in node.attributes.values():
                if attribute.type == ir.AttributeType.GRAPH:
                    self._added.update(attribute.as_graph())

    def replace(self, value: ir.Value, corrected: ir.Value) -> None:
        """Let the readers of a value read another; checks keep reading the value itself."""
        corrected.type, corrected.shape = value.type, value.shape
        for node, index in tuple(value.uses()):
            if node not in self._added:
                node.replace_input_with(index, corrected)

    def any_of_sample(
        self, builder: NodeBuilder, wrong: ir.Value, like: ir.Value | None
    ) -> ir.Value:
        """Return whether any element of a sample is true.

        Args:
            builder: takes the nodes.
            wrong: the elements, bool.
            like: a value of the same rank, of which the first axis may count samples; None where
                it does not.

        Returns:
            bool, shape ``(samples,)``, or ``(1,)`` where the first axis does not count them.
        """
        counts = builder.node("Cast", "count", wrong, to=int(ir.DataType.INT32))
        if like is None or like.shape is None or not self.counts_samples(like):
            flat = builder.node("Reshape", "flat", counts, builder.integers("flat_shape", -1))
            counts = self.reduce(builder, "ReduceMax", flat, [0], keep=True)
        elif (rank := like.shape.rank()) > 1:
            counts = self.reduce(builder, "ReduceMax", counts, list(range(1, rank)), keep=False)
        return builder.node("Cast", "raised", counts, to=int(ir.DataType.BOOL))

    def add_alarm(self, raised: ir.Value, like: ir.Value | None, protection: str, of: str) -> None:
        """Make an alarm an output of the model, called ``alarm:PROTECTION:OF``.

        Args:
            raised: bool, as `any_of_sample` returns it.
            like: the value whose samples it counts; None where it counts none.
            protection: the name of the protection.
            of: the layer or tensor that is protected.
        """
        raised.name = free_name(self.model, f"alarm:{protection}:{of}")
        raised.type = ir.TensorType(ir.DataType.BOOL)
        counted = like is not None and self.counts_samples(like)
        raised.shape = ir.Shape([self._samples if counted else 1])
        self.model.graph.outputs.append(raised)
        self.alarms.append(raised.name)

    def counts_samples(self, value: ir.Value) -> bool:
        """Return whether the first axis of a value is as long as that of the model's input."""
        known = value.shape is not None and value.shape.rank() and self._samples is not None
        return bool(known) and value.shape[0] == self._samples  # type: ignore[index]

    def reduce(
        self, builder: NodeBuilder, op: Reduction, value: ir.Value, axes: list[int], *, keep: bool
    ) -> ir.Value:
        """Add a reduction over some axes."""
        name = f"{op.lower()}_{len(builder.nodes)}"
        if self.opset >= _AXES_AS_INPUT[op]:
            given = builder.integers(f"{name}_axes", *axes)
            return builder.node(op, name, value, given, keepdims=int(keep))
        return builder.node(op, name, value, axes=axes, keepdims=int(keep))

    def array(self, value: ir.Value | None) -> np.ndarray | None:
        """Return the numbers of a value that depends on constants only; None for other values."""
        if value is None:
            return None
        tensor = ir.convenience.get_const_tensor(value)
        if tensor is not None:
            return tensor.numpy()
        if value not in self._constants or value.name is None:
            return None
        return Session(extract(self.model, [], [value])).run({})[value.name]
