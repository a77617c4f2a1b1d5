"""Blocks: stretches of 16, 32 or 64 values that are more than half corrupted."""

from functools import lru_cache
from typing import Final

import numpy as np

BLOCK_SIZES: Final = (16, 32, 64)


def room_for_block(length: int) -> bool:
    """Tell whether more than half of the smallest block fits into a line."""
    return length > BLOCK_SIZES[0] // 2


@lru_cache(maxsize=256)
def fitting_block(size: int, length: int) -> tuple[int, int]:
    """Give the block size that a line has room for, and how many values the block may cover.

    Args:
        size: the block size asked for.
        length: number of positions in the line; there must be room for a block.

    Returns:
        The size asked for or the largest below that fits, and the smaller of it and ``length``:
        a line shorter than the smallest block is covered as a whole.
    """
    fitting = [each for each in BLOCK_SIZES if each <= min(size, length)]
    chosen = max(fitting, default=BLOCK_SIZES[0])
    return chosen, min(chosen, length)


def block_size_of(positions: np.ndarray) -> int | None:
    """Give the size of the block that ascending positions are, or None if they are none.

    A block spans at most its size, and more than half of that many positions are in it.
    """
    span = positions[-1] - positions[0] + 1
    for size in BLOCK_SIZES:
        if span <= size and positions.size > size // 2:
            return size
    return None
