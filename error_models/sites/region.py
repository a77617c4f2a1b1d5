"""Region: restricts injection sites to a part of a target."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import numpy as np

from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.sites.canonical_layout import CanonicalLayout
from onnxfi.error_models.sites.index_set import (
    MOST,
    IndexSet,
    Indices,
    checked_index,
    checked_indices,
)
from onnxfi.error_models.sites.selection import InLayout, InTensor, Selection
from onnxfi.error_models.sites.site_list import SiteList
from onnxfi.errors import ErrorModelError, InputError
from onnxfi.suggestions import did_you_mean

_GRID = ("channels", "rows", "columns")


@dataclass(frozen=True, slots=True)
class Region:
    """The part of a target in which injection sites may lie.

    It is given in one of three ways: by some of ``channels``, ``rows`` and ``columns``, as the
    elements that lie in all of them; by ``box``; or by ``sites``. ``CanonicalLayout`` defines the
    channels, rows and columns of a tensor.

    Indices count from 0. They are written as a number, as a range such as ``"8-15"`` with both ends
    included, or as a list of these. The region's elements are never listed, so a large region costs
    no more than a small one.

    Attributes:
        channels: indices on the target's channel axis, in every sample of the batch.
        rows: indices of rows, in every channel.
        columns: indices of columns, in every row.
        box: one entry for each axis of the target: a number, a range, or ``all``.
        sites: flat indices into the target, in C order, as numbers and lists; or the path of a file
            that holds them: an .npz that ``SiteList.save`` wrote, with the sites of all its
            corruptions, or an .npy of integers. If the indices of an .npz count in one sample, they
            apply to every sample of the batch. The file is read once, when the region is made.

    Raises:
        ErrorModelError: nothing is given, or more than one way; or a value is wrong; or a file
            cannot be read.
    """

    channels: Indices | None = None
    rows: Indices | None = None
    columns: Indices | None = None
    box: Sequence[int | str] | None = None
    sites: str | os.PathLike[str] | Indices | None = None
    # The indices along each axis; None for all of an axis.
    _axes: tuple[IndexSet | None, ...] = field(init=False, repr=False, compare=False)
    # The shape that the sites of a file count in, if the file has it.
    _counted_in: tuple[int, ...] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check and convert the values, and read the file."""
        given = self.to_dict()
        ways = [[key for key in keys if key in given] for keys in (_GRID, ("box",), ("sites",))]
        if sum(map(bool, ways)) != 1:
            raise ErrorModelError(
                "region must be given by channels, rows and columns, or by box, or by sites, got "
                f"{', '.join(given) or 'none of them'}: write for example region.channels=[0,3]"
            )
        axes: list[IndexSet | None]
        counted_in = None
        if self.box is not None:
            axes = self._read_box(self.box)
        elif isinstance(self.sites, str | os.PathLike):
            convert_fields(self, sites=os.fspath(self.sites))
            sites, counted_in = _read_file(Path(self.sites))
            axes = [sites]
        else:
            axes = [self._read_indices(key) for key in (_GRID if self.sites is None else ["sites"])]
        convert_fields(self, _axes=tuple(axes), _counted_in=counted_in)

    @classmethod
    def of(cls, given: object) -> Self:
        """Make a region of a mapping, such as ``{"channels": [0, 3], "rows": "2-5"}``.

        Raises:
            ErrorModelError: the argument is not a mapping, a key is unknown, or a value is wrong.
        """
        if isinstance(given, cls):
            return given
        keys = [each.name for each in fields(cls) if each.init]
        if not isinstance(given, Mapping):
            raise ErrorModelError(
                f"region must be a mapping with keys among {', '.join(keys)}, got {given!r}: "
                "write region.channels=[0,3] in a text, 'region: {channels: [0, 3]}' in YAML"
            )
        for key in given:
            if key not in keys:
                raise ErrorModelError(
                    f"region has the keys {', '.join(keys)}, got {key!r}"
                    f"{did_you_mean(str(key), keys)}"
                )
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping from which ``of`` rebuilds the region."""
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in values.items()
            if value is not None
        }

    def of_target(self, shape: tuple[int, ...], channel_axis: int | None) -> Selection:
        """Return the elements of a target that lie in the region.

        Args:
            shape: the golden tensor's shape, with no axis of length 0.
            channel_axis: its channel axis; None if it has none.

        Raises:
            ErrorModelError: the region reaches beyond the target, has a different number of axes,
                or needs the channels of a target that has none.
        """
        if self.box is not None:
            return self._box_of_target(shape)
        if self.sites is not None:
            return self._sites_of_target(shape)
        layout = CanonicalLayout.of(shape, channel_axis)
        if self.channels is not None and not layout.has_channels:
            raise ErrorModelError(
                "region: channels needs a target whose channel axis is known, got one of shape "
                f"{shape} without: use rows, columns or box, or choose another target"
            )
        axes = [
            _fitted(axis, length, key, f"{length} {key}, got the shape {shape}")
            for key, axis, length in zip(_GRID, self._axes, layout.shape, strict=True)
        ]
        return Selection((IndexSet.below(layout.samples), *axes), InLayout(layout))

    def _read_indices(self, key: str) -> IndexSet | None:
        """Return the set of a key's indices, and store them as numbers and ranges."""
        given = getattr(self, key)
        if given is None:
            return None
        items = checked_indices(f"region.{key}", given)
        convert_fields(self, **{key: items})
        return IndexSet.of(items)

    def _read_box(self, given: object) -> list[IndexSet | None]:
        if isinstance(given, str) or not isinstance(given, Sequence) or not given:
            raise ErrorModelError(
                "region.box must be a list with an index, a range or all for each axis, "
                f"got {given!r}: write for example region.box=[0,all,2-5,2-5]"
            )
        items = [each if each == "all" else checked_index("region.box", each) for each in given]
        convert_fields(self, box=tuple(items))
        return [None if each == "all" else IndexSet.of([each]) for each in items]

    def _box_of_target(self, shape: tuple[int, ...]) -> Selection:
        if len(self._axes) != len(shape):
            raise ErrorModelError(
                f"region.box must have an entry for each axis of the target, got "
                f"{len(self._axes)} for the shape {shape}: write all for a whole axis"
            )
        axes = [
            _fitted(axis, length, "box", f"{length} indices on axis {at}, got the shape {shape}")
            for at, (axis, length) in enumerate(zip(self._axes, shape, strict=True))
        ]
        return Selection(tuple(axes), InTensor(shape))

    def _sites_of_target(self, shape: tuple[int, ...]) -> Selection:
        samples = 1
        if self._counted_in is not None and self._counted_in != shape:
            if self._counted_in != shape[1:]:
                raise ErrorModelError(
                    f"region.sites: {self.sites} holds sites of a tensor of shape "
                    f"{self._counted_in}, got a target of shape {shape}: "
                    "choose the target that they were drawn for"
                )
            samples = shape[0]
        size = math.prod(shape) // samples
        axis = _fitted(self._axes[0], size, "sites", f"{size} elements, got the shape {shape}")
        return Selection((IndexSet.below(samples), axis), InTensor((samples, size)))


def _fitted(axis: IndexSet | None, length: int, key: str, lacks: str) -> IndexSet:
    """Return the indices along an axis, after a check that the target has them."""
    if axis is None:
        return IndexSet.below(length)
    if axis.last >= length:
        raise ErrorModelError(
            f"region.{key} has the index {axis.last}, and the target has {lacks}: "
            "choose lower indices or another target"
        )
    return axis


def _read_file(path: Path) -> tuple[IndexSet, tuple[int, ...] | None]:
    """Read sites, and the shape that they count in; None if the file does not have it."""
    if path.suffix == ".npz":
        try:
            listed = SiteList.load(path)
        except InputError as error:
            raise ErrorModelError(f"region.sites: {error}") from error
        sites, shape = np.concatenate([x.indices for x in listed.corruptions]), listed.shape
    else:
        try:
            sites, shape = np.lib.format.open_memmap(path, mode="r"), None
        except (OSError, ValueError) as error:
            raise ErrorModelError(
                f"region.sites: {path} must be an .npz of injection sites that onnxfi wrote or an "
                f".npy of integers, and is neither: {error}"
            ) from error
    if sites.dtype.kind not in "iu" or not sites.size or sites.min() < 0 or sites.max() > MOST:
        raise ErrorModelError(
            f"region.sites: {path} must hold one site or more, as integers counted from 0, got "
            f"an array of {sites.dtype} with {sites.size} elements"
        )
    return IndexSet.of_array(sites), shape
