"""Defines an operation: an operator with its operands, and how its sums become outputs."""

from dataclasses import dataclass, field
from math import prod
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.error_model import ErrorModel
from onnxfi.error_models.hardware.geometry import PADDING, Geometry, Places
from onnxfi.errors import ErrorModelError

Rescaling = Literal["none", "dequantised", "requantised"]
_PRODUCTS_AT_ONCE = 2**20
# All sums are computed if a fault needs more than one of so many, because BLAS is fast.
_LOOKED_UP = 64


@dataclass(frozen=True, eq=False)
class Operation:
    """A convolution or matrix product, with the operands of one golden run.

    Integer operands are summed in int32, which wraps around; floats in float32, and float64 in
    float64. The products of the padding are left out.

    Attributes:
        geometry: which operands each output reads.
        x: the input as the registers hold it: floats, or the codes of a quantised tensor.
        w: the weight as the registers hold it.
        x_zero: zero point of the input, shape ``(1,)``.
        w_zero: zero points of the weight, shape ``(1,)`` or one for each output channel.
        rescaling: what becomes of a sum: ``none``; ``dequantised``, a float output that the sum is
            multiplied by `scale` for; or ``requantised``, an integer output that the sum and
            `bias` are multiplied by `scale`, rounded and shifted by `y_zero` for.
        scale: factor of the sum in the output, shape ``(1,)`` or one for each output channel.
        bias: what is added to the sums, in the shape of the output or one that broadcasts to it;
            int32 if ``requantised``. It is added last.
        y_zero: zero point of a requantised output.
    """

    geometry: Geometry
    x: np.ndarray
    w: np.ndarray
    x_zero: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))
    w_zero: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))
    rescaling: Rescaling = "none"
    scale: np.ndarray = field(default_factory=lambda: np.ones(1, np.float32))
    bias: np.ndarray | None = None
    y_zero: int = 0
    _known_sums: dict[int, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    @property
    def accumulator(self) -> np.dtype[np.generic]:
        """The dtype in which sums are held."""
        if self.x.dtype.kind in "iu":
            return np.dtype(np.int32)
        return np.dtype(np.float64 if self.x.dtype.itemsize == 8 else np.float32)

    @property
    def wide(self) -> np.dtype[np.generic]:
        """The dtype in which differences of sums are computed."""
        return np.dtype(np.int64 if self.x.dtype.kind in "iu" else np.float64)

    def input_values(self, index: np.ndarray) -> np.ndarray:
        """Return what inputs contribute to products: 0 for the padding."""
        values = self.numbers_of_inputs(self.x.reshape(-1)[index])
        values[index == PADDING] = 0
        return values

    def numbers_of_inputs(self, codes: np.ndarray) -> np.ndarray:
        """Return the numbers that the contents of input registers stand for."""
        with np.errstate(invalid="ignore"):  # signalling NaN
            numbers: np.ndarray = codes.astype(self.wide)
        if self.wide.kind == "i":
            numbers -= self.x_zero
        return numbers

    def weight_values(self, at: Places, index: np.ndarray) -> np.ndarray:
        """Return what weights contribute to products.

        Args:
            at: the outputs.
            index: flat indices of weights, shape ``(K,)`` or ``(K, terms)``.
        """
        return self.numbers_of_weights(at, self.w.reshape(-1)[index])

    def numbers_of_weights(self, at: Places, codes: np.ndarray) -> np.ndarray:
        """Return the numbers that the contents of weight registers stand for."""
        with np.errstate(invalid="ignore"):  # signalling NaN
            numbers: np.ndarray = codes.astype(self.wide)
        if self.wide.kind != "i":
            return numbers
        zero = self._of_channel(self.w_zero, at)
        numbers -= zero.reshape(zero.shape + (1,) * (numbers.ndim - zero.ndim))
        return numbers

    def products(self, at: Places) -> np.ndarray:
        """Return the products of outputs, shape ``(K, terms)``, in the order of summing."""
        term = np.arange(self.geometry.terms)
        column = Places(*(x[:, None] for x in (at.group, at.batch, at.position, at.channel)))
        x = self.input_values(self.geometry.inputs(column, term))
        return _multiply(x, self.weight_values(at, self.geometry.weights(column, term)))

    def sums_of_group(self, group: int) -> np.ndarray:
        """Return all sums of a group without the bias; they are computed once.

        Returns:
            The wide dtype, shape ``(batches * positions, channels)``.
        """
        if group not in self._known_sums:
            geometry, terms = self.geometry, np.arange(self.geometry.terms)
            none, channels = np.array(0), np.arange(geometry.y_channel.size)
            column = Places(np.array(group), none, none, channels[:, None])
            weights = self.weight_values(
                Places.of(group, 0, 0, channels), geometry.weights(column, terms)
            )
            rows = np.arange(geometry.y_batch.size * geometry.y_position.size)
            step = max(1, _PRODUCTS_AT_ONCE // max(1, geometry.terms))
            made = np.empty((rows.size, channels.size), self.wide)
            for first in range(0, rows.size, step):
                some = rows[first : first + step, None]
                batch, position = np.divmod(some, geometry.y_position.size)
                at = Places(np.array(group), batch, position, none)
                inputs = self.input_values(geometry.inputs(at, terms))
                made[first : first + step] = multiplied(inputs, weights.T)
            self._known_sums[group] = made
        return self._known_sums[group]

    def _sums(self, at: Places) -> np.ndarray:
        """Return the sums of outputs without the bias; some at a time, to bound the memory."""
        groups = set(at.group.tolist())
        if groups <= self._known_sums.keys() or len(at) * _LOOKED_UP >= prod(self.geometry.y_shape):
            sums = np.empty(len(at), self.wide)
            row = at.batch * self.geometry.y_position.size + at.position
            for group in groups:
                of_group = at.group == group
                known = self.sums_of_group(group)
                sums[of_group] = known[row[of_group], at.channel[of_group]]
            return sums
        step = max(1, _PRODUCTS_AT_ONCE // max(1, self.geometry.terms))
        parts = [np.arange(x, min(x + step, len(at))) for x in range(0, len(at), step)]
        direct = [self.products(at.some(x)).sum(axis=1) for x in parts]
        return np.concatenate(direct) if direct else np.empty(0, self.wide)

    def shifted(
        self,
        golden: np.ndarray,
        at: Places,
        shift: np.ndarray,
    ) -> np.ndarray:
        """Return the outputs whose sums differ from golden.

        Args:
            golden: the golden output.
            at: the outputs.
            shift: what is added to each sum, in the wide dtype.
        """
        known: np.ndarray = golden.reshape(-1)[self.geometry.outputs(at)]
        if self.rescaling == "requantised":
            sums = self._sums(at) + self._bias_of(at)
            moved: np.ndarray = self._requantised(_wrapped(sums + shift), at, golden.dtype)
            return np.where(shift == 0, known, moved)
        if golden.dtype.kind in "iu":
            return _wrapped(known.astype(np.int64) + shift)
        with np.errstate(all="ignore"):
            scaled = shift * self._of_channel(self.scale, at).astype(np.float64)
            moved = (known.astype(np.float64) + scaled).astype(golden.dtype)
        return np.where(shift == 0, known, moved)

    def summed(self, golden: np.ndarray, at: Places, sums: np.ndarray) -> np.ndarray:
        """Return the outputs that have the given sums of floats; the bias is added here."""
        with np.errstate(all="ignore"):
            scaled = sums * self._of_channel(self.scale, at).astype(np.float64)
            outputs: np.ndarray = (scaled + self._bias_of(at)).astype(golden.dtype)
        return outputs

    def corruption(
        self, golden: np.ndarray, at: Places, values: np.ndarray, *, pattern: str | None = None
    ) -> Corruption:
        """Return the corruption that writes outputs.

        Outputs that keep their bits are no injection sites.

        Args:
            golden: the golden output.
            at: the outputs, all different.
            values: their values, in the dtype of the output.
            pattern: name of the pattern.
        """
        index = self.geometry.outputs(at)
        code = np.dtype(f"u{golden.dtype.itemsize}")
        known = golden.reshape(-1)[index]
        differs = np.flatnonzero(known.view(code) != values.view(code))
        order = differs[np.argsort(index[differs])]
        return Corruption(index[order], values[order], pattern=pattern)

    def _bias_of(self, at: Places) -> np.ndarray:
        if self.bias is None:
            return np.zeros(1, self.wide)
        whole = np.broadcast_to(self.bias, self.geometry.y_shape)
        index = np.unravel_index(self.geometry.outputs(at), self.geometry.y_shape)
        taken: np.ndarray = whole[index].astype(self.wide)
        return taken

    def _of_channel(self, of_channels: np.ndarray, at: Places) -> np.ndarray:
        if of_channels.size == 1:
            return of_channels.reshape(1)
        taken: np.ndarray = of_channels[self.geometry.channels(at)]
        return taken

    def _requantised(self, sums: np.ndarray, at: Places, dtype: np.dtype[np.generic]) -> np.ndarray:
        """Scale, round half to even, shift and saturate, as ONNX Runtime does, in float32."""
        scaled = np.rint(sums.astype(np.float32) * self._of_channel(self.scale, at))
        limits = np.iinfo(dtype.type)  # type: ignore[type-var]
        codes: np.ndarray = np.clip(scaled + self.y_zero, limits.min, limits.max).astype(dtype)
        return codes


def _multiply(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):  # faults make infinities and NaN
        multiplied: np.ndarray = one * other
    return multiplied


def multiplied(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return a matrix product of int64 or float64; exact for the operands of 8 bits."""
    with np.errstate(all="ignore"):
        made: np.ndarray = left.astype(np.float64) @ right.astype(np.float64)
        # Sums of 8-bit products stay far below 2^53, and float64 products use BLAS.
        return made.astype(np.int64) if left.dtype.kind == "i" else made


def _wrapped(sums: np.ndarray) -> np.ndarray:
    """Return int64 sums as an int32 register holds them."""
    held: np.ndarray = sums.astype(np.int32)  # keeps the low 32 bits
    return held


@runtime_checkable
class OperationReader(ErrorModel, Protocol):
    """An error model that computes with the operands of the operator that makes the target."""

    @property
    def alike_in_all_targets(self) -> bool:
        """Whether an injection into several targets draws the same for each: one broken part."""
        ...

    def with_operation(self, operation: Operation) -> ErrorModel:
        """Return the error model that draws the corruptions of one golden run.

        Args:
            operation: the operator that computes the target, with its golden operands.
        """
        ...


def checked_operation(model: str, operation: Operation | None, golden: np.ndarray) -> Operation:
    """Return the operation that computed a golden tensor.

    Args:
        model: name of the error model, for the message.
        operation: the operation that the error model was given, if any.
        golden: the golden tensor.

    Raises:
        ErrorModelError: there is no operation, or its output has another shape.
    """
    if operation is None:
        raise ErrorModelError(
            f"{model}: the error model computes with the operands of the target's operator, and "
            "has none here. Use it in a campaign with uniform sampling, in `onnxfi inject`, or "
            "with an Injector(…, operands=True)."
        )
    if golden.shape != operation.geometry.y_shape or not golden.size:
        raise ErrorModelError(
            f"{model}: the operator computes a tensor of shape {operation.geometry.y_shape}, got "
            f"{golden.shape}: choose a target that is not empty"
        )
    return operation
