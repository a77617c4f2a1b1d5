"""Reads an operation as matrix products, the operands as registers hold them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from onnxfi.error_models.hardware.geometry import PADDING, Places
from onnxfi.error_models.hardware.operation import Operation


@dataclass(frozen=True, eq=False)
class Block:
    """Sums of outputs that differ from golden.

    Attributes:
        rows: the rows of the matrix product.
        columns: its columns.
        shift: shape ``(rows, columns)``, what is added to the sums, in the wide dtype.
    """

    rows: np.ndarray
    columns: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True, eq=False)
class Gemm:
    """The matrix product of a group, or its transpose.

    ``left`` has a row for each row of the product, ``right`` a column for each column.

    Attributes:
        operation: the operation.
        group: the group.
        transposed: whether rows are output channels, and columns samples and positions.
    """

    operation: Operation
    group: int
    transposed: bool = False

    @property
    def size(self) -> tuple[int, int, int]:
        """Rows, terms and columns."""
        geometry = self.operation.geometry
        m, n = geometry.y_batch.size * geometry.y_position.size, geometry.y_channel.size
        return (n, geometry.terms, m) if self.transposed else (m, geometry.terms, n)

    def left(self, rows: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """Return what registers hold of the left matrix, shape ``(rows, terms)``."""
        return self._w(terms, rows).T if self.transposed else self._x(rows, terms)

    def right(self, terms: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return what registers hold of the right matrix, shape ``(terms, columns)``."""
        return self._x(columns, terms).T if self.transposed else self._w(terms, columns)

    def left_numbers(self, codes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the numbers that contents of registers stand for, shape ``(rows, terms)``."""
        if self.transposed:
            return self._w_numbers(codes.T, rows).T
        return self.operation.numbers_of_inputs(codes)

    def right_numbers(self, codes: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the numbers that contents of registers stand for, shape ``(terms, columns)``."""
        if self.transposed:
            return self.operation.numbers_of_inputs(codes)
        return self._w_numbers(codes, columns)

    def places(self, rows: np.ndarray, columns: np.ndarray) -> Places:
        """Return the outputs of rows and columns."""
        m, n = (columns, rows[:, None]) if self.transposed else (rows[:, None], columns)
        batch, position = np.divmod(m, self.operation.geometry.y_position.size)
        return Places.of(self.group, batch, position, n)

    def sums(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return golden sums, shape ``(rows, columns)``; all are computed once."""
        known = self.operation.sums_of_group(self.group)
        chosen: np.ndarray = (known.T if self.transposed else known)[np.ix_(rows, columns)]
        return chosen

    def added(
        self,
        rows: np.ndarray,
        terms: np.ndarray,
        columns: np.ndarray,
        *,
        start: np.generic | None = None,
        after: Callable[[int, np.ndarray], np.ndarray] = lambda number, sums: sums,
    ) -> np.ndarray:
        """Return sums as a register holds them, added one product after the other.

        Args:
            rows: the rows.
            terms: the products that are added, in this order.
            columns: the columns.
            start: what the register holds before; 0 by default.
            after: returns what it holds after the product with a number in ``terms``.
        """
        dtype = self.operation.accumulator
        left = self.left_numbers(self.left(rows, terms), rows)
        right = self.right_numbers(self.right(terms, columns), columns)
        held = np.zeros((rows.size, columns.size), dtype)
        if start is not None:
            held[...] = start
        with np.errstate(all="ignore"):
            for number in range(terms.size):
                product = left[:, number, None] * right[number]
                held = after(number, (held + product).astype(dtype))
        return held

    def _x(self, m: np.ndarray, terms: np.ndarray) -> np.ndarray:
        operation = self.operation
        batch, position = np.divmod(m[:, None], operation.geometry.y_position.size)
        at = Places(np.array(self.group), batch, position, np.array(0))
        index = operation.geometry.inputs(at, terms)
        codes: np.ndarray = operation.x.reshape(-1)[index]
        codes[index == PADDING] = operation.x_zero.astype(codes.dtype)[0]
        return codes

    def _w(self, terms: np.ndarray, n: np.ndarray) -> np.ndarray:
        at = Places(np.array(self.group), np.array(0), np.array(0), n)
        index = self.operation.geometry.weights(at, terms[:, None])
        codes: np.ndarray = self.operation.w.reshape(-1)[index]
        return codes

    def _w_numbers(self, codes: np.ndarray, n: np.ndarray) -> np.ndarray:
        at = Places.of(self.group, 0, 0, n)
        return self.operation.numbers_of_weights(at, codes.T).T
