"""Pushes patches through operators that only move elements.

The node runs once on a float32 tensor whose elements are their own numbers, whatever its own dtype
is, and the result shows the destinations of each element. So the rule is right for every attribute
and operator set, and does not repeat ONNX's semantics.
"""

import hashlib
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.graph import Model
from onnxfi.onnx_ir import ir
from onnxfi.runtime import Session
from onnxfi.suffix.patches import Patches, expand_runs
from onnxfi.suffix.rules.rule import InexactError, Operand, Rule
from onnxfi.surgery import extract

# From here on float32 does not represent all whole numbers.
_LARGEST = 1 << 24
# Bytes of destinations that a rule keeps for later golden runs, and the least that an entry counts.
_MOST_KEPT, _LEAST_COUNTED = 1 << 26, 1 << 16
_MOVED = frozenset(
    [
        *(ir.DataType.FLOAT16, ir.DataType.FLOAT, ir.DataType.DOUBLE, ir.DataType.BOOL),
        *(ir.DataType.INT8, ir.DataType.INT16, ir.DataType.INT32, ir.DataType.INT64),
        *(ir.DataType.UINT8, ir.DataType.UINT16, ir.DataType.UINT32, ir.DataType.UINT64),
    ]
)
# They have no float16 kernel. InsertCastTransformer runs them in float32, which changes NaN.
_THROUGH_FLOAT32 = frozenset(
    ["DepthToSpace", "Dropout", "Pad", "Resize", "SpaceToDepth", "Tile", "Trilu", "Upsample"]
)


@dataclass(frozen=True, eq=False, slots=True)
class _Destinations:
    """The destinations of the elements of one input.

    Attributes:
        starts: int64, shape ``(size + 1,)``: the position in `places` of each element's first one.
        places: int64, flat indices into the output, for one element after the other.
    """

    starts: np.ndarray
    places: np.ndarray


def index_move_rule(
    model: Model, node: ir.Node, patched: Sequence[int], output: ir.Value
) -> Rule | None:
    """Return the rule of a node; None if patched inputs direct the elements or hold no numbers.

    Args:
        model: the model that the node is in.
        node: the node.
        patched: positions of the inputs that may be patched.
        output: one of its outputs.
    """
    moved = set(range(len(node.inputs))) if node.op_type == "Concat" else {0}
    values = [node.inputs[position] for position in patched]
    if not moved.issuperset(patched) or any(x is None or x.dtype not in _MOVED for x in values):
        return None
    if node.op_type in _THROUGH_FLOAT32 and output.dtype == ir.DataType.FLOAT16:
        return None
    numbers = moved | ({2} if node.op_type == "Pad" else set())
    return _IndexMoves(model, node, numbers, output)


class _IndexMoves:
    def __init__(
        self, model: Model, node: ir.Node, numbers: Collection[int], output: ir.Value
    ) -> None:
        """Make a model of the node in float32.

        Args:
            model: the model.
            node: the node.
            numbers: positions of the inputs that have the dtype of the output.
            output: the output.
        """
        fed = {
            position: value
            for position, value in enumerate(node.inputs)
            if value is not None
            and (position in numbers or ir.convenience.get_const_tensor(value) is None)
        }
        self._names = {position: value.name or "" for position, value in fed.items()}
        # A tensor that is read twice, as by Concat(x, x), counts once.
        first = {name: position for position, name in reversed(self._names.items())}
        self._numbers = sorted(p for p in first.values() if p in numbers)
        self._others = sorted(p for p in first.values() if p not in numbers)
        self._part = extract(model, list(dict.fromkeys(fed.values())), [output])
        names = {self._names[position] for position in self._numbers}
        retyped = [x for x in self._part.graph.inputs if x.name in names]
        for made in self._part.graph.outputs:
            maker = made.producer()
            moved = (made,) if maker is None else maker.outputs
            retyped += [x for x in moved if x.dtype == output.dtype]  # not the mask of a Dropout
        for value in retyped:
            value.type = ir.TensorType(ir.DataType.FLOAT)
        self._known: dict[object, dict[int, _Destinations]] = {}
        self._keeping = threading.Lock()

    def __call__(self, operands: Sequence[Operand | None], output: np.ndarray) -> Patches:
        # Inputs that direct the elements may differ from one golden run to another.
        key = (
            *(None if x is None else x.golden.shape for x in operands),
            *(_digest(x.golden) for p in self._others if (x := operands[p]) is not None),
        )
        destinations = self._known.get(key)
        if destinations is None:
            destinations = self._find(operands)
            self._keep(key, destinations)
        patched = [
            (p, x.golden.size, x.patches)
            for p in self._numbers
            if (x := operands[p]) is not None and x.patches is not None
        ]
        if not destinations:
            raise InexactError(np.unique(np.concatenate([x.keys // n for _, n, x in patched])))
        moved = [_move(x, size, destinations[p], output.size) for p, size, x in patched]
        keys, values = (np.concatenate(x) for x in zip(*moved, strict=True))
        return Patches.sorted(keys, values)

    def _keep(self, key: object, found: dict[int, _Destinations]) -> None:
        """Keep destinations for later calls, and drop the oldest ones beyond the limit."""
        size = max((x.places.nbytes for x in found.values()), default=0)  # inputs share them
        with self._keeping:
            self._known[key] = found
            while len(self._known) > max(1, _MOST_KEPT // max(size, _LEAST_COUNTED)):
                del self._known[next(iter(self._known))]

    def _find(self, operands: Sequence[Operand | None]) -> dict[int, _Destinations]:
        """Run the node on numbers, twice: an element that does not differ by one was not moved.

        Returns:
            The destinations by position of the input; none where float32 cannot number them all.
        """
        golden = {p: x.golden for p in self._names if (x := operands[p]) is not None}
        sizes = [golden[p].size for p in self._numbers]
        if sum(sizes) + 2 >= _LARGEST:
            return {}
        feeds = {self._names[p]: golden[p] for p in self._others}
        shifted = dict(feeds)
        first = 1
        for position, size in zip(self._numbers, sizes, strict=True):
            numbers = np.arange(first, first + size, dtype=np.float32)
            feeds[self._names[position]] = numbers.reshape(golden[position].shape)
            # As an array: NumPy makes a number of a scalar plus one.
            shifted[self._names[position]] = (numbers + 1).reshape(golden[position].shape)
            first += size
        session = Session(self._part, threads=1)
        (once,), (twice,) = (session.run(x).values() for x in (feeds, shifted))
        once, twice = once.reshape(-1), twice.reshape(-1)
        (places,) = np.nonzero(twice - once == 1)
        sources = once[places].astype(np.int64) - 1
        order = np.argsort(sources, kind="stable")
        places, sources = places[order], sources[order]
        starts = np.searchsorted(sources, np.arange(sum(sizes) + 1))
        found, begin = {}, 0
        for position, size in zip(self._numbers, sizes, strict=True):
            found[position] = _Destinations(starts[begin : begin + size + 1], places)
            begin += size
        return found


def _move(
    patches: Patches, size: int, destinations: _Destinations, output_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys and values of patches at their destinations."""
    lanes, indices = np.divmod(patches.keys, size)
    begins = destinations.starts[indices]
    counts = destinations.starts[indices + 1] - begins
    places = destinations.places[expand_runs(begins, counts)]
    return np.repeat(lanes * output_size, counts) + places, np.repeat(patches.values, counts)


def _digest(tensor: np.ndarray) -> bytes:
    return hashlib.blake2b(tensor.tobytes(), digest_size=16).digest()
