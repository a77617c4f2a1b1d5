"""Builds an ONNX graph node by node, with unique names and a known layout of every tensor."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper

from onnxfi.converters.translation.tensor import Tensor

BATCH = "N"
"""Name of the free batch dimension, in every input and output."""


class GraphBuilder:
    """An ONNX graph that grows layer by layer.

    Args:
        opset: version of the default operator set.
        reserved: names that only layer outputs and graph inputs may take.

    Attributes:
        opset: as given.
        float_type: type in which the current layer call computes.
        contents: known values of tensors that hold sizes, by name: whole numbers, `BATCH` for
            the size of the batch, None for an unknown size.
    """

    def __init__(self, opset: int, reserved: Iterable[str] = ()) -> None:
        """Start an empty graph."""
        self.opset = opset
        self._names = set(reserved)
        self._scope = ""
        self._scope_start = 0
        self.float_type = "float32"
        self.contents: dict[str, tuple[int | str | None, ...]] = {}
        self._outer_scopes: list[tuple[str, int, str]] = []
        self._layer_outputs: set[str] = set()
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._weights: dict[str, str] = {}
        # Transposed copies, by the name of the tensor and whether the copy is channels first.
        self._copies: dict[tuple[str, bool], str] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    @property
    def float_element(self) -> int:
        """The type in which the current layer call computes, as a number of ONNX."""
        return int(helper.np_dtype_to_tensor_dtype(np.dtype(self.float_type)))

    def add_input(self, name: str, shape: tuple[int | None, ...], dtype: str = "float32") -> Tensor:
        """Add a graph input of a reserved name, in the layout of Keras."""
        tensor = Tensor(name, (None, *shape[1:]), dtype=dtype)
        self._inputs.append(self._describe(tensor))
        return tensor

    def add_output(self, tensor: Tensor) -> None:
        """Make a tensor a graph output, in the layout of Keras.

        The output has the tensor's own name, or ``<name>/output`` if the tensor is stored channels
        first, is a graph input, or is a graph output already.
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

    def enter(self, path: str, float_type: str = "float32") -> None:
        """Begin a layer call, maybe inside another: the names of its nodes start with its path.

        Its weights and floating-point constants have the type `float_type`.
        """
        self._outer_scopes.append((self._scope, self._scope_start, self.float_type))
        self.float_type = float_type
        self._scope = path
        self._scope_start = len(self._nodes)

    def finish(self, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """End a layer call: its output takes the layer's path as its name.

        Output i of several is called ``<path>:<i>``, for i from 1 on. An output without an
        operator of the layer gets an Identity, so that every layer output is a separate tensor.
        """
        path = self._scope
        names = [path, *(self._unique(f"{path}:{i}") for i in range(1, len(tensors)))]
        self._layer_outputs.update(_repeated(tensor.name for tensor in tensors))
        outputs = tuple(map(self._name_output, tensors, names))
        self._layer_outputs.update(names)
        self.leave()
        return outputs

    def leave(self) -> None:
        """End the layer call that `enter` began, without an output."""
        self._scope, self._scope_start, self.float_type = self._outer_scopes.pop()

    def _name_output(self, tensor: Tensor, name: str) -> Tensor:
        if tensor.name in self.contents:
            self.contents[name] = self.contents[tensor.name]
        own = self._nodes[self._scope_start :]
        taken = {*self._copies.values(), *self._layer_outputs}
        if tensor.name in taken or not any(tensor.name in node.output for node in own):
            self._append("Identity", [tensor.name], name, {})
            return replace(tensor, name=name)
        for node in own:
            _rename(node.input, tensor.name, name)
            _rename(node.output, tensor.name, name)
            if node.name == tensor.name:
                node.name = name
        for first in (True, False):
            if (tensor.name, first) in self._copies:
                self._copies[name, first] = self._copies.pop((tensor.name, first))
        return replace(tensor, name=name)

    def operator(self, op_type: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one output; return the output's name, ``<layer path>/<OpType>``."""
        name = self._unique(f"{self._scope}/{op_type}")
        self._append(op_type, inputs, name, attributes)
        return name

    def operators(
        self, op_type: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
    ) -> tuple[str, ...]:
        """Add a node with several outputs; return the outputs' names, ``<layer path>/<output>``.

        An output named ``""`` is omitted.
        """
        name = self._unique(f"{self._scope}/{op_type}")
        names = tuple(self._unique(f"{name}/{output}") if output else "" for output in outputs)
        self._nodes.append(helper.make_node(op_type, inputs, names, name=name, **attributes))
        return names

    def apply(self, op_type: str, tensor: Tensor, *inputs: str, **attributes: Any) -> Tensor:
        """Add a node that keeps the shape and the layout of its first input."""
        name = self.operator(op_type, [tensor.name, *inputs], **attributes)
        return replace(tensor, name=name)

    def weight(self, path: str, role: str, value: NDArray[np.float32]) -> str:
        """Add a weight ``<path>/<role>``, once for all calls of a layer; return its name."""
        key = f"{path}/{role}"
        if key not in self._weights:
            stored = np.ascontiguousarray(value, np.dtype(self.float_type))
            self._weights[key] = self._initializer(key, stored)
        return self._weights[key]

    def numbers(self, role: str, value: ArrayLike) -> str:
        """Add a constant ``<layer path>/<role>`` of the layer's type; return its name.

        A number beyond that type's range becomes the largest one in it.
        """
        limits = np.finfo(np.dtype(self.float_type))
        bounded = np.clip(np.asarray(value, np.float32), limits.min, limits.max)
        return self.constant(role, bounded, self.float_type)

    def integers(self, role: str, value: ArrayLike) -> str:
        """Add an int64 constant ``<layer path>/<role>``; return its name."""
        return self.constant(role, value, "int64")

    def constant(self, role: str, value: ArrayLike, dtype: str) -> str:
        """Add a constant ``<layer path>/<role>`` of any type; return its name."""
        return self._initializer(f"{self._scope}/{role}", np.asarray(value, np.dtype(dtype)))

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
        """Return the model, without metadata; the builder gives up its constants."""
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs)
        opsets = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=helper.find_min_ir_version_for(opsets),
            producer_name="onnxfi",
        )
        # One by one, because making a graph or a model copies all of its weights at once.
        for constant in list(self._initializers):
            model.graph.initializer.append(self._initializers.pop(constant))
        return model

    def body(self) -> "GraphBuilder":
        """Return a builder for the body of a Scan in the current layer call.

        The body may use tensors of this graph by name, and adds no name that this graph has.
        """
        inner = GraphBuilder(self.opset)
        inner._names = self._names
        inner._scope = self._scope
        inner.float_type = self.float_type
        return inner

    def add_body_input(
        self, role: str, shape: Sequence[int | None], dtype: str | None = None
    ) -> str:
        """Add an input to a body; return its name, ``<layer path>/<role>``."""
        name = self._unique(f"{self._scope}/{role}")
        self._inputs.append(_value_info(name, shape, dtype or self.float_type))
        return name

    def build_body(self, outputs: Sequence[str], shape: Sequence[int | None]) -> onnx.GraphProto:
        """Return the body, whose outputs are of the layer's type and of one shape."""
        return helper.make_graph(
            self._nodes,
            f"{self._scope}/body",
            self._inputs,
            [_value_info(name, shape, self.float_type) for name in outputs],
            list(self._initializers.values()),
        )

    def _with_layout(self, tensor: Tensor, *, channels_first: bool) -> Tensor:
        if tensor.rank < 3 or tensor.channels_first == channels_first:
            return tensor
        key = (tensor.name, channels_first)
        if key not in self._copies:
            last = tensor.rank - 1
            order = [0, last, *range(1, last)] if channels_first else [0, *range(2, last + 1), 1]
            self._copies[key] = self.operator("Transpose", [tensor.name], perm=order)
        return replace(tensor, name=self._copies[key], channels_first=channels_first)

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
        if sizes and tensor.batch and tensor.shape[0] is None:
            sizes[0] = BATCH
        element = helper.np_dtype_to_tensor_dtype(np.dtype(tensor.dtype))
        return helper.make_tensor_value_info(tensor.name, element, sizes)


def _value_info(name: str, shape: Sequence[int | None], dtype: str) -> onnx.ValueInfoProto:
    element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, element, list(shape))


def _repeated(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}


def _rename(names: Any, old: str, new: str) -> None:
    for index, name in enumerate(names):
        if name == old:
            names[index] = new
