"""Stores sparse changes of a tensor in several lanes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from onnxfi.error_models import Corruption, Corruptions


@dataclass(frozen=True, eq=False, slots=True)
class LanePatch:
    """The elements of one tensor of one lane that differ from golden.

    Attributes:
        place: where: flat indices, or a slice of each axis.
        values: what is there.
    """

    place: np.ndarray | tuple[slice, ...]
    values: np.ndarray

    @classmethod
    def joined(cls, of_lanes: Mapping[int, Self], size: int) -> Self:
        """Return the patch of several lanes, one after the other, of `size` elements each.

        Args:
            of_lanes: the patch of each lane, by its number; with flat indices.
            size: the number of elements of the tensor in one lane.
        """
        parts = of_lanes.values()
        places = np.concatenate([np.asarray(x.place) for x in parts])
        begins = np.repeat([lane * size for lane in of_lanes], [x.values.size for x in parts])
        return cls(places + begins, np.concatenate([x.values for x in parts]))

    def write(self, tensor: np.ndarray) -> None:
        """Write the values into a C-contiguous tensor."""
        view = tensor if isinstance(self.place, tuple) else tensor.reshape(-1)
        view[self.place] = self.values

    def swap(self, tensor: np.ndarray) -> "LanePatch":
        """Write the values into a C-contiguous tensor, and return the patch that undoes it."""
        sliced = isinstance(self.place, tuple)
        view = tensor if sliced else tensor.reshape(-1)
        before = view[self.place].copy() if sliced else view[self.place]
        view[self.place] = self.values
        return LanePatch(self.place, before)

    def applied(self, golden: np.ndarray) -> np.ndarray:
        """Return a patched copy of the golden tensor."""
        patched = golden.copy(order="C")
        self.write(patched)
        return patched


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
        joined = Corruptions.of(corruptions)
        return cls.sorted(joined.indices + joined.owners * size, joined.values)

    @classmethod
    def sorted(cls, keys: np.ndarray, values: np.ndarray) -> Self:
        """Return patches of unique keys in any order."""
        if keys.size > 1 and not bool((keys[1:] > keys[:-1]).all()):
            order = np.argsort(keys)
            keys, values = keys[order], values[order]
        return cls(keys, values)

    @classmethod
    def between(cls, golden: np.ndarray, faulty: np.ndarray) -> Self:
        """Return what differs, bit by bit, of a whole tensor, as the patches of lane 0.

        Args:
            golden: the golden tensor, C-contiguous.
            faulty: another of its shape and dtype, C-contiguous.
        """
        values = faulty.reshape(-1)
        keys = np.flatnonzero(bits(golden.reshape(-1)) != bits(values))
        return cls(keys, values[keys])

    def differing(self, golden: np.ndarray) -> Self:
        """Return what is left when elements bit-equal to golden are dropped.

        Args:
            golden: the golden tensor, C-contiguous.
        """
        before = golden.reshape(-1)[self.keys % golden.size]
        differs = bits(before) != bits(self.values)
        return self if differs.all() else type(self)(self.keys[differs], self.values[differs])

    def lanes(self, size: int) -> dict[int, LanePatch]:
        """Return the patch of each lane that has one, for a tensor of `size` elements."""
        owners, indices = np.divmod(self.keys, size)
        starts = np.flatnonzero(np.diff(owners, prepend=-1))  # keys ascend
        ends = np.append(starts[1:], owners.size)[: starts.size].tolist()  # none if none is patched
        return {
            lane: LanePatch(indices[start:end], self.values[start:end])
            for lane, start, end in zip(owners[starts].tolist(), starts.tolist(), ends, strict=True)
        }

    def renumbered(self, lanes: np.ndarray, size: int) -> Self:
        """Return the same patches, with lanes counted by their positions in an array.

        Args:
            lanes: int64, ascending: every lane that has a patch, maybe among others.
            size: the number of elements of the tensor.
        """
        owners = self.keys // size
        return type(self)(self.keys + (np.searchsorted(lanes, owners) - owners) * size, self.values)

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


def apply_patches(
    golden: Mapping[str, np.ndarray], patches: Mapping[str, LanePatch]
) -> dict[str, np.ndarray]:
    """Return the golden tensors of one lane with its patches, by name."""
    return {**golden, **{name: x.applied(golden[name]) for name, x in patches.items()}}


def expand_runs(begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the numbers of several runs, one run after the other.

    Args:
        begins: the first number of each run.
        counts: how many numbers each run has.
    """
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    numbers: np.ndarray = np.repeat(begins, counts) + within
    return numbers


def bits(values: np.ndarray) -> np.ndarray:
    """Return values as unsigned integers, which are equal where all bits are."""
    unsigned: np.ndarray = values.view(f"u{values.itemsize}")
    return unsigned
