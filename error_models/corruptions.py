"""Stores the corruptions of one tensor in many injections as columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self, overload

import numpy as np

from onnxfi.error_models.corruption import Corruption


@dataclass(frozen=True, eq=False)
class Corruptions(Sequence[Corruption]):
    """A sequence of `Corruption` objects, stored as joined arrays.

    Attributes:
        sizes: int64, shape ``(N,)``, number of injection sites of each corruption.
        indices: int64, shape ``(K,)``, the sites of all corruptions.
        values: shape ``(K,)``, the values written there.
        bits: int16, shape ``(K,)``, the bits flipped or held; 0 for corruptions without bits.
        with_bits: bool, shape ``(N,)``, whether each corruption has bits.
        patterns: name of each corruption's spatial pattern, or None; None if no corruption has one.
    """

    sizes: np.ndarray
    indices: np.ndarray
    values: np.ndarray
    bits: np.ndarray
    with_bits: np.ndarray
    patterns: Sequence[str | None] | None = None

    @classmethod
    def of(cls, corruptions: Sequence[Corruption]) -> Self:
        """Join corruptions of one tensor, at least one."""
        if isinstance(corruptions, cls):
            return corruptions
        none = np.zeros(max(x.indices.size for x in corruptions), np.int16)
        patterns = [x.pattern for x in corruptions]
        return cls(
            sizes=np.array([x.indices.size for x in corruptions], np.int64),
            indices=np.concatenate([x.indices for x in corruptions]),
            values=np.concatenate([x.values for x in corruptions]),
            bits=np.concatenate(
                [none[: x.indices.size] if x.bits is None else x.bits for x in corruptions]
            ),
            with_bits=np.array([x.bits is not None for x in corruptions]),
            patterns=patterns if any(patterns) else None,
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Join some that all have patterns, or none, one after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            sizes=np.concatenate([x.sizes for x in parts]),
            indices=np.concatenate([x.indices for x in parts]),
            values=np.concatenate([x.values for x in parts]),
            bits=np.concatenate([x.bits for x in parts]),
            with_bits=np.concatenate([x.with_bits for x in parts]),
            patterns=[name for x in parts for name in x.patterns or ()] or None,
        )

    @property
    def owners(self) -> np.ndarray:
        """The number of each site's corruption, int64, shape ``(K,)``."""
        return np.repeat(np.arange(self.sizes.size), self.sizes)

    def some(self, chosen: np.ndarray) -> Self:
        """Return the corruptions selected by a bool array of shape ``(N,)``, at least one."""
        if chosen.all():
            return self
        sites = np.repeat(chosen, self.sizes)
        patterns = self.patterns
        return type(self)(
            self.sizes[chosen],
            self.indices[sites],
            self.values[sites],
            self.bits[sites],
            self.with_bits[chosen],
            None if patterns is None else [patterns[x] for x in np.flatnonzero(chosen).tolist()],
        )

    def __len__(self) -> int:
        """Return the number of corruptions."""
        return self.sizes.size

    @overload
    def __getitem__(self, place: int) -> Corruption: ...
    @overload
    def __getitem__(self, place: slice) -> list[Corruption]: ...
    def __getitem__(self, place: int | slice) -> Corruption | list[Corruption]:
        """Return one corruption, or several."""
        if isinstance(place, slice):
            return list(self)[place]
        return self._one(range(len(self))[place])

    def __iter__(self) -> Iterator[Corruption]:
        """Yield the corruptions."""
        return map(self._one, range(len(self)))

    @cached_property
    def ends(self) -> np.ndarray:
        """Where the sites of each corruption end, int64, shape ``(N,)``."""
        return np.cumsum(self.sizes)

    def sites_of(self, number: int) -> slice:
        """Return where the sites of a corruption are among all sites."""
        end = int(self.ends[number])
        return slice(end - int(self.sizes[number]), end)

    def _one(self, number: int) -> Corruption:
        sites = self.sites_of(number)
        return Corruption(
            self.indices[sites],
            self.values[sites],
            self.bits[sites] if self.with_bits[number] else None,
            None if self.patterns is None else self.patterns[number],
        )
