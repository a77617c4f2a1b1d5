"""What a fault did to the outputs."""

import itertools
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from onnxfi.injector.metrics import Metric

Outcome = Literal["masked", "benign", "sdc", "due"]
# NumPy's kinds of floats and complex numbers, and V: bfloat16 and float8 of ml_dtypes.
_WITH_NON_FINITE = "fcV"
OUTCOMES: tuple[Outcome, ...] = ("masked", "benign", "sdc", "due")


def decide_outcome(
    golden: Mapping[str, np.ndarray], faulty: Mapping[str, np.ndarray], metric: Metric
) -> Outcome:
    """Decide the outcome of an injection.

    **due**: a NaN or Inf in the outputs that the golden outputs do not have, or no outputs since
    the faulty execution failed; **masked**: all outputs bit-equal to golden; **sdc**: the metric
    says that the answer is wrong; **benign**: the outputs differ and the metric does not mind. In
    this order.

    Args:
        golden: the golden outputs by name.
        faulty: the faulty outputs by the same names; empty where the faulty execution failed.
        metric: says whether an answer is wrong.
    """
    if not faulty:
        return "due"
    # Bit-equal outputs have no new NaN, so the cheap and frequent answer may come first.
    if all(_bit_equal(golden[name], faulty[name]) for name in golden):
        return "masked"
    if any(_has_new_non_finite(golden[name], faulty[name]) for name in golden):
        return "due"
    return "sdc" if metric.is_wrong(golden, faulty) else "benign"


def _bit_equal(golden: Any, faulty: Any) -> bool:
    if golden is faulty:
        return True
    if isinstance(golden, list) and isinstance(faulty, list):  # sequences of tensors
        return len(golden) == len(faulty) and all(map(_bit_equal, golden, faulty))
    if golden is None or faulty is None:  # an optional without a value
        return False
    if golden.dtype == object:  # strings
        return bool(np.array_equal(golden, faulty))
    return bool(golden.shape == faulty.shape and golden.tobytes() == faulty.tobytes())


def _has_new_non_finite(golden: Any, faulty: Any) -> bool:
    if isinstance(golden, list) and isinstance(faulty, list):
        pairs = itertools.zip_longest(golden, faulty)
        return any(_has_new_non_finite(*pair) for pair in pairs)
    if faulty is None:
        return False
    if golden is None:
        golden = np.zeros(0, faulty.dtype)
    if faulty.dtype.kind not in _WITH_NON_FINITE:
        return False
    finite = np.isfinite(faulty)
    if finite.all():
        return False
    if golden.shape != faulty.shape:
        return True
    return bool(np.any(np.isfinite(golden) & ~finite))
