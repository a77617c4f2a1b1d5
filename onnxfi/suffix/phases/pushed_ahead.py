"""Pushes patches past nodes that have no rule, to find lanes that are masked."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np

from onnxfi.graph import Model, constant_values, consumed_values
from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts import held_together
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.phases.region import PushedNode, read_constants
from onnxfi.suffix.phases.twin_lanes import TwinLanes
from onnxfi.suffix.rules import InexactError, Operand, make_rules

_NEED_NEIGHBOURS = frozenset({"GlobalMaxPool", "MaxPool"})


class PushedAhead:
    """Pushes patches past nodes without a rule, as long as no change reaches these nodes.

    Beside each lane goes a twin with the golden values of the same elements: a lane is masked where
    both come to the same bits. So no golden tensor is needed beyond the entry.
    """

    def __init__(
        self,
        model: Model,
        tensors: Collection[str],
        *,
        provider: Literal["cpu", "cuda"] = "cpu",
    ) -> None:
        """Find the nodes that patches can be pushed through.

        Args:
            model: all that follows the entry.
            tensors: names of its inputs that carry patches.
            provider: where the model runs.
        """
        graph = model.graph
        constant, left_whole = constant_values(graph), held_together(graph)
        reached = {value for value in graph.inputs if value.name in tensors}
        ends = {value for value in graph.outputs if value in reached}
        self._symbols = {x.name or "": tuple(map(str, x.shape or ())) for x in reached}
        named = {symbol for shape in self._symbols.values() for symbol in shape}
        inside: dict[ir.Node, list[PushedNode]] = {}
        for node in graph:
            read = reached.intersection(consumed_values(node))
            if not read:
                continue
            patched = [place for place, value in enumerate(node.inputs) if value in read]
            goes_on = (
                node not in left_whole
                and _needs_no_golden_values(node, patched, constant)
                and all(_is_known(x, named) for x in (*node.inputs, *node.outputs))
            )
            rules = make_rules(model, node, patched, provider=provider) if goes_on else {}
            if not rules:
                ends |= read
                continue
            names = tuple("" if x is None else x.name or "" for x in node.inputs)
            inside[node] = [PushedNode(rule, names, x.name or "") for x, rule in rules.items()]
            ends |= rules.keys() & set(graph.outputs)
            reached |= rules.keys()
        self._nodes = [pushed for of_node in inside.values() for pushed in of_node]
        self._ends = frozenset(value.name or "" for value in ends)
        self._constants = read_constants(model, inside, constant)
        self._values = {
            name: value
            for node in inside
            for value in (*node.inputs, *node.outputs)
            if value is not None and (name := value.name or "") not in self._constants
        }

    @property
    def goes_on(self) -> bool:
        """Whether patches can be pushed anywhere."""
        return bool(self._nodes)

    def masked(
        self,
        goldens: Sequence[Tensors],
        patches: Mapping[int, Mapping[str, LanePatch]],
    ) -> dict[int, str]:
        """Return the masked lanes, each with the tensor that came out golden.

        Args:
            goldens: the golden tensors of each lane by name, of the same shapes in all lanes.
            patches: the patches at the entry by lane and name, in the order of lanes and indices.
        """
        twins = TwinLanes(len(goldens), self._ends)
        for name in self._symbols:
            here = {lane: of_lane[name] for lane, of_lane in patches.items() if name in of_lane}
            if here:
                twins.begin(name, here, goldens)
        known = {**self._constants, **self._of_shapes(goldens[0])}
        reached = np.full(len(goldens), -1)  # the last node that each lane reached
        for number, node in enumerate(self._nodes):
            sizes = {name: known[name].size for name in node.inputs if name}
            while found := twins.patches_at(sizes):
                operands = [
                    Operand(known[name], found.get(name)) if name else None for name in node.inputs
                ]
                try:
                    made = node.rule(operands, known[node.output])
                except InexactError as error:
                    twins.stop(error.lanes)
                    continue
                for name, pairs in found.items():
                    reached[twins.lanes(pairs, known[name].size)] = number
                twins.reach(node.output, made, known[node.output].size)
                break
        lanes = np.flatnonzero(twins.going & (reached >= 0)).tolist()
        return {lane: self._nodes[reached[lane]].output for lane in lanes}

    def _of_shapes(self, golden: Tensors) -> dict[str, np.ndarray]:
        """Return stand-ins for the tensors that patches reach: their shapes and dtypes."""
        sizes = {
            symbol: size
            for name, symbols in self._symbols.items()
            for symbol, size in zip(symbols, golden[name].shape, strict=True)
        }
        return {
            name: np.broadcast_to(
                np.zeros((), value.dtype.numpy() if value.dtype else None),
                [x if isinstance(x, int) else sizes[str(x)] for x in value.shape or ()],
            )
            for name, value in self._values.items()
        }


def _needs_no_golden_values(
    node: ir.Node, patched: Sequence[int], constant: Collection[ir.Value]
) -> bool:
    """Return whether pushing through a node reads no golden tensor besides constants."""
    if node.op_type == "Concat":
        return True
    others = [x for place, x in enumerate(node.inputs) if place not in patched and x is not None]
    is_only_input = len(patched) == 1 and all(x in constant for x in others)
    return is_only_input and node.op_type not in _NEED_NEIGHBOURS


def _is_known(value: ir.Value | None, symbols: Collection[str]) -> bool:
    """Return whether the shapes of the entry determine the shape of a tensor."""
    if value is None:
        return True
    shape = value.shape
    return shape is not None and all(isinstance(x, int) or str(x) in symbols for x in shape)
