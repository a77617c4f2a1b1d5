"""Operators that only move elements: where each element goes is read off a run on numbers.

The node runs on a tensor whose elements are their own numbers. So the rule is right for every
attribute and operator set, and nothing of ONNX's semantics is written down a second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from onnxfi.graph import Model
from onnxfi.propagation.patches import Patches
from onnxfi.propagation.rules.rule import InexactError, Operand, Rule
from onnxfi.runtime import Session
from onnxfi.surgery.extract import extract

# From here on float32 cannot tell numbers apart.
_LARGEST = 1 << 24


@dataclass(frozen=True, eq=False, slots=True)
class _Destinations:
    """Where the elements of one input go.

    Attributes:
        starts: int64, shape ``(size + 1,)``: where the destinations of each element begin.
        places: int64, flat indices into the output, for one element after the other.
    """

    starts: np.ndarray
    places: np.ndarray


def index_move_rule(model: Model, node: ir.Node, patched: Sequence[int]) -> Rule | None:
    """Return the rule of a node that moves elements; None where their dtype is not float32.

    Args:
        model: the model that the node is in.
        node: the node.
        patched: positions of the inputs that may be patched.
    """
    values = {position: node.inputs[position] for position in patched}
    if any(value is None or value.dtype != ir.DataType.FLOAT for value in values.values()):
        return None
    return _IndexMoves(model, node, patched)


class _IndexMoves:
    def __init__(self, model: Model, node: ir.Node, patched: Sequence[int]) -> None:
        # A tensor that is read twice, as by Concat(x, x), counts once.
        first_positions = {node.inputs[position]: position for position in reversed(patched)}
        self._patched = sorted(first_positions.values())
        self._fed = {
            position: value.name or ""
            for position, value in enumerate(node.inputs)
            if value is not None and ir.convenience.get_const_tensor(value) is None
        }
        inputs = list(dict.fromkeys(node.inputs[position] for position in self._fed))
        self._part = extract(model, [x for x in inputs if x is not None], [node.outputs[0]])
        self._output = node.outputs[0].name or ""
        self._known: dict[tuple[tuple[int, ...], ...], dict[int, _Destinations] | None] = {}

    def __call__(self, operands: Sequence[Operand | None], output: np.ndarray) -> Patches:
        present = {p: x for p in self._patched if (x := operands[p]) is not None}
        shapes = tuple(x.golden.shape for x in operands if x is not None)
        if shapes not in self._known:
            self._known[shapes] = self._find(operands)
        destinations = self._known[shapes]
        patches = {p: x.patches for p, x in present.items() if x.patches is not None}
        if destinations is None:
            lanes = [x.keys // present[p].golden.size for p, x in patches.items()]
            raise InexactError(np.unique(np.concatenate(lanes)))
        moved = [
            _move(x, present[p].golden.size, destinations[p], output.size)
            for p, x in patches.items()
        ]
        keys, values = (np.concatenate(x) for x in zip(*moved, strict=True))
        return Patches.sorted(keys, values)

    def _find(self, operands: Sequence[Operand | None]) -> dict[int, _Destinations] | None:
        """Run the node on numbers, twice: what does not differ by one is no moved element."""
        sizes = [x.golden.size for p in self._patched if (x := operands[p]) is not None]
        if sum(sizes) + 2 >= _LARGEST:
            return None
        feeds = {name: x.golden for p, name in self._fed.items() if (x := operands[p]) is not None}
        first = 1
        for position, size in zip(self._patched, sizes, strict=True):
            numbers = np.arange(first, first + size, dtype=np.float32)
            feeds[self._fed[position]] = numbers.reshape(feeds[self._fed[position]].shape)
            first += size
        session = Session(self._part)
        numbered = {self._fed[position] for position in self._patched}
        once = session.run(feeds)[self._output].reshape(-1)
        # As an array: NumPy makes a number of a scalar plus one.
        shifted = {n: np.asarray(x + 1) if n in numbered else x for n, x in feeds.items()}
        twice = session.run(shifted)[self._output].reshape(-1)
        (places,) = np.nonzero(twice - once == 1)
        sources = once[places].astype(np.int64) - 1
        order = np.argsort(sources, kind="stable")
        places, sources = places[order], sources[order]
        starts = np.searchsorted(sources, np.arange(sum(sizes) + 1))
        found, begin = {}, 0
        for position, size in zip(self._patched, sizes, strict=True):
            found[position] = _Destinations(starts[begin : begin + size + 1], places)
            begin += size
        return found


def _move(
    patches: Patches, size: int, destinations: _Destinations, output_size: int
) -> tuple[np.ndarray, np.ndarray]:
    lanes, indices = np.divmod(patches.keys, size)
    begins = destinations.starts[indices]
    counts = destinations.starts[indices + 1] - begins
    # For each patched element, the run of its destinations.
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    places = destinations.places[np.repeat(begins, counts) + within]
    return np.repeat(lanes * output_size, counts) + places, np.repeat(patches.values, counts)
