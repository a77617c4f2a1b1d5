"""Computes the outputs that a fault in a register of an accelerator changes.

The faults are those of FIdelity (He et al., MICRO 2020): the value is wrong in a register, and all
products that read the register are wrong. A corrupted output is the golden one and the difference
of the two sums, computed in float64 or int64.
"""

from dataclasses import dataclass

import numpy as np

from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.hardware.geometry import PADDING, Places
from onnxfi.error_models.hardware.operation import Operation
from onnxfi.error_models.values.bit_layout import flip_bits


@dataclass(frozen=True, slots=True)
class InputFault:
    """A bit of an input is inverted, for all its readers or for some.

    Attributes:
        index: flat index of the input.
        bit: the bit.
        reader: number of the only reader (see `Geometry.readers`) that reads the wrong value; None
            for all of them.
        channels: the output channels of the group that read it; None for all.
    """

    index: int
    bit: int
    reader: int | None = None
    channels: range | None = None


@dataclass(frozen=True, slots=True)
class WeightFault:
    """A bit of a weight is inverted, for all outputs that use it or for some positions.

    Attributes:
        group, channel: the group and the output channel in it.
        term: the number of the product: input channel and tap.
        bit: the bit.
        batch: the only sample whose outputs are wrong; None for all.
        positions: the positions that are wrong; None for all.
    """

    group: int
    channel: int
    term: int
    bit: int
    batch: int | None = None
    positions: range | None = None


@dataclass(frozen=True, slots=True)
class AccumulatorFault:
    """A bit of a sum is inverted after one of its products was added.

    Attributes:
        group, batch, position, channel: the output, as in `Places`.
        term: the number of the product.
        bit: the bit.
    """

    group: int
    batch: int
    position: int
    channel: int
    term: int
    bit: int


RegisterFault = InputFault | WeightFault | AccumulatorFault


def corruption_of(fault: RegisterFault, operation: Operation, golden: np.ndarray) -> Corruption:
    """Return the corruption of an operator's output that a fault in a register causes.

    Args:
        fault: the fault.
        operation: the operator and its operands.
        golden: its golden output.
    """
    if isinstance(fault, InputFault):
        return _of_input(fault, operation, golden)
    if isinstance(fault, WeightFault):
        return _of_weight(fault, operation, golden)
    return _of_accumulator(fault, operation, golden)


def _of_input(fault: InputFault, operation: Operation, golden: np.ndarray) -> Corruption:
    geometry = operation.geometry
    read = geometry.readers(fault.index)
    chosen = slice(None) if fault.reader is None else slice(fault.reader, fault.reader + 1)
    channels = np.arange(geometry.w_out.size) if fault.channels is None else fault.channels
    group, batch, position = (x[chosen, None] for x in (read.group, read.batch, read.position))
    at = Places.of(group, batch, position, np.asarray(channels))
    term = np.repeat(read.term[chosen], len(channels))
    held = operation.x.reshape(-1)[[fault.index]]
    x = operation.numbers_of_inputs(flip_bits(held, np.array([fault.bit], np.int16)))
    w = operation.weight_values(at, geometry.weights(at, term))
    return _replaced(operation, golden, at, term, x, w)


def _of_weight(fault: WeightFault, operation: Operation, golden: np.ndarray) -> Corruption:
    geometry = operation.geometry
    # Matrices of a stack that is broadcast share their weights.
    groups = np.flatnonzero(geometry.w_group == geometry.w_group[fault.group])
    batches = np.arange(geometry.x_batch.size) if fault.batch is None else [fault.batch]
    positions = fault.positions or range(geometry.y_position.size)
    groups = groups if fault.batch is None else np.array([fault.group])
    at = Places.of(
        groups[:, None, None], np.asarray(batches)[:, None], np.asarray(positions), fault.channel
    )
    index = geometry.inputs(at, np.full(len(at), fault.term))
    at, index = at.some(index != PADDING), index[index != PADDING]
    term = np.full(len(at), fault.term)
    held = operation.w.reshape(-1)[geometry.weights(at, term)]
    bits = np.full(len(at), fault.bit, np.int16)
    w = operation.numbers_of_weights(at, flip_bits(held, bits))
    return _replaced(operation, golden, at, term, operation.input_values(index), w)


def _of_accumulator(
    fault: AccumulatorFault, operation: Operation, golden: np.ndarray
) -> Corruption:
    at = Places.of(fault.group, fault.batch, fault.position, fault.channel)
    products = operation.products(at)[0]
    dtype = operation.accumulator
    with np.errstate(all="ignore"):
        # The register begins with +0, to which -0 may be added.
        added = np.concatenate([np.zeros(1, dtype), products[: fault.term + 1].astype(dtype)])
        sums = np.cumsum(added, dtype=dtype)[-1:]
    with np.errstate(all="ignore"):
        flipped = flip_bits(sums, np.array([fault.bit], np.int16)).astype(operation.wide)
        shift = flipped - sums.astype(operation.wide)
        whole = flipped + products[fault.term + 1 :].sum()
    exact = np.isfinite(sums) & np.isfinite(golden.reshape(-1)[operation.geometry.outputs(at)])
    write = operation.shifted if exact else operation.summed
    return operation.corruption(golden, at, write(golden, at, shift if exact else whole))


def _replaced(
    operation: Operation,
    golden: np.ndarray,
    at: Places,
    term: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
) -> Corruption:
    """Return the corruption if one product of each output is another.

    Args:
        operation: the operator.
        golden: its output.
        at: the outputs.
        term: the number of the product.
        x: the first factor of the new product.
        w: its second factor.
    """
    geometry = operation.geometry
    with np.errstate(all="ignore"):
        made = x * w
        old_x = operation.input_values(geometry.inputs(at, term))
        old = old_x * operation.weight_values(at, geometry.weights(at, term))
        values = operation.shifted(golden, at, made - old)
        # A difference from an infinity or NaN is unknown: these outputs are summed again.
        finite = np.isfinite(golden.reshape(-1)[geometry.outputs(at)]) & np.isfinite(old)
        again = np.flatnonzero(~finite)
        if again.size:
            products = operation.products(at.some(again))
            products[np.arange(again.size), term[again]] = made[again]
            values[again] = operation.summed(golden, at.some(again), products.sum(axis=1))
    return operation.corruption(golden, at, values)
