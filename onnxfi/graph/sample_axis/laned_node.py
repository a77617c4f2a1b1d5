"""Reads a node of which some inputs have samples along an axis."""

import math
from collections.abc import Mapping

import onnx_ir as ir

# The length of a lane, in elements, must be a multiple of this where a kernel computes the ends of
# blocks otherwise: 64 bytes of float32, the widest vectors and the alignment of tensors.
_BLOCK = 16


class MixedError(Exception):
    """Samples may mix, or get other bits than alone; the message continues the node's name."""


class LanedNode:
    """A node, and the axes of its inputs along which samples lie.

    Attributes:
        node: the node.
        axes: for each input the axis of the samples; None where all share it or it is left out.
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
            coarse: whether the graph may hide that a tensor has other bits than alone.
        """
        self.node = node
        self.axes = tuple(None if x is None else axes.get(x) for x in node.inputs)
        self.one_thread = one_thread
        self._coarse = coarse
        self._opsets = graph.opset_imports

    @property
    def opset(self) -> int:
        """The operator set that the node is from."""
        return self.node.version or self._opsets.get(self.node.domain, 1)

    @property
    def axis(self) -> int:
        """The axis of the samples in the first input that has them."""
        return next(x for x in self.axes if x is not None)

    def has(self, position: int) -> bool:
        """Return whether an input is there."""
        return position < len(self.node.inputs) and self.node.inputs[position] is not None

    def only(self, *positions: int) -> None:
        """Demand that at most some inputs differ between samples, all along the same axis.

        Raises:
            MixedError: another one does, or they differ along several axes.
        """
        for position, axis in enumerate(self.axes):
            if axis is not None and position not in positions:
                raise MixedError(f"takes its input {position} from the samples")
        found = {self.axes[x] for x in positions if x < len(self.axes) and self.has(x)}
        if len(found) != 1:
            raise MixedError("takes inputs that have their samples along different axes")

    def uses(self, position: int) -> bool:
        """Return whether an output is read."""
        if position >= len(self.node.outputs):
            return False
        value = self.node.outputs[position]
        return bool(value.uses()) or value.is_graph_output()

    def rank(self, position: int = 0) -> int:
        """Return the number of axes of an input.

        Raises:
            MixedError: it is not known.
        """
        value = self.node.inputs[position]
        if value is None or value.shape is None:
            raise MixedError("takes a tensor of unknown rank")
        return value.shape.rank()

    def sizes(self, position: int = 0) -> list[int | None]:
        """Return the sizes of an input, None where one is not known."""
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
        """Return integers that are an attribute or a constant input; None where neither is there.

        Raises:
            MixedError: they are computed.
        """
        if self.has(position):
            value = self.node.inputs[position]
            tensor = None if value is None else ir.convenience.get_const_tensor(value)
            if tensor is None:
                raise MixedError(f"takes its {name} from no constant")
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
        """Demand that the samples lie along none of some axes.

        Raises:
            MixedError: they do.
        """
        if self.axis in axes:
            raise MixedError(f"{what} along the axis of the samples")

    def rows_of_one_product(self) -> None:
        """Demand that a trial would show other bits: kernels add up one row in another order.

        Raises:
            MixedError: it might not.
        """
        if self._coarse:
            raise MixedError(
                "multiplies samples as rows of one matrix, and what is rounded here or behind it "
                "may hide that several rows have other bits than one"
            )

    def ends_of_blocks(self, position: int = 0) -> None:
        """Demand that samples begin where vectors do, and that no thread begins elsewhere.

        Raises:
            MixedError: they may not.
        """
        self.aligned(position)
        if not self.one_thread:
            raise MixedError("computes the ends of blocks in another way, which threads share out")

    def aligned(self, position: int = 0) -> None:
        """Demand that each sample begins where vectors do.

        Raises:
            MixedError: one may not, and would get other bits than alone.
        """
        value, axis = self.node.inputs[position], self.axes[position]
        if axis is None:
            value, axis = self.node.outputs[0], 0
        self.whole_blocks(value, axis)

    def whole_blocks(self, value: ir.Value | None, axis: int) -> None:
        """Demand of a tensor that what lies behind an axis is a number of whole vectors.

        Raises:
            MixedError: it may not be.
        """
        shape = None if value is None else value.shape
        inner = [None] if shape is None else list(shape)[axis + 1 :]
        known = [x for x in inner if isinstance(x, int)]
        if len(known) < len(inner) or math.prod(known) % _BLOCK:
            raise MixedError(
                "computes the last elements of a block in another way, and a sample is no multiple "
                f"of {_BLOCK} elements"
            )
