"""Propagates changes on cropped windows instead of whole images."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from onnxfi.runtime import Session
from onnxfi.suffix.golden_tensors import GoldenTensors, Tensors
from onnxfi.suffix.patches import LanePatch, Patches
from onnxfi.suffix.policy import DEFAULT_POLICY, Policy
from onnxfi.suffix.windows.boxes import Boxes
from onnxfi.suffix.windows.changes import Change, SparseChange, WindowChange
from onnxfi.suffix.windows.effort import Effort, follow
from onnxfi.suffix.windows.piece import Piece

#: The patches of one lane, by tensor.
LaneChange = dict[str, LanePatch]


class Windowed:
    """Carries changes through pieces of a model, in windows; safe to use from several threads.

    Attributes:
        cut: names of the images after the last piece.
        made: names of the images that the pieces make.
    """

    def __init__(
        self,
        pieces: Sequence[Piece],
        *,
        threads: int | None,
        policy: Policy = DEFAULT_POLICY,
    ) -> None:
        """Open a session for each piece.

        Args:
            pieces: at least one.
            threads: intra-op threads of each session.
            policy: the thresholds.

        Raises:
            ModelFormatError: ONNX Runtime cannot run a piece.
        """
        self._pieces = pieces
        # Small sessions that run one after the other: arenas would keep memory without need.
        self._sessions = [Session(x.model, threads=threads, arena=False) for x in pieces]
        self.cut = (*pieces[-1].outputs, *pieces[-1].passed)
        self.made = tuple(name for piece in pieces for name in piece.outputs)
        self._others = any(piece.others for piece in pieces)
        self._policy = policy
        self._effort = Effort(pieces, policy)

    def run_whole(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Compute whole images and return all that the pieces make.

        Args:
            values: the inputs of the pieces by name; others are ignored.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        made: dict[str, np.ndarray] = {}
        for piece, session in zip(self._pieces, self._sessions, strict=True):
            names = (*piece.inputs, *piece.others)
            made |= session.run({x: made[x] if x in made else values[x] for x in names})
        return made

    def work(
        self, patches: Mapping[str, Patches], shapes: Mapping[str, tuple[int, ...]]
    ) -> np.ndarray:
        """Return the work of each lane's windows, as a share of the work of whole images.

        Args:
            patches: the patches before the first piece, by tensor; every lane has one.
            shapes: the shapes of these tensors.
        """
        return self._effort.work(_boxes(patches, shapes).lengths)

    def groups(
        self, patches: Mapping[str, Patches], goldens: Sequence[GoldenTensors]
    ) -> Iterator[list[int]]:
        """Yield the positions of lanes that run together because their windows have similar sizes.

        Args:
            patches: as in `work`.
            goldens: the golden run of each lane; their shapes are the same.
        """
        lengths = _boxes(patches, {x: goldens[0].values[x].shape for x in patches}).lengths
        # Tensors that are no images are taken whole, so a batch needs one golden run.
        together: dict[object, list[int]] = {}
        for position, golden in enumerate(goldens):
            together.setdefault(self._others and id(golden), []).append(position)
        for some in together.values():
            for group in self._batches(lengths[some]):
                yield [some[x] for x in group]

    def run(
        self, goldens: Sequence[Tensors], patches: Mapping[str, Patches]
    ) -> dict[int, LaneChange]:
        """Return the patches after the last piece, by lane and by tensor of `cut`.

        Masked lanes are left out.

        Args:
            goldens: all golden tensors that the pieces take and make, by name, for each lane; their
                shapes are the same.
            patches: as in `work`.

        Raises:
            NoWindowsError: the grids of the images do not fit.
            InputError: ONNX Runtime refuses a window.
        """
        lanes = range(len(goldens))
        changes: dict[str, Change] = {
            name: SparseChange(x, lanes, goldens[0][name].shape) for name, x in patches.items()
        }
        for piece, session in zip(self._pieces, self._sessions, strict=True):
            changes = _run_piece(piece, session, goldens, changes)
        found: dict[int, LaneChange] = {}
        for lane in lanes:
            differing = {
                name: change
                for name in self.cut
                if name in changes
                and (change := changes[name].lane(lane, goldens[lane][name])) is not None
            }
            if differing:
                found[lane] = differing
        return found

    def _batches(self, lengths: np.ndarray) -> Iterable[list[int]]:
        """Yield the positions of lanes that share a batch."""
        sizes, which = np.unique(self._effort.rounded(lengths), axis=0, return_inverse=True)
        batch: list[int] = []
        largest, total = sizes[0], 0.0
        for number, (size, work) in enumerate(zip(sizes, self._effort.work(sizes), strict=True)):
            members = np.flatnonzero(which.reshape(-1) == number).tolist()
            joined = np.maximum(largest, size)
            apart = total + work * len(members)
            if (
                batch
                and self._joint_work(joined, len(batch) + len(members))
                > self._policy.window_waste * apart
            ):
                yield batch
                batch, total, joined = [], 0.0, size
            largest, total = joined, total + work * len(members)
            batch += members
            places = float(self._effort.places(largest[np.newaxis])[0])
            most = int(np.clip(self._policy.places_in_batch / places, 1, self._policy.most_lanes))
            while len(batch) >= most:
                yield batch[:most]
                batch = batch[most:]
            total = min(total, self._joint_work(largest, len(batch)))
        if batch:
            yield batch

    def _joint_work(self, size: np.ndarray, lanes: int) -> float:
        return float(self._effort.work(size[np.newaxis])[0]) * lanes


def choose_pieces(pieces: Sequence[Piece], policy: Policy = DEFAULT_POLICY) -> Sequence[Piece]:
    """Return the first pieces, as far as windows of a single changed place pay; maybe none.

    The last one is where they have saved most. In a network that makes images smaller and larger
    again, windows of nearly whole images may lie between small ones.
    """
    saved, most, chosen = 0.0, 0.0, 0
    for count, (crops, piece) in enumerate(follow(pieces, 1), start=1):
        saved += piece.work * (1 - policy.window_share_cost * float(piece.shares(crops).prod()))
        if saved > most:
            most, chosen = saved, count
    return pieces[:chosen]


def _boxes(patches: Mapping[str, Patches], shapes: Mapping[str, tuple[int, ...]]) -> Boxes:
    """Return the boxes of each lane, around its patches of all tensors."""
    lanes = 1 + max(int(x.keys[-1]) // int(np.prod(shapes[name])) for name, x in patches.items())
    boxes = Boxes.empty(lanes)
    for name, one in patches.items():
        boxes = boxes.union(SparseChange(one, range(lanes), shapes[name]).boxes)
    return boxes


def _run_piece(
    piece: Piece,
    session: Session,
    goldens: Sequence[Tensors],
    changes: dict[str, Change],
) -> dict[str, Change]:
    passed = {name: changes[name] for name in piece.passed if name in changes}
    if not any(name in changes for name in piece.inputs):
        return passed
    crops = piece.crops({name: x.boxes for name, x in changes.items()})
    feeds = {name: goldens[0][name] for name in piece.others}
    for name in piece.inputs:
        origins, (rows, columns) = crops.origins[name], crops.lengths[name].tolist()
        images = [golden[name][0] for golden in goldens]
        windows = np.empty((len(origins), len(images[0]), rows, columns), images[0].dtype)
        for lane, (top, left) in enumerate(origins.tolist()):
            windows[lane] = images[lane][:, top : top + rows, left : left + columns]
        if name in changes:
            changes[name].write(windows, origins)
        feeds[name] = windows
    made: dict[str, Change] = {
        name: WindowChange(windows, crops.origins[name], crops.changed[name])
        for name, windows in session.run(feeds).items()
        if name in crops.changed
    }
    return made | passed
