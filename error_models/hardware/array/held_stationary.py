"""Computes what a fault in a PE changes if each PE holds an operand, and sums pass through it.

The left matrix is streamed and the right one is held: weights are held in ``ws``, and inputs in
``is``, where the matrix product is transposed.
"""

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
    rows, terms, columns = np.arange(m), np.arange(k), np.arange(n)
    streams = fault.register in ("valid", "weight" if gemm.transposed else "input")
    columns = (
        columns[columns % array.columns >= fault.column]
        if streams
        else columns[columns % array.columns == fault.column]
    )
    if tile is not None:
        terms = terms[terms // array.rows == tile.row]
        columns = columns[columns // array.columns == tile.column]
        # The row of the left matrix that the PE multiplies in the cycle of the fault.
        at = tile.cycle - 1 - array.rows - fault.row - fault.column
        if streams or fault.register == "accumulator":
            rows = rows[rows == at]
    if streams:
        terms = terms[terms % array.rows == fault.row]
        return Block(rows, columns, _of_stream(gemm, fault, rows, terms, columns))
    if fault.register == "accumulator":
        return Block(rows, columns, _of_sums(gemm, array, fault, rows, terms, columns))
    loading = tile is None or tile.cycle <= array.rows
    if tile is not None and not loading:
        rows = rows[rows >= at]
    if fault.register == "propagate":
        held, other = _not_taken_over(array, fault, tile, terms, loading=loading)
    else:
        held = terms[terms % array.rows >= fault.row]
        if tile is not None:
            passes = _passing(array, fault, tile) if loading else fault.row
            held = terms[terms % array.rows == passes]
        other = held
    right = gemm.right(held, columns)
    golden = gemm.right_numbers(right, columns)
    with np.errstate(all="ignore"):
        if fault.register == "propagate":
            changed = np.zeros_like(golden)
            inside = (other >= 0) & (other < k)
            codes = gemm.right(other[inside], columns)
            changed[inside] = gemm.right_numbers(codes, columns)
        else:
            changed = gemm.right_numbers(fault.on(right), columns)
        left = gemm.left_numbers(gemm.left(rows, held), rows)
        return Block(rows, columns, multiplied(left, changed - golden))


def _of_stream(
    gemm: Gemm, fault: ArrayFault, rows: np.ndarray, terms: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """Return the shift if the streamed operand is another, or invalid, from the PE eastward."""
    left = gemm.left(rows, terms)
    numbers = gemm.left_numbers(left, rows)
    with np.errstate(all="ignore"):
        if fault.register == "valid":  # bubbles that count as valid add 0
            numbers = numbers * (0 if fault.stuck else -1)
        else:
            numbers = gemm.left_numbers(fault.on(left), rows) - numbers
    return multiplied(numbers, gemm.right_numbers(gemm.right(terms, columns), columns))


def _of_sums(
    gemm: Gemm,
    array: SystolicArray,
    fault: ArrayFault,
    rows: np.ndarray,
    terms: np.ndarray,
    columns: np.ndarray,
) -> np.ndarray:
    """Return the shift if the sum that leaves the PE is another, in each tile of the terms."""
    wide = gemm.operation.wide
    shift = np.zeros((rows.size, columns.size), wide)
    for first in np.unique(terms // array.rows) * array.rows:
        above = terms[(terms >= first) & (terms <= first + fault.row)]
        sums = gemm.added(rows, above, columns)
        with np.errstate(all="ignore"):
            shift += fault.on(sums).astype(wide) - sums.astype(wide)
    return shift


def _passing(array: SystolicArray, fault: ArrayFault, tile: Tile) -> int:
    """Return the row of the tile whose operand is in the PE after a cycle of loading; -1 if none.

    Operands enter at the top, that of the last row first.
    """
    step = tile.cycle - 1
    return array.rows - 1 - step + fault.row if step >= fault.row else -1


def _not_taken_over(
    array: SystolicArray,
    fault: ArrayFault,
    tile: Tile | None,
    terms: np.ndarray,
    *,
    loading: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the terms whose held operand is another, and the terms whose operand it is.

    Args:
        array: the array.
        fault: a fault of ``propagate``.
        tile: the only tile that is hit, or None.
        terms: the terms of the tiles that are hit.
        loading: whether it hits while operands are loaded.

    Returns:
        The other term is -1 where 0 is held.
    """
    of_tile = terms % array.rows
    if tile is None and not fault.stuck:  # nothing passes the PE
        held = terms[of_tile >= fault.row]
        return held, np.full(held.size, -1)
    if tile is not None and loading:  # the PE keeps what it holds, and the next one is lost
        passes = _passing(array, fault, tile)
        held = terms[of_tile == passes]
        return held, held + 1 if passes < array.rows - 1 else np.full(held.size, -1)
    held = terms[of_tile == fault.row]  # the PE takes over once more, or in each cycle
    return held, held - 1 if fault.row else np.full(held.size, -1)
