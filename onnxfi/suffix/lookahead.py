"""Seeing that nothing comes of a corruption, past nodes that it cannot be pushed through.

Where a tensor is joined to others again and again, as in the blocks of DenseNet, a corruption meets
many convolutions, each behind a Relu of its own. If it reaches none of them, what they make is
golden, and nothing needs to run.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import onnx_ir as ir

from onnxfi.graph import Model
from onnxfi.graph.dependencies import constant_values, consumed_values
from onnxfi.suffix.patches import LanePatch, Patches, bits
from onnxfi.suffix.phases.region import Step, read_constants
from onnxfi.suffix.rewritten import rewritten_nodes
from onnxfi.suffix.rules import InexactError, Operand, make_rules

# Of more sites, some reach something.
_MOST_SITES = 64
_NEED_NEIGHBOURS = frozenset({"GlobalMaxPool", "MaxPool"})


class Lookahead:
    """Pushes patches past nodes without a rule, as long as nothing reaches these.

    Beside each lane goes a second one with the golden values of the same places: where both come to
    the same bits, nothing is left. So no golden tensor is needed but the frontier.
    Safe to use from several threads at once.
    """

    def __init__(self, model: Model, frontier: Collection[str]) -> None:
        """Find the nodes that patches can be pushed through.

        Args:
            model: what runs behind a region.
            frontier: names of its inputs that patches are for.
        """
        graph = model.graph
        constant, left_whole = constant_values(graph), rewritten_nodes(graph)
        reached = {value for value in graph.inputs if value.name in frontier}
        ends = {value for value in graph.outputs if value in reached}
        self._symbols = {x.name or "": tuple(map(str, x.shape or ())) for x in reached}
        named = {symbol for shape in self._symbols.values() for symbol in shape}
        inside: dict[ir.Node, list[Step]] = {}
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
            rules = make_rules(model, node, patched) if goes_on else {}
            if not rules:
                ends |= read
                continue
            names = tuple("" if x is None else x.name or "" for x in node.inputs)
            inside[node] = [Step(rule, names, x.name or "") for x, rule in rules.items()]
            ends |= rules.keys() & set(graph.outputs)
            reached |= rules.keys()
        self._steps = [step for of_node in inside.values() for step in of_node]
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
        return bool(self._steps)

    def masked(
        self,
        goldens: Sequence[Mapping[str, np.ndarray]],
        of_lanes: Mapping[int, Mapping[str, LanePatch]],
    ) -> dict[int, str]:
        """Return the lanes of which nothing is left, and the tensor in which that is seen.

        Args:
            goldens: for each lane the golden frontier by name, maybe among others; of the same
                shapes in all lanes.
            of_lanes: what differs from golden, at flat indices, by lane and name; in the order of
                lanes and indices.
        """
        walk = _Walk(len(goldens), self._ends)
        few = {x: y for x, y in of_lanes.items() if _count_sites(y) <= _MOST_SITES}
        for name in self._symbols:
            here = {lane: patches[name] for lane, patches in few.items() if name in patches}
            if here:
                walk.begin(name, here, goldens)
        known = {**self._constants, **self._of_shapes(goldens[0])}
        met = np.full(len(goldens), -1)  # for each lane the last step that something came to
        for number, step in enumerate(self._steps):
            while came := walk.coming({name: known[name].size for name in step.inputs if name}):
                operands = [
                    Operand(known[name], came.get(name)) if name else None for name in step.inputs
                ]
                try:
                    made = step.rule(operands, known[step.output])
                except InexactError as error:
                    walk.stop(error.lanes)
                    continue
                for name, pairs in came.items():
                    met[walk.lanes(pairs, known[name].size)] = number
                walk.reach(step.output, made, known[step.output].size)
                break
        lanes = np.flatnonzero(walk.going & (met >= 0)).tolist()
        return {lane: self._steps[met[lane]].output for lane in lanes}

    def _of_shapes(self, golden: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return tensors of the shapes and dtypes of those that are pushed to, without values."""
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


class _Walk:
    """Lanes on their way, each in a pair with a golden one: lane n with n plus their number."""

    def __init__(self, count: int, ends: Collection[str]) -> None:
        self.going = np.ones(count, bool)
        self._count = count
        self._ends = ends
        self._pairs: dict[str, Patches] = {}

    def begin(
        self,
        name: str,
        of_lanes: Mapping[int, LanePatch],
        goldens: Sequence[Mapping[str, np.ndarray]],
    ) -> None:
        """Put lanes at a tensor of the frontier."""
        size = goldens[0][name].size
        faulty = LanePatch.joined(of_lanes, size)
        keys = np.asarray(faulty.place)
        golden = [goldens[lane][name].reshape(-1)[x.place] for lane, x in of_lanes.items()]
        pairs = Patches(
            np.concatenate([keys, keys + self._count * size]),
            np.concatenate([faulty.values, *golden]),
        )
        self.reach(name, pairs, size)

    def reach(self, name: str, pairs: Patches, size: int) -> None:
        """Put lanes at a tensor; those of which nothing is left there drop out."""
        half = pairs.values.size // 2
        differs = bits(pairs.values[:half]) != bits(pairs.values[half:])
        if not differs.all():
            both = np.concatenate([differs, differs])
            pairs = Patches(pairs.keys[both], pairs.values[both])
        if name in self._ends:
            self.stop(self.lanes(pairs, size))
        else:
            self._pairs[name] = pairs

    def coming(self, sizes: Mapping[str, int]) -> dict[str, Patches]:
        """Return what is at some tensors, by name, of lanes that go on; their sizes by name."""
        found = {}
        for name, size in sizes.items():
            if name in self._pairs:
                pairs = self._pairs[name]
                kept = self.going[self.lanes(pairs, size)]
                if kept.any():
                    found[name] = Patches(pairs.keys[kept], pairs.values[kept])
        return found

    def stop(self, lanes: np.ndarray) -> None:
        """Look no farther in some lanes."""
        self.going[lanes % self._count] = False

    def lanes(self, pairs: Patches, size: int) -> np.ndarray:
        """Return the lane of each element."""
        lanes: np.ndarray = pairs.keys // size % self._count
        return lanes


def _count_sites(patches: Mapping[str, LanePatch]) -> int:
    return sum(x.values.size for x in patches.values())


def _needs_no_golden_values(
    node: ir.Node, patched: Sequence[int], constant: Collection[ir.Value]
) -> bool:
    """Return whether patches go through a node without golden tensors but for constants."""
    if node.op_type == "Concat":
        return True
    others = [x for place, x in enumerate(node.inputs) if place not in patched and x is not None]
    alone = len(patched) == 1 and all(x in constant for x in others)
    return alone and node.op_type not in _NEED_NEIGHBOURS


def _is_known(value: ir.Value | None, symbols: Collection[str]) -> bool:
    """Return whether the shape of a tensor is known once those of the frontier are."""
    if value is None:
        return True
    shape = value.shape
    return shape is not None and all(isinstance(x, int) or str(x) in symbols for x in shape)
