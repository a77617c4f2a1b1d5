"""The random generator of an injection."""

import numpy as np


def injection_rng(seed: int, injection_id: int) -> np.random.Generator:
    """Return the generator that an injection draws from.

    It depends on the two numbers alone, so that an injection is the same in any order, lane,
    worker, process or machine.

    Args:
        seed: seed of the campaign, at least 0.
        injection_id: id of the injection in the campaign, at least 0.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(injection_id,)))
