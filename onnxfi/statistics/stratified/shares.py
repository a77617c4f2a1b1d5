"""Groups scored faults into strata."""

import numpy as np

# The shares of all faults that strata should have, from the highest scores down: in float32 one
# bit of 32 causes nearly all sdc. The last takes what is left.
#: The wanted share of each stratum, from the lowest scores to the highest; their sum is 1.
SHARES = (0.7, 0.15, 0.05, 0.025, 0.0125, 0.0125, 0.0125, 0.0125, 0.0125, 0.0125)


def group_scores(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Group faults by their scores; equal scores stay together.

    From the highest score down, a stratum is closed once it has the wanted share of the faults.

    Args:
        scores: shape ``(faults,)``: the score of each fault, ordered by danger; at least one.

    Returns:
        The stratum of each fault, int64 of shape ``(faults,)``, counted from the lowest scores; and
        the shares of the strata, float64.
    """
    values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    wanted = list(SHARES)
    stratum_of = np.zeros(values.size, dtype=np.int64)
    number, inside = 0, 0.0
    for place in range(values.size - 1, -1, -1):
        stratum_of[place] = number
        inside += counts[place] / scores.size
        if inside >= wanted[-1] - 1e-9 and len(wanted) > 1:
            wanted.pop()
            number, inside = number + 1, 0.0
    stratum_of = stratum_of.max() - stratum_of
    strata = stratum_of[inverse]
    return strata, np.bincount(strata) / scores.size
