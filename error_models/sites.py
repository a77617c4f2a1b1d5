"""Drawing injection sites."""

import numpy as np

from onnxfi.errors import ErrorModelError


def number_of_sites(golden: np.ndarray, count: int | None, fraction: float | None) -> int:
    """Give the number of sites that a count or a fraction asks for.

    Args:
        golden: the golden tensor; only its size counts.
        count: number of sites; None where ``fraction`` is given.
        fraction: share of the elements, which is rounded to the nearest number, at least 1.
    """
    return max(1, round((fraction or 0) * golden.size)) if count is None else count


def draw_sites(golden: np.ndarray, count: int, *, rng: np.random.Generator) -> np.ndarray:
    """Draw injection sites uniformly, without replacement.

    The cost grows with ``count``, not with the size of the tensor.

    Args:
        golden: the golden tensor; only its size counts.
        count: number of sites, at least 1.
        rng: the source of randomness.

    Returns:
        int64, shape ``(count,)``; unique flat indices in ascending order.

    Raises:
        ErrorModelError: the tensor has fewer elements than ``count``.
    """
    size = golden.size
    if count > size:
        raise ErrorModelError(
            f"count must not exceed the number of elements of the target, which has {size}, "
            f"got count={count}: lower it or choose another target"
        )
    if count == 1:
        return rng.integers(size, size=1)
    # Generator.choice is Floyd's algorithm here unless count is a good part of size.
    sites = rng.choice(size, size=count, replace=False, shuffle=False)
    sites.sort()
    return sites


def values_at(golden: np.ndarray, sites: np.ndarray) -> np.ndarray:
    """Give the golden values at flat C-order indices without copying the tensor.

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
