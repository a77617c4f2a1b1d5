"""Helpers to test metrics: numbers of all kinds, and comparisons that know NaN."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

#: Zeros of both signs, ordinary numbers, a huge one, infinities and NaN.
ODD = st.sampled_from([0.0, -0.0, 1.0, 2.5, -3.0, 1e30, math.inf, -math.inf, math.nan])


def outputs(array: Any, name: str = "y") -> dict[str, np.ndarray]:
    """Return an array as the only output of a model."""
    return {name: np.asarray(array)}


def same(found: Any, expected: Any) -> bool:
    """Return whether two columns are equal but for rounding; NaN equals NaN, and None None."""
    return found == pytest.approx(expected, nan_ok=True) if expected is not None else found is None
