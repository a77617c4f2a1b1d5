"""Sparse changes of a tensor in several lanes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from onnxfi.error_models import Corruption


@dataclass(frozen=True, eq=False, slots=True)
class Patches:
    """The elements of one tensor that differ from golden, in any number of lanes.

    Attributes:
        keys: int64, shape ``(K,)``, ascending and unique: lane times the tensor's size, plus the
            flat index of the element.
        values: shape ``(K,)``, what the elements are.
    """

    keys: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, corruptions: Sequence[Corruption], size: int) -> Self:
        """Return the patches of corruptions of a tensor of `size` elements, one in each lane."""
        keys = np.concatenate([x.indices + lane * size for lane, x in enumerate(corruptions)])
        values = np.concatenate([x.values for x in corruptions])
        return cls.sorted(keys, values)

    @classmethod
    def sorted(cls, keys: np.ndarray, values: np.ndarray) -> Self:
        """Return patches of unique keys in any order."""
        if keys.size > 1 and not bool((keys[1:] > keys[:-1]).all()):
            order = np.argsort(keys)
            keys, values = keys[order], values[order]
        return cls(keys, values)

    def differing(self, golden: np.ndarray) -> Self:
        """Return what is left when elements bit-equal to golden are dropped.

        Args:
            golden: the golden tensor, C-contiguous.
        """
        before = golden.reshape(-1)[self.keys % golden.size]
        differs = _bits(before) != _bits(self.values)
        return self if differs.all() else type(self)(self.keys[differs], self.values[differs])

    def without_lanes(self, lanes: np.ndarray, size: int) -> Self:
        """Return the patches of all but some lanes."""
        kept = ~np.isin(self.keys // size, lanes)
        return type(self)(self.keys[kept], self.values[kept])

    def at(self, keys: np.ndarray, golden: np.ndarray) -> np.ndarray:
        """Return the elements at any keys: patched where there is a patch, golden elsewhere.

        Args:
            keys: int64, any shape and order.
            golden: the golden tensor, C-contiguous.
        """
        values: np.ndarray = golden.reshape(-1)[keys % golden.size]
        places = np.searchsorted(self.keys, keys)
        np.minimum(places, self.keys.size - 1, out=places)
        found = self.keys[places] == keys
        values[found] = self.values[places[found]]
        return values


def _bits(values: np.ndarray) -> np.ndarray:
    bits: np.ndarray = values.view(f"u{values.itemsize}")
    return bits
