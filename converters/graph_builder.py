"""Building an ONNX graph node by node, with unique names and a known layout of every tensor.

Keras keeps the channels last, the image operators of ONNX want them first (after the batch). A
`Tensor` says which of both it is, and transposes are added only where an operator needs the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper

BATCH = "N"
"""Name of the free batch dimension, in every input and output."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A float32 tensor of the graph being built.

    Attributes:
        name: its name in the graph.
        shape: its shape in the order of Keras, batch first; None where a size is not known.
        channels_first: whether the graph stores it with the channels moved behind the batch.
    """

    name: str
    shape: tuple[int | None, ...]
    channels_first: bool = False

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def channel_axis(self) -> int | None:
        """Axis of the channels as stored in the graph; None below rank 3, where there are none."""
        if self.rank < 3:
            return None
        return 1 if self.channels_first else self.rank - 1

    def stored_axis(self, axis: int) -> int:
        """Return where an axis of Keras (negative counts from the end) is in the graph."""
        axis %= self.rank
        if not self.channels_first or axis == 0:
            return axis
        return 1 if axis == self.rank - 1 else axis + 1


class GraphBuilder:
    """An ONNX graph that grows layer by layer.

    Args:
        opset: version of the default operator set.
        reserved: names that only layer outputs and graph inputs may take.
    """

    def __init__(self, opset: int, reserved: Iterable[str] = ()) -> None:
        """Start an empty graph."""
        self.opset = opset
        self._names = set(reserved)
        self._scope = ""
        self._nodes: list[onnx.NodeProto] = []
        self._scope_start = 0
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._weights: dict[str, str] = {}
        self._other_layout: dict[str, Tensor] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def add_input(self, name: str, shape: tuple[int | None, ...]) -> Tensor:
        """Add a graph input of a reserved name, float32, in the layout of Keras."""
        tensor = Tensor(name, (None, *shape[1:]))
        self._inputs.append(self._describe(tensor))
        return tensor

    def add_output(self, tensor: Tensor) -> None:
        """Make a tensor a graph output, in the layout of Keras.

        The output has the tensor's own name where that is possible, otherwise
        ``<name>/output``: where the tensor is stored channels first, is a graph input, or is a
        graph output already.
        """
        taken = {value.name for value in (*self._inputs, *self._outputs)}
        if tensor.channels_first or tensor.name in taken:
            name = self._unique(f"{tensor.name}/output")
            if tensor.channels_first:
                order = [0, *range(2, tensor.rank), 1]
                self._append("Transpose", [tensor.name], name, {"perm": order})
            else:
                self._append("Identity", [tensor.name], name, {})
            tensor = replace(tensor, name=name, channels_first=False)
        self._outputs.append(self._describe(tensor))

    def enter(self, path: str) -> None:
        """Begin a layer call: the names of its nodes start with its path."""
        self._scope = path
        self._scope_start = len(self._nodes)

    def finish(self, tensor: Tensor) -> Tensor:
        """End a layer call: its output takes the layer's path as its name.

        A layer that added no operator for its output gets an Identity, so that every layer output
        is a tensor of its own.
        """
        own = self._nodes[self._scope_start :]
        copies = {copy.name for copy in self._other_layout.values()}
        if tensor.name in copies or not any(tensor.name in node.output for node in own):
            self._append("Identity", [tensor.name], self._scope, {})
            return replace(tensor, name=self._scope)
        for node in own:
            _rename(node.input, tensor.name, self._scope)
            _rename(node.output, tensor.name, self._scope)
            if node.name == tensor.name:
                node.name = self._scope
        if tensor.name in self._other_layout:
            self._other_layout[self._scope] = self._other_layout.pop(tensor.name)
        return replace(tensor, name=self._scope)

    def operator(self, op_type: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one output; return the output's name, ``<layer path>/<OpType>``."""
        name = self._unique(f"{self._scope}/{op_type}")
        self._append(op_type, inputs, name, attributes)
        return name

    def apply(self, op_type: str, tensor: Tensor, *inputs: str, **attributes: Any) -> Tensor:
        """Add a node that keeps the shape and the layout of its first input."""
        name = self.operator(op_type, [tensor.name, *inputs], **attributes)
        return replace(tensor, name=name)

    def weight(self, path: str, role: str, value: NDArray[np.float32]) -> str:
        """Add a weight ``<path>/<role>``, once for all calls of a layer; return its name."""
        key = f"{path}/{role}"
        if key not in self._weights:
            self._weights[key] = self._initializer(key, np.ascontiguousarray(value))
        return self._weights[key]

    def numbers(self, role: str, value: ArrayLike) -> str:
        """Add a float32 constant ``<layer path>/<role>``; return its name."""
        return self._initializer(f"{self._scope}/{role}", np.asarray(value, np.float32))

    def integers(self, role: str, value: ArrayLike) -> str:
        """Add an int64 constant ``<layer path>/<role>``; return its name."""
        return self._initializer(f"{self._scope}/{role}", np.asarray(value, np.int64))

    def channels_first(self, tensor: Tensor) -> Tensor:
        """Return the tensor stored channels first, through a Transpose where it is not."""
        return self._with_layout(tensor, channels_first=True)

    def channels_last(self, tensor: Tensor) -> Tensor:
        """Return the tensor stored in the layout of Keras, through a Transpose where it is not."""
        return self._with_layout(tensor, channels_first=False)

    def same_layout(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return tensors of one rank in one layout: channels first if any of them is."""
        first = any(tensor.channels_first for tensor in tensors)
        return [self._with_layout(tensor, channels_first=first) for tensor in tensors]

    def build(self, name: str) -> onnx.ModelProto:
        """Return the model, without metadata."""
        graph = helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, list(self._initializers.values())
        )
        opsets = [helper.make_opsetid("", self.opset)]
        return helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=helper.find_min_ir_version_for(opsets),
            producer_name="onnxfi",
        )

    def _with_layout(self, tensor: Tensor, *, channels_first: bool) -> Tensor:
        if tensor.rank < 3 or tensor.channels_first == channels_first:
            return tensor
        if tensor.name not in self._other_layout:
            last = tensor.rank - 1
            order = [0, last, *range(1, last)] if channels_first else [0, *range(2, last + 1), 1]
            name = self.operator("Transpose", [tensor.name], perm=order)
            self._other_layout[tensor.name] = Tensor(name, tensor.shape, channels_first)
        return self._other_layout[tensor.name]

    def _append(
        self, op_type: str, inputs: Sequence[str], name: str, attributes: dict[str, Any]
    ) -> None:
        self._nodes.append(helper.make_node(op_type, inputs, [name], name=name, **attributes))

    def _initializer(self, name: str, value: NDArray[Any]) -> str:
        name = self._unique(name)
        self._initializers[name] = numpy_helper.from_array(value, name)
        return name

    def _unique(self, name: str) -> str:
        free = name
        number = 0
        while free in self._names:
            number += 1
            free = f"{name}_{number}"
        self._names.add(free)
        return free

    def _describe(self, tensor: Tensor) -> onnx.ValueInfoProto:
        sizes: list[int | str] = [
            f"{tensor.name}_axis{axis}" if size is None else size
            for axis, size in enumerate(tensor.shape)
        ]
        return helper.make_tensor_value_info(
            tensor.name, onnx.TensorProto.FLOAT, [BATCH, *sizes[1:]]
        )


def _rename(names: Any, old: str, new: str) -> None:
    for index, name in enumerate(names):
        if name == old:
            names[index] = new
