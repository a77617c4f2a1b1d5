"""Describes a node to the rules: its attributes and the axes of the samples in its inputs."""

import math
from collections.abc import Mapping

from onnxfi.onnx_ir import ir

# Elements. If a kernel computes the ends of blocks differently, the length of a lane must be a
# multiple of this: 64 bytes of float32, the widest vectors and the alignment of tensors.
_BLOCK = 16


class MixedError(Exception):
    """Samples may mix, or get other bits than in a batch of one.

    The message is the rest of a sentence that begins with the node's name.
    """


class LanedNode:
    """A node, and the axes of its inputs along which samples lie.

    Attributes:
        node: the node.
        axes: for each input the axis of the samples; None if all samples share it or it is omitted.
        one_thread: whether the kernel runs in one thread.
    """

    def __init__(
        self,
        node: ir.Node,
        axes: Mapping[ir.Value, int],
        graph: ir.Graph,
        *,
        one_thread: bool,
        coarse: bool = False,
    ) -> None:
        """Look up the axes.

        Args:
            node: the node.
            axes: the axis of each value that has one.
            graph: the graph.
            one_thread: whether the kernel runs in one thread.
            coarse: whether the graph may hide that a tensor has other bits than in a batch of one.
        """
        self.node = node
        self.axes = tuple(None if x is None else axes.get(x) for x in node.inputs)
        self.one_thread = one_thread
        self._coarse = coarse
        self._opsets = graph.opset_imports

    @property
    def opset(self) -> int:
        """The opset of the node."""
        return self.node.version or self._opsets.get(self.node.domain, 1)

    @property
    def axis(self) -> int:
        """The axis of the samples in the first input that has them."""
        return next(x for x in self.axes if x is not None)

    def has(self, position: int) -> bool:
        """Return whether an input is present."""
        return position < len(self.node.inputs) and self.node.inputs[position] is not None

    def only(self, *positions: int) -> None:
        """Require that only the given inputs have samples, all along the same axis.

        Raises:
            MixedError: another input has samples, or the axes differ.
        """
        for position, axis in enumerate(self.axes):
            if axis is not None and position not in positions:
                raise MixedError(f"reads its input {position} from the samples")
        found = {self.axes[x] for x in positions if x < len(self.axes) and self.has(x)}
        if len(found) != 1:
            raise MixedError("reads inputs that have their samples along different axes")

    def uses(self, position: int) -> bool:
        """Return whether an output is read."""
        if position >= len(self.node.outputs):
            return False
        value = self.node.outputs[position]
        return bool(value.uses()) or value.is_graph_output()

    def rank(self, position: int = 0) -> int:
        """Return the number of axes of an input.

        Raises:
            MixedError: it is unknown.
        """
        value = self.node.inputs[position]
        if value is None or value.shape is None:
            raise MixedError("reads a tensor of unknown rank")
        return value.shape.rank()

    def sizes(self, position: int = 0) -> list[int | None]:
        """Return the sizes of an input; None for an unknown size."""
        self.rank(position)
        value = self.node.inputs[position]
        shape = [] if value is None or value.shape is None else list(value.shape)
        return [x if isinstance(x, int) else None for x in shape]

    def number(self, name: str, default: int) -> int:
        """Return an attribute that is an integer."""
        return self.node.attributes.get_int(name, default)

    def along(self, default: int, position: int = 0) -> int:
        """Return the attribute ``axis``, counted from the front."""
        axis, rank = self.number("axis", default), self.rank(position)
        return axis + rank if axis < 0 else axis

    def numbers(self, name: str, position: int) -> list[int] | None:
        """Return integers from an attribute or a constant input; None if there is neither.

        Raises:
            MixedError: they are computed.
        """
        if self.has(position):
            value = self.node.inputs[position]
            tensor = None if value is None else ir.convenience.get_const_tensor(value)
            if tensor is None:
                raise MixedError(f"computes its {name}")
            return [int(x) for x in tensor.numpy().reshape(-1)]
        attribute = self.node.attributes.get(name)
        if attribute is None:
            return None
        whole = attribute.type == ir.AttributeType.INT
        return [attribute.as_int()] if whole else [*attribute.as_ints()]

    def counted(self, axes: list[int], rank: int) -> set[int]:
        """Return axes counted from the front."""
        return {x + rank if x < 0 else x for x in axes}

    def apart(self, axes: set[int], what: str) -> None:
        """Require that the samples lie along none of the given axes.

        Raises:
            MixedError: they lie along one.
        """
        if self.axis in axes:
            raise MixedError(f"{what} along the axis of the samples")

    def rows_of_one_product(self) -> None:
        """Require that a trial would reveal other bits: kernels sum one row in another order.

        Raises:
            MixedError: rounding may hide them.
        """
        if self._coarse:
            raise MixedError(
                "multiplies samples as rows of one matrix, and rounding here or downstream may "
                "hide that several rows have other bits than one"
            )

    def ends_of_blocks(self, position: int = 0) -> None:
        """Require that samples start where vectors do, and that one thread runs the kernel.

        Raises:
            MixedError: samples may start elsewhere, or there are several threads.
        """
        self.aligned(position)
        if not self.one_thread:
            raise MixedError(
                "computes the ends of blocks differently, and threads divide the tensor into blocks"
            )

    def aligned(self, position: int = 0) -> None:
        """Require that each sample starts where vectors do.

        Raises:
            MixedError: a sample may start elsewhere, and get other bits than in a batch of one.
        """
        value, axis = self.node.inputs[position], self.axes[position]
        if axis is None:
            value, axis = self.node.outputs[0], 0
        self.whole_blocks(value, axis)

    def whole_blocks(self, value: ir.Value | None, axis: int) -> None:
        """Require that the elements of a tensor after an axis form whole vectors.

        Raises:
            MixedError: they may not.
        """
        shape = None if value is None else value.shape
        inner = [None] if shape is None else list(shape)[axis + 1 :]
        known = [x for x in inner if isinstance(x, int)]
        if len(known) < len(inner) or math.prod(known) % _BLOCK:
            raise MixedError(
                "computes the last elements of a block differently, and a sample is not a multiple "
                f"of {_BLOCK} elements"
            )
