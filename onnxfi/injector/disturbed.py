"""Values like golden ones, to try things on."""

from typing import Any

import numpy as np


def disturbed(value: Any, rng: np.random.Generator) -> Any:
    """Return an array of floats with each element moved by up to a half; the rest as it is."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    return np.asarray(value * rng.uniform(0.5, 1.5, value.shape), value.dtype)
