"""Simulates a small systolic array cycle by cycle, in plain Python.

Every PE has five registers. A cycle has two steps: all PEs latch what their neighbours held at the
end of the last cycle, then they compute. The fault acts after each step on what its register holds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fault:
    """One bit of one register of the PE at a row and column, stuck or inverted in one cycle."""

    row: int
    column: int
    register: str
    bit: int
    stuck: int | None
    cycle: int


def as_code(bits: int, kind: str) -> int:
    """Return the integer that the low bits of a register stand for."""
    width = int(kind.lstrip("uint"))
    bits &= (1 << width) - 1
    signed = not kind.startswith("u") and width > 1
    return bits - (1 << width) if signed and bits >> (width - 1) else bits


class Array:
    """The registers of an array, and the fault."""

    def __init__(
        self, rows: int, columns: int, x_kind: str, w_kind: str, fault: Fault | None
    ) -> None:
        """Begin in cycle 0, all registers at 0."""
        self.rows, self.columns, self.fault, self.time = rows, columns, fault, 0
        self.kinds = {
            "input": x_kind,
            "weight": w_kind,
            "accumulator": "int32",
            "valid": "uint1",
            "propagate": "uint1",
        }
        self.held: dict[str, list[list[int]]] = {}
        self.x_zero, self.w_zero = 0, [0] * columns
        self.reset()

    def reset(self) -> None:
        """Clear all registers; operands are cleared to their zero points."""
        grid = range(self.rows)
        self.held = {name: [[0] * self.columns for _ in grid] for name in self.kinds}
        self.held["input"] = [[self.x_zero] * self.columns for _ in grid]
        self.held["weight"] = [list(self.w_zero) for _ in grid]

    def strike(self, *registers: str) -> None:
        """Let the fault act on some registers."""
        fault = self.fault
        if fault is None or fault.register not in registers:
            return
        if fault.stuck is None and fault.cycle != self.time:
            return
        grid = self.held[fault.register]
        bits, mask = grid[fault.row][fault.column], 1 << fault.bit
        if fault.stuck is None:
            bits ^= mask
        else:
            bits = bits | mask if fault.stuck else bits & ~mask
        grid[fault.row][fault.column] = as_code(bits, self.kinds[fault.register])

    def clear(self) -> None:
        """Take the cycle in which the array is cleared."""
        self.reset()
        self.strike(*self.kinds)
        self.time += 1

    def from_west(self, register: str, entering: list[int]) -> None:
        """Latch a register from the western neighbours."""
        old = self.held[register]
        self.held[register] = [[entering[r], *old[r][:-1]] for r in range(self.rows)]

    def product(self, r: int, c: int) -> int:
        """Return the product of the operands in a PE."""
        one = self.held["input"][r][c] - self.x_zero
        return one * (self.held["weight"][r][c] - self.w_zero[c])


Matrix = list[list[int]]


def output_stationary(a: Matrix, b: Matrix, x_zero: int, w_zero: list[int], array: Array) -> Matrix:
    """Multiply matrices of codes on an output-stationary array; return the sums."""
    m, k, n, rows, columns = len(a), len(b), len(b[0]), array.rows, array.columns
    sums = [[0] * n for _ in range(m)]
    for i0 in range(0, m, rows):
        for j0 in range(0, n, columns):
            zeros = [w_zero[j0 + c] if j0 + c < n else 0 for c in range(columns)]
            array.x_zero, array.w_zero = x_zero, zeros
            array.clear()
            for s in range(k + rows + columns - 2):
                step_os(array, a, b, i0, j0, s)
            for d in range(rows):
                for c in range(columns):
                    i = i0 + rows - 1 - d
                    if i < m and j0 + c < n:
                        sums[i][j0 + c] = array.held["accumulator"][rows - 1][c]
                drain_os(array)
    return sums


def step_os(array: Array, a: Matrix, b: Matrix, i0: int, j0: int, s: int) -> None:
    """Take one cycle of computing."""
    rows, columns, k = array.rows, array.columns, len(b)
    east = [array.x_zero] * rows
    valid = [0] * rows
    for r in range(rows):
        if 0 <= s - r < k:
            valid[r] = 1
            if i0 + r < len(a):
                east[r] = a[i0 + r][s - r]
    south = list(array.w_zero)
    for c in range(columns):
        if 0 <= s - c < k and j0 + c < len(b[0]):
            south[c] = b[s - c][j0 + c]
    array.from_west("input", east)
    array.from_west("valid", valid)
    array.held["weight"] = [south, *array.held["weight"][:-1]]
    array.held["propagate"] = [[0] * columns for _ in range(rows)]
    array.strike("input", "valid", "weight", "propagate")
    compute_os(array)


def drain_os(array: Array) -> None:
    """Take one cycle of draining."""
    array.from_west("input", [array.x_zero] * array.rows)
    array.from_west("valid", [0] * array.rows)
    array.held["weight"] = [list(array.w_zero), *array.held["weight"][:-1]]
    array.held["propagate"] = [[1] * array.columns for _ in range(array.rows)]
    array.strike("input", "valid", "weight", "propagate")
    compute_os(array)


def compute_os(array: Array) -> None:
    """Let every PE take over the northern sum, or add a product."""
    old = array.held["accumulator"]
    new = [list(row) for row in old]
    for r in range(array.rows):
        for c in range(array.columns):
            if array.held["propagate"][r][c]:
                new[r][c] = old[r - 1][c] if r else 0
            elif array.held["valid"][r][c]:
                new[r][c] = as_code(old[r][c] + array.product(r, c), "int32")
    array.held["accumulator"] = new
    array.strike("accumulator")
    array.time += 1


def weight_stationary(a: Matrix, b: Matrix, x_zero: int, w_zero: list[int], array: Array) -> Matrix:
    """Multiply matrices of codes on a weight-stationary array; return the sums."""
    m, k, n, rows, columns = len(a), len(b), len(b[0]), array.rows, array.columns
    sums = [[0] * n for _ in range(m)]
    for j0 in range(0, n, columns):
        zeros = [w_zero[j0 + c] if j0 + c < n else 0 for c in range(columns)]
        for k0 in range(0, k, rows):
            array.x_zero, array.w_zero = x_zero, zeros
            array.clear()
            for d in range(rows):
                top, q = list(zeros), k0 + rows - 1 - d
                for c in range(columns):
                    if q < k and j0 + c < n:
                        top[c] = b[q][j0 + c]
                step_ws(array, [x_zero] * rows, [0] * rows, top, propagate=1)
            for s in range(m + rows + columns - 2):
                east, valid = [x_zero] * rows, [0] * rows
                for r in range(rows):
                    if 0 <= s - r < m:
                        valid[r] = 1
                        if k0 + r < k:
                            east[r] = a[s - r][k0 + r]
                step_ws(array, east, valid, list(zeros), propagate=0)
                for c in range(columns):
                    i = s - (rows - 1) - c
                    if 0 <= i < m and j0 + c < n:
                        leaving = array.held["accumulator"][rows - 1][c]
                        sums[i][j0 + c] = as_code(sums[i][j0 + c] + leaving, "int32")
    return sums


def step_ws(
    array: Array, east: list[int], valid: list[int], top: list[int], *, propagate: int
) -> None:
    """Take one cycle of loading or computing."""
    rows, columns = range(array.rows), range(array.columns)
    old_weight, old_sum = array.held["weight"], array.held["accumulator"]
    array.from_west("input", east)
    array.from_west("valid", valid)
    array.held["propagate"] = [[propagate] * array.columns for _ in rows]
    array.strike("input", "valid", "propagate")
    taken = [
        [
            ((old_weight[r - 1][c] if r else top[c]) if array.held["propagate"][r][c]
             else old_weight[r][c])
            for c in columns
        ]
        for r in rows
    ]  # fmt: skip
    array.held["weight"] = taken
    array.strike("weight")
    new = [[0] * array.columns for _ in rows]
    for r in rows:
        for c in columns:
            north = old_sum[r - 1][c] if r else 0
            added = array.product(r, c) if array.held["valid"][r][c] else 0
            new[r][c] = as_code(north + added, "int32")
    array.held["accumulator"] = new
    array.strike("accumulator")
    array.time += 1


Multiply = Callable[[Matrix, Matrix, int, list[int], Array], Matrix]


def multiply(
    flow: str, a: np.ndarray, b: np.ndarray, x_zero: int, w_zero: list[int], array: Array
) -> np.ndarray:
    """Multiply matrices of codes, of inputs and of weights, with any dataflow."""
    if flow != "is":
        run: Multiply = output_stationary if flow == "os" else weight_stationary
        return np.array(run(a.tolist(), b.tolist(), x_zero, w_zero, array))
    # Inputs are held, and weights are streamed: one zero point for each row of the stream.
    assert len(set(w_zero)) == 1, "The simulation has one zero point of the streamed operand."
    names = {"input": "weight", "weight": "input"}
    array.kinds["input"], array.kinds["weight"] = array.kinds["weight"], array.kinds["input"]
    if array.fault is not None:
        fault = array.fault
        register = names.get(fault.register, fault.register)
        array.fault = Fault(fault.row, fault.column, register, fault.bit, fault.stuck, fault.cycle)
    made = weight_stationary(b.T.tolist(), a.T.tolist(), w_zero[0], [x_zero] * a.shape[0], array)
    return np.array(made).T
