"""Array: faults in the processing elements of a systolic array."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from onnxfi.error_models.checks import checked_choice, checked_integer
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.hardware.array.array_faults import corruption_of
from onnxfi.error_models.hardware.array.systolic_array import (
    ArrayFault,
    Dataflow,
    RegisterOfPE,
    SystolicArray,
)
from onnxfi.error_models.hardware.operation import Operation, checked_operation
from onnxfi.error_models.hardware.operation_error_model import OperationErrorModel
from onnxfi.error_models.values.bit_choice import BitField, bits_of_dtype, checked_bit
from onnxfi.errors import ErrorModelError

_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_REGISTERS: tuple[RegisterOfPE, ...] = get_args(RegisterOfPE)


@dataclass(frozen=True, slots=True)
class Array(OperationErrorModel):
    """Faults one bit of a register of a processing element (PE) of a systolic array.

    The target is the output of a convolution or matrix product, which the array computes as a
    product of im2col matrices, tile by tile. The corruption is the difference of the sums with and
    without the fault. What is not given is drawn: the PE uniformly, and the register by its number
    of bits. The corruption's pattern names the register and the PE.

    Attributes:
        size: rows and columns of the array.
        dataflow: what stays in place: outputs (``os``), weights (``ws``) or inputs (``is``).
        pe: row and column of the PE.
        register: ``input``, ``weight``, ``accumulator``, ``valid`` or ``propagate``.
        bit: the bit, 0 the least significant, or a field: any, sign, exponent or mantissa.
        stuck: the value at which the bit is held, 0 or 1, or ``any``; without it, the bit is
            inverted once.
        cycle: the cycle of the inversion, counted through the tiles of the operator.
    """

    name: ClassVar[str] = "array"

    size: str = "16x16"
    dataflow: Dataflow = "ws"
    pe: Sequence[int] | None = None
    register: RegisterOfPE | None = None
    bit: int | BitField = "any"
    stuck: int | Literal["any"] | None = None
    cycle: int | None = None

    def __post_init__(self) -> None:
        """Check and convert the values."""
        rows, columns = _checked_size(self.size)
        checked_choice(self.name, "dataflow", self.dataflow, get_args(Dataflow))
        if self.register is not None:
            checked_choice(self.name, "register", self.register, _REGISTERS)
        if self.stuck is not None and self.stuck != "any":
            stuck = checked_integer(self.name, "stuck", self.stuck, low=0, high=1)
            convert_fields(self, stuck=stuck)
        if self.cycle is not None:
            cycle = checked_integer(self.name, "cycle", self.cycle, low=0, high=None)
            convert_fields(self, cycle=cycle)
        if self.stuck is not None and self.cycle is not None:
            raise ErrorModelError(
                "array: cycle is when a bit is inverted once, and stuck holds it in all cycles: "
                "give one of them"
            )
        convert_fields(self, bit=checked_bit(self.name, self.bit))
        if self.pe is not None:
            convert_fields(self, pe=_checked_pe(self.pe, rows, columns))
        if self.bit != "any" and self.register in (None, "valid", "propagate"):
            raise ErrorModelError(
                "array: bit must be given together with register=input, weight or accumulator, "
                f"got bit={self.bit} and register={self.register}: leave bit out"
            )

    @property
    def alike_in_all_targets(self) -> bool:
        """A stuck bit is the same in all layers that run on the array."""
        return self.stuck is not None

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw one fault and return its corruption.

        Args:
            golden: the golden output of the operation.
            channel_axis: not used.
            rng: the source of randomness.

        Raises:
            ErrorModelError: the operation is unknown or has another shape, the register has no
                such bit, or the operator ends before the cycle.
        """
        operation = checked_operation(self.name, self._operation, golden)
        array = SystolicArray(*_checked_size(self.size), self.dataflow)
        fault = self._draw(operation, array, rng)
        pattern = f"{fault.register}[{fault.row},{fault.column}]"
        return corruption_of(fault, array, operation, golden, pattern=pattern)

    def _draw(
        self, operation: Operation, array: SystolicArray, rng: np.random.Generator
    ) -> ArrayFault:
        row, column = rng.integers((array.rows, array.columns)).tolist()
        if self.pe is not None:
            row, column = self.pe
        registers = _REGISTERS if self.register is None else (self.register,)
        bits = [(x, bit) for x in registers for bit in self._bits(operation, x)]
        register, bit = bits[int(rng.integers(len(bits)))]
        if self.stuck is not None:
            value = int(rng.integers(2)) if self.stuck == "any" else self.stuck
            return ArrayFault(row, column, register, bit, stuck=value)
        cycles = array.cycles(operation.geometry)
        cycle = int(rng.integers(cycles)) if self.cycle is None else self.cycle
        if cycle >= cycles:
            raise ErrorModelError(
                f"array: the operator takes {cycles} cycles, got cycle={cycle}: choose an earlier "
                "one, or leave it out"
            )
        return ArrayFault(row, column, register, bit, cycle=cycle)

    def _bits(self, operation: Operation, register: RegisterOfPE) -> range:
        if register in ("valid", "propagate"):
            return range(1)
        dtypes = {"input": operation.x.dtype, "weight": operation.w.dtype}
        return bits_of_dtype(self.name, self.bit, dtypes.get(register, operation.accumulator))


def _checked_size(size: object) -> tuple[int, int]:
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if found is None:
        raise ErrorModelError(
            f"array: size must be rows and columns of the array, got {size!r}: write for example "
            "size=16x16"
        )
    return int(found[1]), int(found[2])


def _checked_pe(pe: object, rows: int, columns: int) -> tuple[int, int]:
    if isinstance(pe, str) or not isinstance(pe, Sequence) or len(pe) != 2:
        raise ErrorModelError(
            f"array: pe must be a row and a column, got {pe!r}: write for example pe=[3,5]"
        )
    return (
        checked_integer("array", "the row of pe", pe[0], low=0, high=rows - 1),
        checked_integer("array", "the column of pe", pe[1], low=0, high=columns - 1),
    )
