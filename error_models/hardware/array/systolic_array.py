"""Defines a systolic array, faults in its processing elements, and when it computes what.

The array has R rows and C columns of processing elements (PEs). An operator is a matrix product
A · B for each group: row m of A holds what output m reads, in the order of samples and positions;
B has a column for each output channel of the group. Tiles run one after the other, each from a
cleared array. In each cycle every PE first latches what its neighbours held, then multiplies and
adds; a fault acts on what its register holds at the end of either step.

- ``os``, output stationary: PE(r, c) sums output row r and column c of a tile. Inputs enter from
  the west, weights from the north. A tile takes 1 cycle to clear, K + R + C - 2 to compute, and R
  to drain: the accumulators then shift down, and the last row leaves the array.
- ``ws``, weight stationary: PE(r, c) holds the weight of term r and column c of a tile. A tile
  takes 1 cycle to clear, R in which weights shift down the columns, and M + R + C - 2 in which
  inputs enter from the west and sums move south; sums of the tiles of one output are added outside
  of the array.
- ``is``, input stationary: as ``ws``, with inputs and weights exchanged.

Tiles that the operands do not fill are filled up with zeros, and so is the padding.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from onnxfi.error_models.hardware.geometry import Geometry
from onnxfi.error_models.values.bit_layout import bit_layout

Dataflow = Literal["os", "ws", "is"]
RegisterOfPE = Literal["input", "weight", "accumulator", "valid", "propagate"]


@dataclass(frozen=True, slots=True)
class ArrayFault:
    """A fault of one bit of one register of a PE.

    Attributes:
        row, column: the PE.
        register: ``input``, ``weight`` and ``accumulator`` hold operands and sums; ``valid`` goes
            east with the streamed operand and enables the PE; ``propagate`` makes the PE take over
            what its northern neighbour holds: the sum (``os``) or the held operand.
        bit: the bit; 0 for ``valid`` and ``propagate``.
        stuck: the value at which the bit is held; None if it is inverted once.
        cycle: the cycle of the inversion, counted through the tiles of the operator.
    """

    row: int
    column: int
    register: RegisterOfPE
    bit: int = 0
    stuck: int | None = None
    cycle: int = 0

    def on(self, held: np.ndarray) -> np.ndarray:
        """Return what a register holds under the fault, in the dtype that it holds."""
        code = bit_layout(held.dtype).unsigned
        codes = np.ascontiguousarray(held).view(code)
        mask = code.type(1 << self.bit)
        if self.stuck is None:
            made = codes ^ mask
        elif self.stuck:
            made = codes | mask
        else:
            made = codes & ~mask
        changed: np.ndarray = made.astype(code).view(held.dtype)
        return changed


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of a matrix product.

    Attributes:
        group: the group of the operator.
        row: number of the tile among those of the rows of the output (``os``) or of the terms.
        column: number of the tile among those of the columns.
        cycle: the cycle in the tile.
    """

    group: int
    row: int
    column: int
    cycle: int


@dataclass(frozen=True, slots=True)
class SystolicArray:
    """A systolic array.

    Attributes:
        rows: number of rows of PEs.
        columns: number of columns.
        dataflow: what stays in place.
    """

    rows: int
    columns: int
    dataflow: Dataflow

    def cycles(self, geometry: Geometry) -> int:
        """Return the cycles that an operator takes."""
        per_tile, down, across = self._schedule(geometry)
        return per_tile * down * across * int(geometry.w_group.size)

    def tile(self, geometry: Geometry, cycle: int) -> Tile:
        """Return the tile that is computed in a cycle."""
        per_tile, down, across = self._schedule(geometry)
        number, inside = divmod(cycle, per_tile)
        number, inner = divmod(number, across if self.dataflow == "os" else down)
        group, outer = divmod(number, down if self.dataflow == "os" else across)
        row, column = (outer, inner) if self.dataflow == "os" else (inner, outer)
        return Tile(group, row, column, inside)

    def _schedule(self, geometry: Geometry) -> tuple[int, int, int]:
        """Return the cycles of a tile, and the tiles down and across."""
        m, n = geometry.y_batch.size * geometry.y_position.size, geometry.y_channel.size
        k, skew = geometry.terms, self.rows + self.columns - 2
        if self.dataflow == "os":
            return 1 + k + skew + self.rows, _tiles(m, self.rows), _tiles(n, self.columns)
        streamed, held = (m, n) if self.dataflow == "ws" else (n, m)
        return 1 + self.rows + streamed + skew, _tiles(k, self.rows), _tiles(held, self.columns)


def _tiles(size: int, of: int) -> int:
    return -(-size // of)
