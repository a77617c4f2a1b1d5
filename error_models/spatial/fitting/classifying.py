"""Which spatial pattern given sites have."""

from typing import Final

import numpy as np

from onnxfi.error_models.spatial.patterns import PATTERNS, Shape

# Sites may have several patterns; the first counts. The order is that of CLASSES, but for the two
# patterns that it does not look for: a column is tried before skip_4, which in a map whose width is
# a multiple of 4 it would be too, and skip_2 before what nothing else describes.
_OF_ONE_CHANNEL: Final = (
    "single",
    "single_block",
    "same_column",
    "skip_4",
    "single_channel_alternated_blocks",
    "same_row",
    "full_channels",
    "rectangles",
    "skip_2",
    "single_channel_random",
)
_OF_SEVERAL_CHANNELS: Final = (
    "skip_4",
    "single_block",
    "multi_channel_block",
    "bullet_wake",
    "full_channels",
    "rectangles",
    "skip_2",
    "shattered_channel",
    "quasi_shattered_channel",
    "multiple_channels_uncategorized",
)


def classify_sites(sites: np.ndarray, shape: Shape) -> str:
    """Give the name of the spatial pattern of canonical sites.

    skip_2 must be three positions or more, each 2 after the one before: its rule alone would take
    half of all pairs.

    Args:
        sites: int64, shape ``(K,)``; at least one, unique, ascending.
        shape: channels, rows and columns.
    """
    area = shape[1] * shape[2]
    several = sites[0] // area != sites[-1] // area
    *names, last = _OF_SEVERAL_CHANNELS if several else _OF_ONE_CHANNEL
    for name in names:
        if PATTERNS[name].belongs(sites, shape) and (name != "skip_2" or _steps_by_2(sites, area)):
            return name
    return last


def _steps_by_2(sites: np.ndarray, area: int) -> bool:
    positions = np.unique(sites % area)
    return bool(positions.size > 2 and (np.diff(positions) == 2).all())
