"""Runs image windows through a part of a model, and finds the smallest ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.graph import Model
from onnxfi.suffix.windows.boxes import Boxes
from onnxfi.suffix.windows.windowed_node import WindowedNode

# Attempts to lengthen windows before a piece is given up.
_TRIES = 8
# Bounds of StrideN: the columns of a matrix product that MLAS computes at once. With fewer, it
# adds more products in one block. Source: MlasSgemmOperation, onnxruntime/core/mlas/lib/sgemm.cpp.
_LEAST_COLUMNS, _MLAS_SGEMM_STRIDEN = 16, 128


class NoWindowsError(Exception):
    """Windows of one size cannot be cut from the grids of a piece's images."""


@dataclass(frozen=True, eq=False, slots=True)
class Crops:
    """The windows of all lanes; those of one tensor have one size.

    Attributes:
        origins: for each tensor the first row and column, shape ``(lanes, 2)``.
        lengths: for each tensor the number of rows and columns, shape ``(2,)``.
        changed: for each tensor where it may differ from golden.
    """

    origins: Mapping[str, np.ndarray]
    lengths: Mapping[str, np.ndarray]
    changed: Mapping[str, Boxes]


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """A part of a model that computes some images from others.

    Attributes:
        nodes: its nodes, in an order in which they can run.
        inputs: the images that it takes, changed or golden.
        outputs: the images that it makes and that later nodes read.
        others: its other inputs, taken whole and golden.
        passed: images of earlier pieces that later nodes read.
        sizes: rows and columns of each image.
        strides: for each image the step of its grid, in steps of the finest grid.
        model: computes the outputs for any number of lanes and any size of the images.
        work: multiplications for whole images.
    """

    nodes: Sequence[WindowedNode]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    others: tuple[str, ...]
    passed: tuple[str, ...]
    sizes: Mapping[str, np.ndarray]
    strides: Mapping[str, np.ndarray]
    model: Model
    work: float

    def crops(self, changed: Mapping[str, Boxes]) -> Crops:
        """Return the smallest windows from which the changed outputs can be computed.

        A window begins at the same place of the image on every grid. It contains all elements that
        the changed outputs read. If these reach the end of the image, so does the window: padding
        then lies at the same places.

        Args:
            changed: where images may differ from golden; at least one input of this piece.

        Raises:
            NoWindowsError: the grids do not fit.
        """
        boxes = self._changed(changed)
        needed = self._needed(boxes)
        coarsest = np.max([self.strides[name] for name in needed], axis=0)
        factors = {name: coarsest // self.strides[name] for name in needed}
        firsts = [box.low // factors[name] for name, box in needed.items()]
        first = np.maximum(np.min(firsts, axis=0), 0)
        cells = np.min([-(-self.sizes[x] // factors[x]) for x in self._sliding_inputs()], axis=0)
        ends = [-(-box.high // factors[name]) for name, box in needed.items()]
        count = np.maximum((np.max(ends, axis=0) - first).max(axis=0), 1)
        for _ in range(_TRIES):
            count = self._widened(np.minimum(count, cells), cells, factors)
            lengths = self._lengths(count, factors)
            origins = np.minimum(first, cells - count)
            missing = np.zeros(2, np.int64)
            for name, box in needed.items():
                short = box.high - origins * factors[name] - lengths[name]
                short = np.where(box.high > box.low, short, 0)
                missing = np.maximum(missing, -(-short.max(axis=0) // factors[name]))
            if not missing.any():
                return Crops(
                    {name: origins * factors[name] for name in needed},
                    lengths,
                    {**changed, **boxes},
                )
            if (count == cells)[missing > 0].any():
                break
            count = count + missing
        raise NoWindowsError

    def shares(self, crops: Crops) -> np.ndarray:
        """Return the windows' shares of the rows and of the columns of whole images."""
        name = self._sliding_inputs()[0]
        shares: np.ndarray = crops.lengths[name] / self.sizes[name]
        return shares

    def _widened(
        self, count: np.ndarray, cells: np.ndarray, factors: Mapping[str, np.ndarray]
    ) -> np.ndarray:
        """Return a number of cells for which transposed convolutions add in their usual order.

        ONNX Runtime computes them as matrix products with a column for each place. MLAS adds in
        blocks whose length depends on the number of columns: up to 16, 32, 64, or more.
        """
        for node in self.nodes:
            if node.ir_node.op_type != "ConvTranspose":
                continue
            name = node.images[0]
            most = min(int(np.prod(self.sizes[name])), _MLAS_SGEMM_STRIDEN)
            below = (1 << (most - 1).bit_length()) // 2 if most > _LEAST_COLUMNS else 0
            while (count < cells).any() and np.prod(self._lengths(count, factors)[name]) <= below:
                count = np.minimum(count + 1, cells)
        return count

    def _sliding_inputs(self) -> list[str]:
        """Return the inputs of sliding nodes, or all inputs if no node slides."""
        sliding = {x for node in self.nodes if node.sliding is not None for x in node.images}
        return [x for x in self.inputs if x in sliding] or list(self.inputs)

    def _changed(self, changed: Mapping[str, Boxes]) -> dict[str, Boxes]:
        boxes = {name: changed[name] for name in self.inputs if name in changed}
        for node in self.nodes:
            read = [boxes[name] for name in node.images if name in boxes]
            if read:
                union = read[0]
                for other in read[1:]:
                    union = union.union(other)
                if node.sliding is not None:
                    union = node.sliding.readers(union)
                boxes[node.output] = union.clipped(self.sizes[node.output])
        return boxes

    def _needed(self, changed: Mapping[str, Boxes]) -> dict[str, Boxes]:
        lanes = len(next(iter(changed.values())).low)
        needed = {x: changed.get(x, Boxes.empty(lanes)) for x in self.outputs}
        for node in reversed(self.nodes):
            box = needed.get(node.output)
            if box is None:
                continue
            read = box if node.sliding is None else node.sliding.read(box)
            for name in node.images:
                clipped = read.clipped(self.sizes[name])
                needed[name] = needed[name].union(clipped) if name in needed else clipped
        return needed

    def _lengths(
        self, count: np.ndarray, factors: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        # Every window lacks as much of its last cell as the image, so that it can end there.
        lengths = {
            name: count * factors[name] - -self.sizes[name] % factors[name]
            for name in self._sliding_inputs()
        }
        for node in self.nodes:
            known = [lengths[name] for name in node.images if name in lengths]
            if not known or any((x != known[0]).any() for x in known):
                raise NoWindowsError
            for name in node.images:
                lengths.setdefault(name, known[0])
            length = known[0]
            if node.sliding is not None:
                length = node.sliding.output_length(length)
            lengths[node.output] = length
        return lengths
