"""A random graph in the making: its tensors, and adding nodes to it."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from tests.support.small_graphs import BOOL, value

# Whole numbers up to here are exact in float32, in any order of adding.
LARGEST = 2**24
# How far a fault moves a value, at most, beyond the largest one.
FAULT = 3


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a random graph.

    Attributes:
        name: its name.
        shape: its shape when the graph runs.
        dtype: FLOAT, INT64 or BOOL.
        largest: no absolute value is above this, whichever tensors are faulty.
        role: ``data`` may take any value; ``index`` any from 0 to `largest`; ``fixed`` (a shape, an
            axis, a count) only the one it has.
        varies: whether it depends on an input.
        ancestors: names of the tensors that it depends on.
    """

    name: str
    shape: tuple[int, ...]
    dtype: int
    largest: int
    role: Literal["data", "index", "fixed"] = "data"
    varies: bool = False
    ancestors: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape))

    def fits_into(self, shape: tuple[int, ...]) -> bool:
        """Return whether it broadcasts to the shape."""
        missing = len(shape) - len(self.shape)
        return missing >= 0 and all(
            mine in (1, theirs) for mine, theirs in zip(self.shape, shape[missing:], strict=True)
        )

    def info(self, shape: Sequence[int | str] | None = None) -> onnx.ValueInfoProto:
        """Return what the graph says of it: by default the rank and no more of the shape."""
        dims = [None] * len(self.shape) if shape is None else shape
        return value(self.name, dims, self.dtype)


class Scope:
    """A graph or a body in the making. A body sees the tensors of the graphs around it."""

    def __init__(self, draw: st.DrawFn, outer: "Scope | None" = None) -> None:
        """Begin a graph, or a body inside the outer one."""
        self.draw = draw
        self.outer = outer
        self.depth: int = 0 if outer is None else outer.depth + 1
        self.own: list[Tensor] = []
        self.captured: list[Tensor] = []
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.stem: str
        self.stem = self.one_of("t", "/block.1/Ünit 2:") if outer is None else f"{outer.stem}in_"
        # Bodies side by side have the same names in them.
        self.names = (f"{self.stem}{number}" for number in itertools.count())

    @property
    def visible(self) -> list[Tensor]:
        """The tensors that its nodes may read."""
        return self.own if self.outer is None else [*self.outer.visible, *self.own]

    def one_of(self, *choices: Any) -> Any:
        """Draw one of the choices."""
        return self.draw(st.sampled_from(choices))

    def pick(self, fits: Callable[[Tensor], bool]) -> Tensor | None:
        """Draw a tensor that fits, a late one more often; None where there is none."""
        fitting = [x for x in self.visible if fits(x)]
        return self.one_of(*fitting[-3:], *fitting) if fitting else None

    def tensor(self, shape: tuple[int, ...], dtype: int, **about: Any) -> Tensor:
        """Add a tensor that no node makes: an input."""
        tensor = Tensor(next(self.names), shape, dtype, **about)
        self.own.append(tensor)
        return tensor

    def constant(self, array: np.ndarray, **about: Any) -> Tensor:
        """Add an initializer or a Constant node."""
        about = {"largest": int(np.abs(array).max()) + FAULT, **about}
        dtype = helper.np_dtype_to_tensor_dtype(array.dtype)
        tensor = self.tensor(array.shape, dtype, **about)
        proto = numpy_helper.from_array(array, tensor.name)
        if self.one_of(True, False):
            self.initializers.append(proto)
        else:
            self.nodes.append(helper.make_node("Constant", [], [tensor.name], value=proto))
        return tensor

    def fixed(self, numbers: int | Sequence[int]) -> Tensor:
        """Add a constant that can have no other value, such as an axis."""
        return self.constant(np.array(numbers, np.int64), role="fixed")

    def node(
        self,
        op: str,
        inputs: Sequence[Tensor | None],
        *outputs: Tensor | None,
        bodies: Sequence["Scope"] = (),
        **attributes: Any,
    ) -> list[Tensor]:
        """Add a node and return its outputs.

        Args:
            op: the operator.
            inputs: None for an optional input that is left out.
            outputs: tensors that they are like; None for an optional output that is left out.
            bodies: the bodies among the attributes.
            attributes: the attributes.
        """
        read = [x for x in inputs if x] + [x for body in bodies for x in body.captured]
        self.captured += [x for x in read if x not in self.own]
        ancestors = frozenset().union(*({x.name, *x.ancestors} for x in read))
        made = [
            x
            and replace(
                x,
                name=next(self.names),
                varies=any(y.varies for y in read),
                ancestors=ancestors,
            )
            for x in outputs
        ]
        ins, outs = ([x.name if x else "" for x in tensors] for tensors in (inputs, made))
        self.nodes.append(helper.make_node(op, ins, outs, **attributes))
        present = [x for x in made if x]
        self.own += present
        return present

    def body(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> onnx.GraphProto:
        """Return it as the body of a node."""
        name = next(self.names)
        infos = ([x.info() for x in inputs], [x.info() for x in outputs])
        return helper.make_graph(self.nodes, name, *infos, self.initializers)


def like(tensor: Tensor, **changes: Any) -> Tensor:
    """Return what a computed tensor is like; a fault may move its data beyond the largest value."""
    made = replace(tensor, **changes)
    if made.role != "data" or made.dtype == BOOL:
        return made
    assert made.largest + FAULT <= LARGEST
    return replace(made, largest=made.largest + FAULT)


def pattern(shape: tuple[int, ...], start: int) -> np.ndarray:
    """Return whole numbers from -3 to 3 in no obvious order."""
    return (np.arange(start, start + np.prod(shape, dtype=int)) * 5 % 7 - 3).reshape(shape)
