"""Register: faults in the registers of a convolution engine."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from onnxfi.error_models.checks import checked_choice, checked_integer
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.hardware.operation import Operation, checked_operation
from onnxfi.error_models.hardware.operation_error_model import OperationErrorModel
from onnxfi.error_models.hardware.register_faults import (
    AccumulatorFault,
    InputFault,
    RegisterFault,
    WeightFault,
    corruption_of,
)
from onnxfi.error_models.values.bit_choice import BitField, bits_of_dtype, checked_bit
from onnxfi.error_models.values.bit_layout import flip_bits
from onnxfi.errors import ErrorModelError

RegisterName = Literal["input", "weight", "input16", "weight16", "accumulator", "output", "control"]
_FAULTS = ("input", "weight", "input16", "weight16", "accumulator", "output", "control")
_ENGINES = ("nvdla",)


@dataclass(frozen=True, slots=True)
class Register(OperationErrorModel):
    """Inverts one bit of a register of the engine that computes the target.

    The target is the output of a convolution or matrix product. The corruption is exact: the
    operator computed with the corrupted register, minus the operator without a fault, is added to
    the outputs that used the register. The fault models are those of FIdelity (He et al., MICRO
    2020).

    Attributes:
        fault: the register. ``input``: one input, for all outputs that read it; ``weight``: one
            weight, in all its uses; ``input16``: one input at one position, for k² consecutive
            output channels; ``weight16``: one weight, for up to t consecutive positions along a
            row; ``accumulator``: the sum of one output, after one of its products; ``output``: one
            output; ``control``: local control, one output with random bits.
        engine: the engine; ``nvdla``.
        bit: the bit, 0 the least significant, or the field from which it is drawn: any, sign,
            exponent or mantissa.
        k: the engine multiplies one input with the weights of k² output channels at once.
        t: positions for which the engine keeps a weight.
    """

    name: ClassVar[str] = "register"

    fault: RegisterName = "weight16"
    engine: str = "nvdla"
    bit: int | BitField = "any"
    k: int = 4
    t: int = 16

    def __post_init__(self) -> None:
        """Check and convert the values."""
        checked_choice(self.name, "fault", self.fault, _FAULTS)
        checked_choice(self.name, "engine", self.engine, _ENGINES)
        convert_fields(
            self,
            bit=checked_bit(self.name, self.bit),
            k=checked_integer(self.name, "k", self.k, low=1, high=None),
            t=checked_integer(self.name, "t", self.t, low=1, high=None),
        )

    @property
    def alike_in_all_targets(self) -> bool:
        """Each target has a fault of its own."""
        return False

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw one fault and return its corruption.

        Args:
            golden: the golden output of the operation.
            channel_axis: not used.
            rng: the source of randomness.

        Raises:
            ErrorModelError: the operation is unknown or has another shape, or the register has no
                such bit.
        """
        operation = checked_operation(self.name, self._operation, golden)
        if self.fault in ("output", "control"):
            return self._of_output(operation, golden, rng)
        fault = self._draw(operation, rng)
        if fault is None:
            return Corruption(np.empty(0, np.int64), np.empty(0, golden.dtype))
        return corruption_of(fault, operation, golden)

    def _draw(self, operation: Operation, rng: np.random.Generator) -> RegisterFault | None:
        """Draw a fault; None if no output reads the drawn input."""
        if self.fault == "accumulator":
            return self._draw_accumulator(operation, rng)
        if self.fault.startswith("weight"):
            return self._draw_weight(operation, rng)
        return self._draw_input(operation, rng)

    def _draw_input(self, operation: Operation, rng: np.random.Generator) -> InputFault | None:
        geometry = operation.geometry
        bit = self._draw_bit(operation.x.dtype, rng)
        index = int(rng.integers(operation.x.size))
        if self.fault == "input":
            return InputFault(index, bit)
        readers = geometry.readers(index).group.size
        if not readers:
            return None
        reader = int(rng.integers(readers))
        channels = geometry.w_out.size
        first = int(rng.integers(channels)) // self.k**2 * self.k**2
        return InputFault(index, bit, reader, range(first, min(first + self.k**2, channels)))

    def _draw_weight(self, operation: Operation, rng: np.random.Generator) -> WeightFault:
        geometry = operation.geometry
        bit = self._draw_bit(operation.w.dtype, rng)
        sizes = (geometry.w_group.size, geometry.w_out.size, geometry.terms)
        group, channel, term = rng.integers(sizes).tolist()
        if self.fault == "weight":
            return WeightFault(group, channel, term, bit)
        images = (geometry.y_batch.size, geometry.y_position.size)
        batch, first = rng.integers(images).tolist()
        row, column = divmod(first, geometry.row)
        # The register is loaded for each run of t positions; the fault hits at one of them.
        last = min((column // self.t + 1) * self.t, geometry.row)
        positions = range(first, row * geometry.row + last)
        return WeightFault(group, channel, term, bit, batch, positions)

    def _draw_accumulator(self, operation: Operation, rng: np.random.Generator) -> AccumulatorFault:
        geometry = operation.geometry
        bit = self._draw_bit(operation.accumulator, rng)
        tables = (geometry.y_group, geometry.y_batch, geometry.y_position, geometry.y_channel)
        sizes = (*(x.size for x in tables), geometry.terms)
        group, batch, position, channel, term = rng.integers(sizes).tolist()
        return AccumulatorFault(group, batch, position, channel, term, bit)

    def _of_output(
        self, operation: Operation, golden: np.ndarray, rng: np.random.Generator
    ) -> Corruption:
        if operation.rescaling == "dequantised":
            raise ErrorModelError(
                f"{self.name}: fault={self.fault} hits the quantised output of an operator, and "
                "this target is a sum that QuantizeLinear follows. Choose the output of the "
                "QuantizeLinear with bitflip or random, or another fault."
            )
        site = rng.integers(golden.size, size=1, dtype=np.int64)
        value = golden.reshape(-1)[site]
        if self.fault == "control":
            bytes_ = rng.integers(256, size=golden.dtype.itemsize, dtype=np.uint8)
            return Corruption(site, bytes_.view(golden.dtype))
        bits = np.array([self._draw_bit(golden.dtype, rng)], np.int16)
        return Corruption(site, flip_bits(value, bits), bits=bits)

    def _draw_bit(self, dtype: np.dtype[np.generic], rng: np.random.Generator) -> int:
        bits = bits_of_dtype(self.name, self.bit, dtype)
        return int(rng.integers(bits.start, bits.stop))
