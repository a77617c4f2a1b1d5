"""Draws injection sites uniformly, and reads the golden values there."""

import numpy as np

from onnxfi.error_models.sites.extent import Extent
from onnxfi.error_models.sites.region import Region
from onnxfi.errors import ErrorModelError


def draw_sites(
    golden: np.ndarray,
    extent: Extent,
    region: Region | None = None,
    *,
    channel_axis: int | None = None,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw injection sites uniformly, without replacement.

    The cost grows with the number of sites, not with the size of the tensor or of the region.

    Args:
        golden: the golden tensor; only its shape matters.
        extent: the number of sites; a fraction or a rate counts the region's elements.
        region: the part of the tensor in which the sites lie; None for the whole tensor.
        channel_axis: the golden tensor's channel axis, or None.
        rng: the source of randomness.

    Returns:
        int64, shape ``(K,)``; unique flat indices in ascending order.

    Raises:
        ErrorModelError: the tensor is empty, or the region does not lie in it, or either has fewer
            elements than the extent's count.
    """
    size = golden.size
    if not size:
        raise ErrorModelError(
            "the target must have at least one element, "
            f"got one of shape {golden.shape}, which has none: choose another target"
        )
    selection = None if region is None else region.of_target(golden.shape, channel_axis)
    if selection is not None:
        size = selection.size
    count = extent.draw(size, rng=rng)
    if count > size:
        raise ErrorModelError(
            f"count must not exceed the number of elements of the "
            f"{'target' if region is None else 'region'}, which has {size}, "
            f"got count={count}: lower it or choose another target"
        )
    if count == 1:
        # Draws the same as size=1, at a third of the cost.
        sites = np.array([rng.integers(size)], np.int64)
    else:
        # Generator.choice uses Floyd's algorithm unless count is a large part of size.
        sites = rng.choice(size, size=count, replace=False, shuffle=False)
        sites.sort()
    return sites if selection is None else selection.sites(sites)


def values_at(golden: np.ndarray, sites: np.ndarray) -> np.ndarray:
    """Return the golden values at flat C-order indices, without copying the tensor.

    Args:
        golden: any shape and memory layout.
        sites: int64, shape ``(K,)``.

    Returns:
        A new array of shape ``(K,)`` in the dtype of ``golden``.
    """
    if golden.flags.c_contiguous:
        values: np.ndarray = golden.reshape(-1)[sites]
    else:
        values = golden[np.unravel_index(sites, golden.shape)]
    return values
