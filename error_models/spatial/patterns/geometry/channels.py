"""Draws and measures the corrupted channels of a pattern."""

from typing import Final

import numpy as np

from onnxfi.error_models.spatial.choices import draw_share
from onnxfi.error_models.spatial.patterns.geometry.spacing import draw_spaced
from onnxfi.error_models.spatial.patterns.pattern import AT_LEAST_1, Numbers, Parameters, percentage

CHANNEL_NUMBERS: Final[dict[str, Numbers]] = {
    "max_corrupted_channels": AT_LEAST_1,
    "min_channel_skip": AT_LEAST_1,
    "max_channel_skip": AT_LEAST_1,
}
CHANNEL_PERCENTAGES: Final = "affected_channels_pct"


def draw_channels(
    channels: int,
    parameters: Parameters,
    *,
    least: int,
    rng: np.random.Generator,
    most: int | None = None,
) -> np.ndarray:
    """Draw the corrupted channels.

    Their number is drawn from ``affected_channels_pct`` of all channels, and is at most
    ``max_corrupted_channels``. The distance from one to the next is drawn between
    ``min_channel_skip`` and ``max_channel_skip``; adjacent channels have a distance of 1. If the
    channels do not fit, their number is reduced first, and then the distances.

    Args:
        channels: number of channels of the tensor.
        parameters: the parameters named above.
        least: lower limit of the number, whatever the parameters; at most ``channels``.
        rng: the source of randomness.
        most: upper limit of the number, whatever the parameters.

    Returns:
        int64, shape ``(K,)``; ascending.
    """
    numbers = parameters.numbers
    skips = numbers["min_channel_skip"], numbers["max_channel_skip"]
    limit = min(numbers["max_corrupted_channels"], (channels - 1) // skips[0] + 1, most or channels)
    count = draw_share(
        parameters.percentages[CHANNEL_PERCENTAGES],
        channels,
        least=least,
        most=max(limit, least),
        rng=rng,
    )
    return draw_spaced(channels, count, skips, rng=rng)


def measure_channels(channels: int, sites: np.ndarray, area: int) -> Parameters:
    """Return the parameters of the corrupted channels; the skip is 1 if there is only one.

    Args:
        channels: number of channels of the tensor.
        sites: canonical sites, ascending.
        area: number of values of a channel.
    """
    corrupted = np.unique(sites // area)
    skips = np.diff(corrupted) if corrupted.size > 1 else np.ones(1)
    return Parameters(
        {
            "max_corrupted_channels": corrupted.size,
            "min_channel_skip": int(skips.min()),
            "max_channel_skip": int(skips.max()),
        },
        {CHANNEL_PERCENTAGES: percentage(corrupted.size, channels)},
    )
