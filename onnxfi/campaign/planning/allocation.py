"""Allocates the faults of a campaign to its strata."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

# No injection has this number, so the generator of the allocation is independent of theirs.
_ALLOCATION_KEY = 2**64


def allocate_faults(total: int, sizes: Sequence[int], *, how: str, seed: int) -> list[int]:
    """Return the number of faults of each stratum.

    Args:
        total: number of faults of the campaign.
        sizes: weight of each stratum; if all are 0, all strata count alike.
        how: ``per_target`` shares evenly. ``proportional`` shares in proportion to the sizes, with
            at least one fault each. ``uniform`` draws the stratum of each fault in proportion to
            the sizes.
        seed: seed of the campaign; only ``uniform`` draws.
    """
    if not any(sizes):
        sizes = [1] * len(sizes)
    if how == "uniform":
        sequence = np.random.SeedSequence(seed, spawn_key=(_ALLOCATION_KEY,))
        shares = np.array(sizes) / sum(sizes)
        drawn = np.random.default_rng(sequence).multinomial(total, shares)
        return [int(x) for x in drawn]
    if how == "per_target":
        return _round_to(total, [Fraction(total, len(sizes))] * len(sizes))
    exact = [Fraction(total * size, sum(sizes)) for size in sizes]
    return [max(1, x) for x in _round_to(total, exact)]


def _round_to(total: int, exact: Sequence[Fraction]) -> list[int]:
    """Round to whole numbers of the given sum: the largest remainders are rounded up."""
    whole = [int(x) for x in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    for i in by_remainder[: total - sum(whole)]:
        whole[i] += 1
    return whole
