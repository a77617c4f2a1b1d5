"""Recognises the spatial pattern of given sites."""

from typing import Final

import numpy as np

from onnxfi.error_models.spatial.patterns import PATTERNS, Shape

# Sites may have several patterns; the first one is used. This is the order of CLASSES, with two
# more patterns: same_column before skip_4, which would match columns of maps whose width is a
# multiple of 4, and skip_2 before the last resort.
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
    """Return the name of the spatial pattern of canonical sites.

    skip_2 needs three positions or more, exactly 2 apart: its rule alone would match half of all
    pairs.

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
