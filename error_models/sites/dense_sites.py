"""Reads and writes corruptions as two dense arrays, ``injections.npy`` and ``masks.npy``.

This is the format of the saboteur layer published with CLASSES (github.com/D4De/classes, folder
tools/add_classes_saved_model). Both arrays are float64 of shape (N, height, width, channels), with
one entry for each of N corruptions of one sample. The layer computes ``x * mask + injection``. At a
site the mask is 0 and the injection is the corrupted value; elsewhere the mask is 1 and the
injection is 0. The program that makes such files adds up the values of a site that it draws more
than once; the file does not show this.

onnxfi writes the value without multiplying, so infinities and NaN are possible.
"""

from pathlib import Path

import numpy as np

from onnxfi.atomic_write import atomic_write
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.sites.site_list import SiteList
from onnxfi.errors import InputError


def read_dense_sites(path: Path, *, dtype: np.dtype, channel_axis: int | None = None) -> SiteList:
    """Read corruptions from ``injections.npy`` and the ``masks.npy`` beside it.

    Args:
        path: the file of the values. The other file has ``masks`` for ``injections`` in its name.
        dtype: the target's dtype. Floats are rounded to it; integers must fit.
        channel_axis: axis of the channels in a sample of the target; the last axis in the files
            is moved there. None leaves the axes unchanged.

    Raises:
        InputError: a file cannot be read, the two do not match, or a value does not fit the
            target's dtype; pickled objects are refused.
    """
    injections, masks = _open(path), _open(masks_path(path))
    if injections.shape != masks.shape or injections.ndim < 2 or not injections.size:
        raise InputError(
            f"{path} and {masks_path(path).name} must hold arrays of one shape (corruptions, …, "
            f"channels), got {injections.shape} and {masks.shape}."
        )
    rank = injections.ndim - 1
    axis = _checked_axis(channel_axis, rank)
    corruptions = []
    for number, (injection, mask) in enumerate(zip(injections, masks, strict=True)):
        values, stays = np.moveaxis(injection, -1, axis), np.moveaxis(mask, -1, axis)
        hit = stays == 0
        if not (hit | (stays == 1)).all():
            raise InputError(
                f"{masks_path(path)} must hold 1 where a value is kept and 0 where it is replaced, "
                f"and corruption {number} has other numbers."
            )
        if values[~hit].any():
            raise InputError(
                f"{path} must hold 0 where the mask is 1, and corruption {number} does not: it "
                "adds to the fault-free value, as files of the tool's first version do. A "
                "corruption replaces values: make the files with a later version."
            )
        corruptions.append(Corruption(np.flatnonzero(hit), _cast(values[hit], dtype, path)))
    shape = np.moveaxis(injections[0], -1, axis).shape
    return SiteList(shape, tuple(corruptions))


def write_dense_sites(sites: SiteList, path: Path, *, channel_axis: int | None = None) -> None:
    """Write corruptions as ``injections.npy`` and, beside it, ``masks.npy``.

    The arrays have the dtype of the corruptions, or float32 if NumPy lacks it. Flipped bits,
    patterns, and the payloads of NaN in a dtype that NumPy lacks are not stored.

    Args:
        sites: the corruptions, of a sample with at least one axis.
        path: the file of the values. The other file has ``masks`` for ``injections`` in its name.
        channel_axis: axis of the channels in `sites.shape`, which becomes the last axis. None
            leaves the axes unchanged.

    Raises:
        InputError: a file cannot be written.
    """
    rank = len(sites.shape)
    axis = _checked_axis(channel_axis, rank)
    order = [x for x in range(rank) if x != axis] + [axis]
    shape = (len(sites.corruptions), *(sites.shape[x] for x in order))
    dtype = sites.dtype if sites.dtype.isbuiltin == 1 else np.dtype(np.float32)
    try:
        with atomic_write(path) as aside, atomic_write(masks_path(path)) as masks_aside:
            # Memory-mapped: a thousand corruptions take a thousand times the tensor's size.
            injections = np.lib.format.open_memmap(aside, "w+", dtype, shape)
            masks = np.lib.format.open_memmap(masks_aside, "w+", dtype, shape)
            for corruption, injection, mask in zip(
                sites.corruptions, injections, masks, strict=True
            ):
                mask[...] = 1
                at = np.unravel_index(corruption.indices, sites.shape)
                at_last = tuple(at[x] for x in order)
                injection[at_last], mask[at_last] = corruption.values, 0
            injections.flush()
            masks.flush()
    except OSError as error:
        raise InputError(f"The injection sites could not be written to {path}: {error}.") from error


def masks_path(path: Path) -> Path:
    """Return the path of the masks of a file of values.

    Raises:
        InputError: the name does not hold the word injections.
    """
    if "injections" not in path.name:
        raise InputError(
            "The name of a file of injected values must hold the word injections, to find the file "
            f"with masks in its place, got {path.name!r}. Rename the file."
        )
    return path.with_name(path.name.replace("injections", "masks"))


def _open(path: Path) -> np.ndarray:
    try:
        array: np.ndarray = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError) as error:
        raise InputError(f"{path} must be a .npy file of numbers, and is not: {error}") from error
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path} must hold numbers, got the dtype {array.dtype}.")
    return array


def _checked_axis(channel_axis: int | None, rank: int) -> int:
    axis = rank - 1 if channel_axis is None else channel_axis
    if not 0 <= axis < rank:
        raise InputError(
            f"The channel axis must be an axis of the sample, which has {rank}, got {channel_axis}."
        )
    return axis


def _cast(values: np.ndarray, dtype: np.dtype, path: Path) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        cast = values.astype(dtype)
    if dtype.kind in "iub" and not (cast == values).all():
        wrong = values[cast != values][0]
        raise InputError(
            f"The values in {path} must fit the target, which is {dtype}, got {wrong}."
        )
    return cast
