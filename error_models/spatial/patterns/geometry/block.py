"""Blocks: runs of 16, 32 or 64 values that are more than half corrupted."""

from functools import lru_cache
from typing import Final

import numpy as np

BLOCK_SIZES: Final = (16, 32, 64)


def room_for_block(length: int) -> bool:
    """Return whether more than half of the smallest block fits into a line."""
    return length > BLOCK_SIZES[0] // 2


@lru_cache(maxsize=256)
def fitting_block(size: int, length: int) -> tuple[int, int]:
    """Return the block size that fits a line, and the number of values that the block covers.

    Args:
        size: the wanted block size.
        length: number of positions in the line, which must have room for a block.

    Returns:
        The wanted size or the largest smaller one that fits, and the minimum of it and ``length``:
        a line shorter than the smallest block is covered completely.
    """
    fitting = [each for each in BLOCK_SIZES if each <= min(size, length)]
    chosen = max(fitting, default=BLOCK_SIZES[0])
    return chosen, min(chosen, length)


def block_size_of(positions: np.ndarray) -> int | None:
    """Return the size of the block that ascending positions form; None if they form none.

    The positions span at most the size, and are more than half as many.
    """
    span = positions[-1] - positions[0] + 1
    for size in BLOCK_SIZES:
        if span <= size and positions.size > size // 2:
            return size
    return None
