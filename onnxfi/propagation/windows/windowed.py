"""Computing what comes of changes by windows of the images, not the whole ones."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from onnxfi.propagation.patches import LanePatch, Patches
from onnxfi.propagation.windows.boxes import Boxes
from onnxfi.propagation.windows.changes import Change, SparseChange, WindowChange
from onnxfi.propagation.windows.piece import Crops, NoWindowsError, Piece
from onnxfi.runtime import Session

# A window that is larger costs as much as the image, with all that it takes to cut it out.
_LARGEST_SHARE = 0.5
# More work than this share of the whole images' is not worth the windows.
_MOST_WORK = 0.75
# The windows of a batch stay in the processor's caches.
_PLACES_IN_A_BATCH = 1 << 13
_MOST_LANES = 64

#: What differs from golden in one lane, by tensor.
LaneChange = dict[str, LanePatch]


class Windowed:
    """Carries changes through pieces of a model, in windows; safe to use from several threads.

    Attributes:
        cut: names of the images after the last piece.
        largest: rows and columns of the largest box of changes for which windows pay.
    """

    def __init__(self, pieces: Sequence[Piece], *, threads: int | None) -> None:
        """Open a session for each piece.

        Args:
            pieces: at least one.
            threads: intra-op threads of each session.

        Raises:
            ModelFormatError: ONNX Runtime cannot run a piece.
        """
        self._pieces = pieces
        self._sessions = [Session(piece.model, threads=threads) for piece in pieces]
        self.cut = (*pieces[-1].outputs, *pieces[-1].passed)
        self.largest = _largest_box(pieces)
        places = max(
            int(np.prod(length))
            for crops, _ in _follow(pieces, 1)
            for length in crops.lengths.values()
        )
        self._lanes = int(np.clip(_PLACES_IN_A_BATCH // places, 4, _MOST_LANES))

    def run_whole(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Compute whole images and return all that the pieces make.

        Args:
            values: what the pieces take, by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        made: dict[str, np.ndarray] = {}
        for piece, session in zip(self._pieces, self._sessions, strict=True):
            names = (*piece.inputs, *piece.others)
            made |= session.run({x: made[x] if x in made else values[x] for x in names})
        return made

    def suited(
        self,
        patches: Mapping[str, Patches],
        shapes: Mapping[str, tuple[int, ...]],
        lanes: Sequence[int],
    ) -> np.ndarray:
        """Return for each lane whether its patches lie so close together that windows pay.

        Args:
            patches: what differs before the first piece, by tensor.
            shapes: the shapes of these tensors.
            lanes: the lanes; all of them have a patch.
        """
        boxes = _boxes(patches, shapes, lanes)
        suited: np.ndarray = ((boxes.high - boxes.low) <= self.largest).all(axis=1)
        return suited

    def run(
        self,
        golden: Mapping[str, np.ndarray],
        patches: Mapping[str, Patches],
        lanes: Sequence[int],
    ) -> dict[int, LaneChange]:
        """Return what differs from golden after the last piece.

        Args:
            golden: the golden values of all that the pieces take and make, by name.
            patches: what differs before the first piece.
            lanes: the lanes to carry on; all of them have a patch.

        Returns:
            For each lane what differs, by tensor of `cut`; nothing for those that are masked.

        Raises:
            NoWindowsError: the grids of the images do not fit.
            InputError: ONNX Runtime refuses a window.
        """
        if not lanes:
            return {}
        found = {}
        # Windows of a batch have one size, so lanes of about the same size share one.
        boxes = _boxes(patches, {x: golden[x].shape for x in patches}, lanes)
        order = np.argsort((boxes.high - boxes.low).max(axis=1), kind="stable")
        lanes = np.asarray(lanes)[order].tolist()
        for start in range(0, len(lanes), self._lanes):
            some = lanes[start : start + self._lanes]
            changes: dict[str, Change] = {
                name: SparseChange(x, some, golden[name].shape) for name, x in patches.items()
            }
            for piece, session in zip(self._pieces, self._sessions, strict=True):
                changes = _run_piece(piece, session, golden, changes)
            for position, lane in enumerate(some):
                differing = {
                    name: change
                    for name in self.cut
                    if name in changes
                    and (change := changes[name].lane(position, golden[name])) is not None
                }
                if differing:
                    found[int(lane)] = differing
        return found


def choose_pieces(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """Return the first pieces, as far as windows of a single changed place pay; maybe none."""
    chosen = 0
    for crops, piece in _follow(pieces, 1):
        if piece.share(crops) > _LARGEST_SHARE:
            break
        chosen += 1
    return pieces[:chosen]


def _boxes(
    patches: Mapping[str, Patches], shapes: Mapping[str, tuple[int, ...]], lanes: Sequence[int]
) -> Boxes:
    boxes = Boxes.empty(len(lanes))
    for name, one in patches.items():
        boxes = boxes.union(SparseChange(one, lanes, shapes[name]).boxes)
    return boxes


def _largest_box(pieces: Sequence[Piece]) -> int:
    whole = sum(piece.work for piece in pieces)
    largest = 0
    for side in range(1, int(min(pieces[0].sizes[pieces[0].inputs[0]])) + 1):
        windows = list(_follow(pieces, side))
        work = sum(piece.work * piece.share(crops) for crops, piece in windows)
        if len(windows) < len(pieces) or work > _MOST_WORK * whole:
            break
        largest = side
    return largest


def _follow(pieces: Sequence[Piece], side: int) -> Iterable[tuple[Crops, Piece]]:
    """Yield the windows of changes in the middle of the first images, as far as there are any."""
    if not pieces:
        return
    first = pieces[0]
    names = [x for x in (*first.inputs, *first.passed) if not first.strides[x].max() > 1]
    low = first.sizes[names[0]] // 2 - side // 2
    boxes = {name: Boxes(low[None], low[None] + side) for name in names}
    for piece in pieces:
        try:
            crops = piece.crops(boxes)
        except NoWindowsError:
            return
        yield crops, piece
        boxes = {x: crops.changed[x] for x in (*piece.outputs, *piece.passed) if x in crops.changed}


def _run_piece(
    piece: Piece, session: Session, golden: Mapping[str, np.ndarray], changes: dict[str, Change]
) -> dict[str, Change]:
    passed = {name: changes[name] for name in piece.passed if name in changes}
    if not any(name in changes for name in piece.inputs):
        return passed
    crops = piece.crops({name: x.boxes for name, x in changes.items()})
    feeds = {name: golden[name] for name in piece.others}
    for name in piece.inputs:
        origins, (rows, columns) = crops.origins[name], crops.lengths[name].tolist()
        image = golden[name][0]
        windows = np.empty((len(origins), len(image), rows, columns), image.dtype)
        for window, (top, left) in zip(windows, origins.tolist(), strict=True):
            window[...] = image[:, top : top + rows, left : left + columns]
        if name in changes:
            changes[name].write(windows, origins)
        feeds[name] = windows
    made: dict[str, Change] = {
        name: WindowChange(windows, crops.origins[name], crops.changed[name])
        for name, windows in session.run(feeds).items()
        if name in crops.changed
    }
    return made | passed
