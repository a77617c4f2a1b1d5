"""Compares faults in registers with loops in which the register is corrupted."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from onnxfi.error_models.hardware.geometry import Places
from onnxfi.error_models.hardware.operation import Operation
from onnxfi.error_models.hardware.register_faults import (
    AccumulatorFault,
    InputFault,
    RegisterFault,
    WeightFault,
    corruption_of,
)
from onnxfi.error_models.values.bit_layout import flip_bits
from tests.error_models.hardware.cases import KINDS, Case, random_case

# What a register holds for one product of one output: (output, input index, weight index, number).
Held = Callable[[int, int | None, int, int], tuple[np.generic | None, np.generic | None]]


def flipped(value: np.generic, bit: int) -> np.generic:
    """Return a value with one bit inverted, by way of its bytes."""
    code = int.from_bytes(value.tobytes(), "little") ^ (1 << bit)
    made: np.generic = np.frombuffer(code.to_bytes(value.nbytes, "little"), value.dtype)[0]
    return made


def wrapped(number: int) -> int:
    """Return an integer as an int32 register holds it."""
    return (number + 2**31) % 2**32 - 2**31


class Arithmetic:
    """An operator with operands, computed by loops, without or with a fault."""

    def __init__(self, case: Case, dtype: str, rng: np.random.Generator) -> None:
        """Draw operands."""
        self.case, self.dtype, self.rng = case, np.dtype(dtype), rng
        self.integer = self.dtype.kind in "iu"
        if self.integer:
            info = np.iinfo(self.dtype)
            self.x = rng.integers(info.min, info.max + 1, case.x_shape).astype(dtype)
            self.w = rng.integers(-128, 128, case.w_shape).astype(np.int8)
        else:
            self.x = rng.normal(size=case.x_shape).astype(dtype)
            self.w = rng.normal(size=case.w_shape).astype(dtype)
        channels = max(case.looped.channel, default=0) + 1
        self.x_zero = np.array([int(rng.integers(-3, 4)) if self.integer else 0])
        count = channels if rng.integers(2) else 1
        self.w_zero = rng.integers(-2, 3, count) if self.integer else np.zeros(1, np.int64)

    def operation(self) -> Operation:
        """Return the operation under test."""
        return Operation(self.case.geometry, self.x, self.w, self.x_zero, self.w_zero)

    def factors(self, output: int, x: int | None, w: int, one: Any, other: Any) -> tuple[Any, Any]:
        """Return the numbers of the contents of two registers."""
        if not self.integer:
            return 0.0 if x is None else float(one), float(other)
        channel = self.case.looped.channel[output]
        zero = int(self.w_zero[channel if self.w_zero.size > 1 else 0])
        return (0 if x is None else int(one) - int(self.x_zero[0])), int(other) - zero

    def sums(
        self, change: Held | None = None, accumulator: tuple[int, int, int] | None = None
    ) -> np.ndarray:
        """Return the output, with registers that hold other values."""
        made = []
        for output, terms in enumerate(self.case.looped.terms):
            total: float = 0 if self.integer else 0.0
            for number, (x, w) in enumerate(terms):
                held: list[Any] = [None if x is None else self.x.flat[x], self.w.flat[w]]
                if change is not None:
                    for place, other in enumerate(change(output, x, w, number)):
                        held[place] = held[place] if other is None else other
                one, other = self.factors(output, x, w, *held)
                with np.errstate(all="ignore"):
                    product = (
                        np.float64(one) * np.float64(other) if not self.integer else one * other
                    )
                total = total + (0 if x is None else product)
                if accumulator is not None and (output, number) == accumulator[:2]:
                    kind = np.int32 if self.integer else np.float32
                    register = kind(wrapped(int(total)) if self.integer else total)
                    value = flipped(register, accumulator[2])
                    total = int(value) if self.integer else float(value)
            made.append(wrapped(int(total)) if self.integer else total)
        dtype = np.int32 if self.integer else self.dtype
        with np.errstate(all="ignore"):
            return np.array(made).astype(dtype).reshape(self.case.looped.y_shape)


def check(
    arithmetic: Arithmetic, fault: RegisterFault, expected: np.ndarray, allowed: set[int]
) -> None:
    """Compare the corruption with the expected output, and its sites with the allowed outputs."""
    golden = arithmetic.sums()
    corruption = corruption_of(fault, arithmetic.operation(), golden)
    got = corruption.apply(golden)
    assert got.shape == expected.shape
    assert set(corruption.indices.tolist()) <= allowed
    if arithmetic.integer:
        np.testing.assert_array_equal(got, expected)
        assert set(corruption.indices.tolist()) == set(np.flatnonzero(golden != expected).tolist())
        return
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    with np.errstate(all="ignore"):
        largest = np.maximum(np.abs(golden), np.abs(expected))
        if isinstance(fault, AccumulatorFault):  # the bit is one of a rounded partial sum
            at = Places.of(fault.group, fault.batch, fault.position, fault.channel)
            partial = np.abs(arithmetic.operation().products(at)).sum()
            largest = np.maximum(largest, partial.astype(golden.dtype))
        near = np.abs(got.astype(float) - expected) <= 2 * np.spacing(largest)
    assert (same | near).all(), (fault, got[~(same | near)], expected[~(same | near)])


def input_fault(
    arithmetic: Arithmetic, *, partly: bool
) -> tuple[RegisterFault, np.ndarray, set[int]]:
    """Draw a fault of an input, and compute it by loops."""
    rng, looped = arithmetic.rng, arithmetic.case.looped
    index = int(rng.integers(arithmetic.x.size))
    bit = int(rng.integers(8 * arithmetic.dtype.itemsize))
    value = flipped(arithmetic.x.flat[index], bit)
    users = {(o, x, n) for o, terms in enumerate(looped.terms) for n, (x, _) in enumerate(terms)}
    users = {user for user in users if user[1] == index}
    fault = InputFault(index, bit)
    readers = arithmetic.case.geometry.readers(index)
    if partly and readers.group.size:
        geometry = arithmetic.case.geometry
        reader = int(rng.integers(readers.group.size))
        first = int(rng.integers(geometry.w_out.size))
        last = int(rng.integers(first, geometry.w_out.size)) + 1
        fault = InputFault(index, bit, reader, range(first, last))
        wanted = {
            int(
                geometry.y_group[readers.group[reader]]
                + geometry.y_batch[readers.batch[reader]]
                + geometry.y_position[readers.position[reader]]
                + geometry.y_channel[channel]
            )
            for channel in range(first, last)
        }
        assert wanted <= {user[0] for user in users}
        users = {user for user in users if user[0] in wanted}

    def change(output: int, x: int | None, w: int, number: int) -> tuple[Any, Any]:
        return (value if (output, x, number) in users else None), None

    return fault, arithmetic.sums(change), {user[0] for user in users}


def weight_fault(
    arithmetic: Arithmetic, *, partly: bool
) -> tuple[RegisterFault, np.ndarray, set[int]]:
    """Draw a fault of a weight, and compute it by loops."""
    rng, geometry = arithmetic.rng, arithmetic.case.geometry
    looped = arithmetic.case.looped
    group, channel = (int(rng.integers(x.size)) for x in (geometry.w_group, geometry.w_out))
    term = int(rng.integers(geometry.terms))
    bit = int(rng.integers(8 * arithmetic.w.dtype.itemsize))
    index = int(
        geometry.w_group[group]
        + geometry.w_out[channel]
        + geometry.w_channel[term // geometry.taps]
        + geometry.w_tap[term % geometry.taps]
    )
    users = {o for o, terms in enumerate(looped.terms) for _, w in terms if w == index}
    fault = WeightFault(group, channel, term, bit)
    if partly:
        batch = int(rng.integers(geometry.x_batch.size))
        first = int(rng.integers(geometry.y_position.size))
        last = int(rng.integers(first, geometry.y_position.size)) + 1
        fault = WeightFault(group, channel, term, bit, batch, range(first, last))
        base = int(geometry.y_group[group] + geometry.y_batch[batch] + geometry.y_channel[channel])
        wanted = {base + int(geometry.y_position[x]) for x in range(first, last)}
        assert wanted <= users
        users = wanted
    value = flipped(arithmetic.w.flat[index], bit)

    def change(output: int, x: int | None, w: int, number: int) -> tuple[Any, Any]:
        return None, (value if w == index and output in users else None)

    return fault, arithmetic.sums(change), users


def accumulator_fault(arithmetic: Arithmetic) -> tuple[RegisterFault, np.ndarray, set[int]]:
    """Draw a fault of a sum, and compute it by loops."""
    rng, geometry = arithmetic.rng, arithmetic.case.geometry
    at = [
        int(rng.integers(x.size))
        for x in (geometry.y_group, geometry.y_batch, geometry.y_position, geometry.y_channel)
    ]
    tables = (geometry.y_group, geometry.y_batch, geometry.y_position, geometry.y_channel)
    output = sum(int(table[x]) for table, x in zip(tables, at, strict=True))
    term, bit = int(rng.integers(geometry.terms)), int(rng.integers(32))
    fault = AccumulatorFault(at[0], at[1], at[2], at[3], term, bit)
    return fault, arithmetic.sums(accumulator=(output, term, bit)), {output}


def compare_all(kind: str, dtype: str, seed: int) -> None:
    """Compare every kind of fault on one random operator."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    arithmetic = Arithmetic(random_case(kind, rng), dtype, rng)
    assert arithmetic.case.geometry.y_shape == arithmetic.case.looped.y_shape
    with np.errstate(all="ignore"):
        for partly in (False, True):
            check(arithmetic, *input_fault(arithmetic, partly=partly))
            check(arithmetic, *weight_fault(arithmetic, partly=partly))
        check(arithmetic, *accumulator_fault(arithmetic))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "float16", "float32"])
@pytest.mark.parametrize("kind", KINDS)
def test_equals_the_loops(kind: str, dtype: str) -> None:
    """A random operator of each kind."""
    compare_all(kind, dtype, 1)


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", ["int8", "uint8", "float16", "float32"])
@pytest.mark.parametrize("kind", KINDS)
def test_equals_the_loops_often(kind: str, dtype: str) -> None:
    """Together 1 000 random operators."""
    for seed in range(2, 52):
        compare_all(kind, dtype, seed)


def test_infinite_operand_is_summed_again() -> None:
    """A flip that makes an infinity finite gives the finite sum."""
    rng = np.random.default_rng(0)
    arithmetic = Arithmetic(random_case("gemm", rng), "float32", rng)
    arithmetic.x.flat[0] = np.inf
    value = flip_bits(arithmetic.x.reshape(-1)[:1], np.array([30], np.int16))[0]

    def change(output: int, x: int | None, w: int, number: int) -> tuple[Any, Any]:
        return (value if x == 0 else None), None

    expected = arithmetic.sums(change)
    assert np.isfinite(expected).all()
    corruption = corruption_of(InputFault(0, 30), arithmetic.operation(), arithmetic.sums())
    np.testing.assert_allclose(corruption.apply(arithmetic.sums()), expected, rtol=1e-6)
