"""Pushes patches through operators that compute each element from the same place of their inputs.

The node itself runs, on vectors of the elements that corruptions reach. So the rule is right for
every attribute and operator set, and does not repeat ONNX Runtime's arithmetic. It needs kernels
that give an element the same bits at any place: `exact_kernels` lists them, and their exceptions.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from onnxfi.graph import Model
from onnxfi.onnx_ir import ir
from onnxfi.runtime import Session
from onnxfi.suffix.patches import Patches
from onnxfi.suffix.rules.exact_kernels import (
    TRIED,
    has_exact_kernel,
    is_exact_here,
    unclear,
)
from onnxfi.suffix.rules.rule import InexactError, Operand, Rule
from onnxfi.surgery import extract

_QUANTISING = frozenset({"DequantizeLinear", "QuantizeLinear"})


def elementwise_rule(model: Model, node: ir.Node, patched: Sequence[int]) -> Rule | None:
    """Return the rule; None if the kernel may be inexact, or patched elements are broadcast.

    Args:
        model: the model that the node is in.
        node: the node.
        patched: positions of the inputs that may be patched.
    """
    quantises = node.op_type in _QUANTISING
    if quantises and (set(patched) != {0} or node.attributes.get_int("block_size", 0) != 0):
        return None
    if node.op_type == "Clip" and set(patched) != {0}:
        return None  # a bound is for all elements, and the kernel takes no vector
    values = [node.inputs[position] for position in patched]
    if any(x is None or _may_repeat(x, node.outputs[0]) for x in values):
        return None  # a broadcast element changes many: the result is not sparse
    if not has_exact_kernel(node):
        return None
    rule = _Elementwise(model, node)
    return rule if node.op_type not in TRIED or rule.is_exact_here() else None


def _may_repeat(value: ir.Value, output: ir.Value) -> bool:
    if value.shape is None or output.shape is None:
        return False
    if len(value.shape) != len(output.shape):
        return True
    pairs = zip(value.shape, output.shape, strict=True)
    return any(isinstance(x, int) and isinstance(y, int) and x != y for x, y in pairs)


class _Elementwise:
    def __init__(self, model: Model, node: ir.Node) -> None:
        self._node = node
        self._fed = {p: value for p, value in enumerate(node.inputs) if value is not None}
        self._part = extract(model, list(dict.fromkeys(self._fed.values())), [node.outputs[0]])
        for value in (*self._part.graph.inputs, *self._part.graph.outputs):
            value.shape = None
        for inner in self._part.graph:
            if inner.op_type in _QUANTISING:
                inner.attributes["axis"] = ir.AttrInt64("axis", 0)
        self._opened: Session | None = None

    def __call__(self, operands: Sequence[Operand | None], output: np.ndarray) -> Patches:
        present = {position: x for position, x in enumerate(operands) if x is not None}
        patched = [(x, x.patches) for x in present.values() if x.patches is not None]
        for operand, patches in patched:
            if operand.golden.shape != output.shape:
                raise InexactError(np.unique(patches.keys // operand.golden.size))
        keys = reduce(np.union1d, [patches.keys for _, patches in patched])
        # A vector, even of the same element twice: kernels may treat a single number differently.
        asked = np.repeat(keys, 2) if keys.size == 1 else keys
        elements = {p: self._elements(p, x, asked, output) for p, x in present.items()}
        refused = unclear(self._node, list(elements.values()), output)
        if refused.any():
            refused = np.broadcast_to(refused, asked.shape)
            raise InexactError(np.unique(asked[refused] // output.size))
        feeds = {value.name or "": elements[position] for position, value in self._fed.items()}
        (values,) = self._session().run(feeds).values()
        return Patches(keys, values.reshape(-1)[: keys.size])

    def is_exact_here(self) -> bool:
        """Return whether the kernel of one input is exact on this processor, by a trial."""
        return is_exact_here(self._session(), self._fed[0].name or "")

    def _session(self) -> Session:
        if self._opened is None:
            self._opened = Session(self._part, threads=1)
        return self._opened

    def _elements(
        self, position: int, operand: Operand, keys: np.ndarray, output: np.ndarray
    ) -> np.ndarray:
        golden = operand.golden
        if operand.patches is not None:
            own = keys is operand.patches.keys
            return operand.patches.values if own else operand.patches.at(keys, golden)
        if golden.size == 1:  # some kernels treat a single number differently
            return golden.reshape(-1) if golden.ndim > 1 else golden
        if self._node.op_type in _QUANTISING and position > 0:
            # One number for each slice along an axis.
            shape = [1] * output.ndim
            shape[self._node.attributes.get_int("axis", 1)] = -1
            golden = golden.reshape(shape)
        if golden.shape == output.shape:
            same: np.ndarray = golden.reshape(-1)[keys % output.size]
            return same
        places = np.unravel_index(keys % output.size, output.shape)
        return np.broadcast_to(golden, output.shape)[places]
