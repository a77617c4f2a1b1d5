"""Compares faults in PEs with a simulation of the array, cycle by cycle."""

from itertools import product as combinations

import numpy as np
import pytest

from onnxfi.error_models.hardware.array.array_faults import corruption_of
from onnxfi.error_models.hardware.array.systolic_array import (
    ArrayFault,
    Dataflow,
    RegisterOfPE,
    SystolicArray,
)
from onnxfi.error_models.hardware.geometry import Geometry, convolution, product
from onnxfi.error_models.hardware.operation import Operation
from tests.error_models.hardware import cycles, loops
from tests.error_models.hardware.cases import random_case

FLOWS: tuple[Dataflow, ...] = ("os", "ws", "is")
BITS: dict[RegisterOfPE, int] = {
    "input": 8,
    "weight": 8,
    "accumulator": 32,
    "valid": 1,
    "propagate": 1,
}


class Example:
    """An operator on random codes, and its matrices."""

    def __init__(
        self, geometry: Geometry, looped: loops.Looped, x: tuple[int, ...], w: tuple[int, ...]
    ) -> None:
        """Draw the codes."""
        rng = np.random.default_rng(len(looped.terms))
        self.looped, self.geometry = looped, geometry
        self.x = rng.integers(0, 256, x).astype(np.uint8)
        self.w = rng.integers(-128, 128, w).astype(np.int8)
        self.x_zero, self.w_zero = int(rng.integers(0, 9)), int(rng.integers(-4, 5))
        self.operation = Operation(
            geometry, self.x, self.w, np.array([self.x_zero]), np.array([self.w_zero])
        )
        self.golden = self.run(None, None)

    def run(self, array: SystolicArray | None, fault: ArrayFault | None) -> np.ndarray:
        """Return the output as the simulation computes it, or without an array by loops."""
        made = np.zeros(len(self.looped.terms), np.int64)
        geometry = self.geometry
        time = 0
        for group in range(geometry.y_group.size):
            outputs = (
                geometry.y_group[group]
                + (geometry.y_batch[:, None] + geometry.y_position).reshape(-1, 1)
                + geometry.y_channel
            )
            terms = [[self.looped.terms[o] for o in row] for row in outputs.tolist()]
            a = np.array(
                [[self.x_zero if x is None else self.x.flat[x] for x, _ in row[0]] for row in terms]
            ).astype(int)
            b = np.array([[self.w.flat[w] for _, w in column] for column in terms[0]]).T.astype(int)
            if array is None:
                made[outputs] = (a - self.x_zero) @ (b - self.w_zero)
                continue
            simulated = cycles.Array(array.rows, array.columns, "uint8", "int8", None)
            if fault is not None:
                simulated.fault = cycles.Fault(
                    fault.row, fault.column, fault.register, fault.bit, fault.stuck, fault.cycle
                )
            simulated.time = time
            zeros = [self.w_zero] * b.shape[1]
            made[outputs] = cycles.multiply(array.dataflow, a, b, self.x_zero, zeros, simulated)
            time = simulated.time
        if array is not None:
            assert time == array.cycles(geometry)
        return made.astype(np.int32).reshape(self.looped.y_shape)

    def compare(self, array: SystolicArray, fault: ArrayFault) -> bool:
        """Compare one fault; return whether it changes outputs."""
        expected = self.run(array, fault)
        corruption = corruption_of(fault, array, self.operation, self.golden)
        got = corruption.apply(self.golden)
        assert (got == expected).all(), (array, fault, np.argwhere(got != expected)[:5])
        assert corruption.indices.tolist() == np.flatnonzero(expected != self.golden).tolist()
        return bool(corruption.indices.size)


def gemm(m: int, k: int, n: int) -> Example:
    """Return a matrix product."""
    x, w = (m, k), (k, n)
    return Example(product(x, w), loops.matrix_product(x, w), x, w)


def conv() -> Example:
    """Return a grouped convolution of two samples, with padding and strides."""
    x, w = (2, 4, 4, 3), (6, 2, 2, 2)
    looped = loops.convolution(x, w, 2, (2, 1), (1, 1), (1, 0, 0, 1))
    geometry = convolution(x, w, group=2, strides=[2, 1], dilations=[1, 1], pads=[1, 0, 0, 1])
    return Example(geometry, looped, x, w)


EXAMPLES = {"gemm": gemm(5, 6, 7), "narrow": gemm(3, 2, 2), "conv": conv()}


def faults(array: SystolicArray, cycle: int) -> list[ArrayFault]:
    """Return every PE x register x bit, stuck at 0 and 1, and inverted in a cycle."""
    return [
        ArrayFault(r, c, register, bit, stuck, cycle)
        for r, c in combinations(range(array.rows), range(array.columns))
        for register, bits in BITS.items()
        for bit in range(bits)
        for stuck in (0, 1, None)
    ]


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_without_a_fault_the_simulation_multiplies(name: str, flow: Dataflow) -> None:
    """The simulation is a matrix product."""
    example = EXAMPLES[name]
    assert (example.run(SystolicArray(3, 4, flow), None) == example.golden).all()


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_some_faults_equal_the_simulation(name: str, flow: Dataflow) -> None:
    """A sample of all faults."""
    rng = np.random.default_rng([ord(flow[0]), len(name)])
    example, array = EXAMPLES[name], SystolicArray(3, 4, flow)
    every = faults(array, 0)
    changing = 0
    for index in rng.permutation(len(every))[:25].tolist():
        chosen = every[index]
        cycle = int(rng.integers(array.cycles(example.geometry)))
        changing += example.compare(
            array,
            ArrayFault(chosen.row, chosen.column, chosen.register, chosen.bit, chosen.stuck, cycle),
        )
    assert changing > 3


@pytest.mark.parametrize("flow", FLOWS)
def test_control_equals_the_simulation_in_every_cycle(flow: Dataflow) -> None:
    """Both control bits of three PEs, inverted in every cycle."""
    example, array = EXAMPLES["narrow"], SystolicArray(2, 2, flow)
    registers: tuple[RegisterOfPE, ...] = ("valid", "propagate", "weight", "accumulator")
    for register, (r, c) in combinations(registers, ((0, 0), (0, 1), (1, 0))):
        for cycle in range(array.cycles(example.geometry)):
            example.compare(array, ArrayFault(r, c, register, 0, None, cycle))


@pytest.mark.parametrize("flow", FLOWS)
def test_requantised_outputs_follow_from_the_sums(flow: Dataflow) -> None:
    """Sums of the simulation, with bias, scaled, rounded and saturated."""
    example, array = EXAMPLES["conv"], SystolicArray(3, 4, flow)
    rng = np.random.default_rng(1)
    bias = rng.integers(-500, 500, (6, 1, 1)).astype(np.int32)
    scale = rng.uniform(0.001, 0.01, 6).astype(np.float32)
    plain = example.operation
    operation = Operation(
        plain.geometry,
        plain.x,
        plain.w,
        plain.x_zero,
        plain.w_zero,
        rescaling="requantised",
        scale=scale,
        bias=bias,
        y_zero=100,
    )

    def requantised(sums: np.ndarray) -> np.ndarray:
        scaled = np.rint((sums + bias).astype(np.float32) * scale[:, None, None]) + 100
        made: np.ndarray = np.clip(scaled, 0, 255).astype(np.uint8)
        return made

    golden = requantised(example.golden)
    changed = 0
    for register, bits in BITS.items():
        for stuck in (0, 1):
            fault = ArrayFault(1, 2, register, bits - 1, stuck)
            corruption = corruption_of(fault, array, operation, golden)
            changed += corruption.indices.size
            expected = requantised(example.run(array, fault))
            np.testing.assert_array_equal(corruption.apply(golden), expected)
    assert changed


@pytest.mark.thorough
@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_fault_of_a_small_array(name: str, flow: Dataflow) -> None:
    """Every PE x register x bit of a 4 x 4 array, stuck and inverted in a random cycle."""
    rng = np.random.default_rng(5)
    example, array = EXAMPLES[name], SystolicArray(4, 4, flow)
    last = array.cycles(example.geometry)
    for fault in faults(array, 0):
        cycle = int(rng.integers(last))
        example.compare(
            array,
            ArrayFault(fault.row, fault.column, fault.register, fault.bit, fault.stuck, cycle),
        )


@pytest.mark.thorough
@pytest.mark.parametrize("flow", FLOWS)
def test_random_operators(flow: Dataflow) -> None:
    """Random operators, arrays and faults."""
    rng = np.random.default_rng(8)
    for number in range(300):
        kind = ("convolution", "depthwise", "transposed", "gemm", "matmul")[number % 5]
        case = random_case(kind, rng)
        example = Example(case.geometry, case.looped, case.x_shape, case.w_shape)
        rows, columns = rng.integers(1, 5, 2).tolist()
        array = SystolicArray(rows, columns, flow)
        register = list(BITS)[number % len(BITS)]
        fault = ArrayFault(
            int(rng.integers(rows)),
            int(rng.integers(columns)),
            register,
            int(rng.integers(BITS[register])),
            (0, 1, None)[int(rng.integers(3))],
            int(rng.integers(array.cycles(case.geometry))),
        )
        example.compare(array, fault)
