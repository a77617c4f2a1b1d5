"""Defines a corruption: a sparse patch of a target tensor."""

from dataclasses import dataclass

import numpy as np

from onnxfi.errors import ErrorModelError, InputError


@dataclass(frozen=True, slots=True, eq=False)
class Corruption:
    """The injection sites of one injection and the values written there.

    Two corruptions are equal when every field is equal bit by bit, so NaN equals the same NaN.

    Attributes:
        indices: int64, shape ``(K,)``; unique flat indices into the target, in C order.
        values: shape ``(K,)``, in the target's dtype; the value written at each site.
        bits: int16, shape ``(K,)``; the bit flipped or held at each site, 0 the least significant;
            None unless the error model hits a single bit at each site.
        pattern: name of the spatial pattern; None if the error model has none.

    Raises:
        ErrorModelError: a shape or a dtype is wrong, or a site is negative or occurs twice.
    """

    indices: np.ndarray
    values: np.ndarray
    bits: np.ndarray | None = None
    pattern: str | None = None

    def __post_init__(self) -> None:
        """Check the shapes and dtypes, and that no site occurs twice."""
        indices = self.indices
        if indices.dtype != np.int64 or indices.ndim != 1:
            raise ErrorModelError(
                "a corruption's indices must be int64 of shape (K,), "
                f"got {indices.dtype} of shape {indices.shape}: pass flat indices in C order"
            )
        if self.values.shape != indices.shape:
            raise ErrorModelError(
                "a corruption needs one value for each injection site, "
                f"got values of shape {self.values.shape} for {indices.size} sites"
            )
        bits = self.bits
        if bits is not None and (bits.dtype != np.int16 or bits.shape != indices.shape):
            raise ErrorModelError(
                "a corruption's bits must be int16, one for each injection site, "
                f"got {bits.dtype} of shape {bits.shape} for {indices.size} sites"
            )
        # A single site is the most frequent case, and np.min is slow for it.
        lowest = indices.item() if indices.size == 1 else int(indices.min(initial=0))
        if lowest < 0:
            raise ErrorModelError(f"injection sites are counted from 0, got the index {lowest}")
        # Error models return sorted sites, for which the first test is enough.
        if (
            indices.size > 1
            and not bool((indices[1:] > indices[:-1]).all())
            and np.unique(indices).size < indices.size
        ):
            raise ErrorModelError(
                "the injection sites of a corruption must be unique, "
                "got an index more than once: keep one value for each site"
            )

    def __eq__(self, other: object) -> bool:
        """Compare all fields bit by bit."""
        if not isinstance(other, Corruption):
            return NotImplemented
        return (
            self.pattern == other.pattern
            and _same(self.indices, other.indices)
            and _same(self.values, other.values)
            and _same(self.bits, other.bits)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside

    def apply(self, tensor: np.ndarray) -> np.ndarray:
        """Return a corrupted copy of a tensor.

        Args:
            tensor: any shape and memory layout, in the dtype of ``values``; it is not changed.

        Returns:
            A C-contiguous array of the same shape and dtype.

        Raises:
            InputError: the tensor's dtype differs from that of ``values``, or it is too small.
        """
        if tensor.dtype != self.values.dtype:
            raise InputError(
                f"a corruption of dtype {self.values.dtype} applies to tensors of that dtype only, "
                f"got {tensor.dtype}: apply it to the tensor it was drawn for"
            )
        if self.indices.size and int(self.indices.max()) >= tensor.size:
            raise InputError(
                f"every injection site must lie in the tensor of {tensor.size} elements, "
                f"got the index {int(self.indices.max())}: "
                "apply the corruption to the tensor it was drawn for"
            )
        corrupted = np.array(tensor, order="C", copy=True)
        corrupted.reshape(-1)[self.indices] = self.values
        return corrupted


def _same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Return whether two arrays are equal in dtype, shape and every bit."""
    if one is None or other is None:
        return one is other
    return (
        one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    )
