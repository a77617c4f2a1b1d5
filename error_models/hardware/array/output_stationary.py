"""Computes what a fault in a PE changes if each PE sums outputs of its own."""

import numpy as np

from onnxfi.error_models.hardware.array.gemm import Block, Gemm
from onnxfi.error_models.hardware.array.systolic_array import ArrayFault, SystolicArray, Tile
from onnxfi.error_models.hardware.operation import multiplied


def changed_sums(gemm: Gemm, array: SystolicArray, fault: ArrayFault, tile: Tile | None) -> Block:
    """Return the sums of one matrix product that a fault changes.

    Args:
        gemm: the matrix product.
        array: the array.
        fault: the fault.
        tile: the only tile that the fault hits; None if it is permanent.
    """
    m, k, n = gemm.size
    rows, columns = np.arange(m), np.arange(n)
    if tile is not None:
        rows = rows[rows // array.rows == tile.row]
        columns = columns[columns // array.columns == tile.column]
    if fault.register in ("accumulator", "propagate"):
        columns = columns[columns % array.columns == fault.column]
        return _in_column(gemm, array, fault, tile, rows, columns)
    # The term that the PE multiplies in the cycle of the fault.
    terms = np.arange(k)
    if tile is not None:
        terms = terms[terms == tile.cycle - 1 - fault.row - fault.column]
    if fault.register == "weight":
        rows = rows[rows % array.rows >= fault.row]
        columns = columns[columns % array.columns == fault.column]
    else:
        rows = rows[rows % array.rows == fault.row]
        columns = columns[columns % array.columns >= fault.column]
    left, right = gemm.left(rows, terms), gemm.right(terms, columns)
    left_numbers = gemm.left_numbers(left, rows)
    right_numbers = gemm.right_numbers(right, columns)
    with np.errstate(all="ignore"):
        if fault.register == "input":
            left_numbers = gemm.left_numbers(fault.on(left), rows) - left_numbers
        elif fault.register == "weight":
            right_numbers = gemm.right_numbers(fault.on(right), columns) - right_numbers
        else:  # nothing is added while valid is 0; bubbles that count as valid add 0
            left_numbers = left_numbers * (0 if fault.stuck else -1)
    return Block(rows, columns, multiplied(left_numbers, right_numbers))


def _in_column(
    gemm: Gemm,
    array: SystolicArray,
    fault: ArrayFault,
    tile: Tile | None,
    rows: np.ndarray,
    columns: np.ndarray,
) -> Block:
    """Return the sums that a fault in an accumulator or in its control changes.

    Args:
        gemm: the matrix product.
        array: the array.
        fault: the fault.
        tile: the only tile that is hit, or None.
        rows: the rows of the tiles that are hit.
        columns: those of their columns that the PE's column computes.
    """
    wide = gemm.operation.wide
    if not columns.size:
        return Block(rows, columns, np.zeros((rows.size, 0), wide))
    tiles = -(-rows.size // array.rows)
    final = gemm.sums(rows, columns).astype(gemm.operation.accumulator)
    # Accumulators at the end of computing, by tile and row of the array.
    filled = np.zeros((tiles * array.rows, columns.size), final.dtype)
    filled[: rows.size] = final
    held = filled.reshape(tiles, array.rows, columns.size)
    own = rows[rows % array.rows == fault.row]
    drain = None if tile is None else tile.cycle - (gemm.size[1] + array.rows + array.columns - 1)
    if drain is None or drain < 0:
        held[: own.size, fault.row] = _computed(gemm, array, fault, tile, own, columns)
    drained = _drained(held, fault, drain).reshape(tiles * array.rows, -1)[: rows.size]
    with np.errstate(all="ignore"):
        shift = drained.astype(wide) - final.astype(wide)
    same = drained.view(f"u{drained.itemsize}") == final.view(f"u{final.itemsize}")
    shift[same] = 0  # also where both are the same infinity
    return Block(rows, columns, shift)


def _computed(
    gemm: Gemm,
    array: SystolicArray,
    fault: ArrayFault,
    tile: Tile | None,
    rows: np.ndarray,
    columns: np.ndarray,
) -> np.ndarray:
    """Return the accumulators of the PE at the end of computing.

    Args:
        gemm: the matrix product.
        array: the array.
        fault: the fault.
        tile: the only tile that is hit, or None.
        rows: the rows of the outputs that the PE computes.
        columns: their columns.
    """
    terms = np.arange(gemm.size[1])
    golden = gemm.sums(rows, columns).astype(gemm.operation.accumulator)
    zero = np.zeros(1, golden.dtype)
    northern = np.zeros_like(golden)
    if fault.row and fault.register == "propagate":
        northern = gemm.sums(rows - 1, columns).astype(golden.dtype)
    if tile is None:
        if fault.register == "accumulator":
            plain = _plain(gemm, rows, terms, columns, golden)
            start = fault.on(zero)[0]
            made = gemm.added(
                rows, terms, columns, start=start, after=lambda _, sums: fault.on(sums)
            )
            return _moved(golden, plain, made)
        return northern if fault.stuck else golden
    at = tile.cycle - 1 - fault.row - fault.column  # the number of the product
    if fault.register == "accumulator":
        if at >= terms.size:
            return fault.on(golden)
        plain = _plain(gemm, rows, terms, columns, golden)
        made = gemm.added(
            rows,
            terms,
            columns,
            start=fault.on(zero)[0] if at < 0 else None,
            after=lambda number, sums: fault.on(sums) if number == at else sums,
        )
        return _moved(golden, plain, made)
    if at < 0 or tile.cycle == 0:
        return golden  # both accumulators hold 0
    if not fault.row:
        rest = gemm.added(rows, terms[at + 1 :], columns)
        return _moved(golden, _plain(gemm, rows, terms, columns, golden), rest)
    first = gemm.added(rows - 1, terms[: at + 1], columns)
    rest = gemm.added(rows, terms[at + 1 :], columns)
    plain = _plain(gemm, rows, terms, columns, golden)
    with np.errstate(all="ignore"):
        made = first + rest
    return _moved(golden, plain, made)


def _plain(
    gemm: Gemm, rows: np.ndarray, terms: np.ndarray, columns: np.ndarray, golden: np.ndarray
) -> np.ndarray:
    """Return sums without a fault, rounded as those with one: integers are golden."""
    return golden if golden.dtype.kind == "i" else gemm.added(rows, terms, columns)


def _moved(golden: np.ndarray, plain: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Return the sums that were made; golden bit by bit where they equal those without a fault."""
    unsigned = f"u{golden.itemsize}"
    return np.where(plain.view(unsigned) == made.view(unsigned), golden, made)


def _drained(held: np.ndarray, fault: ArrayFault, cycle: int | None) -> np.ndarray:
    """Return the sums that leave the array, by tile and row.

    Args:
        held: the accumulators of a column, shape ``(tiles, rows, columns)``.
        fault: a fault in an accumulator or in its control.
        cycle: the cycle of draining in which it inverts the bit; negative if it did so before, None
            if it is stuck.
    """
    rows, row = held.shape[1], fault.row
    left = np.zeros_like(held)
    for step in range(rows):
        left[:, rows - 1 - step] = held[:, -1]
        hit = cycle is None or cycle == step
        shifted = np.concatenate([np.zeros_like(held[:, :1]), held[:, :-1]], axis=1)
        if hit and fault.register == "accumulator":
            shifted[:, row] = fault.on(shifted[:, row])
        elif hit and not fault.stuck:  # the PE does not take over
            shifted[:, row] = held[:, row]
        held = shifted
    return left
