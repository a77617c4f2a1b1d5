"""Decides the outcome of an injection from the outputs."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from onnxfi.injector.metrics import Metric, Outputs, are_wrong, in_parts

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
    from onnxfi.suffix import same_bits  # imports ONNX Runtime, which statistics do not need

    if not faulty:
        return "due"
    # Bit-equal outputs have no new NaN, so the cheap and frequent answer may come first.
    if all(same_bits(golden[name], faulty[name]) for name in golden):
        return "masked"
    if any(_has_new_non_finite(golden[name], faulty[name]) for name in golden):
        return "due"
    return "sdc" if metric.is_wrong(golden, faulty) else "benign"


def decide_outcomes(golden: Outputs, faulty: Sequence[Outputs], metric: Metric) -> list[Outcome]:
    """Decide the outcomes of several injections, as `decide_outcome` does of each.

    Those that have the golden outputs themselves are masked.
    """
    outcomes: list[Outcome] = ["masked"] * len(faulty)
    asked = [i for i, x in enumerate(faulty) if x is not golden]
    others = [faulty[i] for i in asked]
    decided = (x for part in in_parts(golden, others) for x in _decide_part(golden, part, metric))
    for i, outcome in zip(asked, decided, strict=True):
        outcomes[i] = outcome
    return outcomes


def _decide_part(golden: Outputs, faulty: Sequence[Outputs], metric: Metric) -> list[Outcome]:
    after = {name: [x.get(name) for x in faulty] for name in golden}
    if len(faulty) == 1 or not all(_are_like(after[name], golden[name]) for name in golden):
        return [decide_outcome(golden, x, metric) for x in faulty]
    differ, due = np.zeros(len(faulty), bool), np.zeros(len(faulty), bool)
    for name, before in golden.items():
        if not all(x is before for x in after[name]):
            together = np.array(after[name]).reshape(len(faulty), -1)
            differ |= _bits_differ(together, before)
            due |= _have_new_non_finite(together, before)
    asked = np.flatnonzero(differ & ~due).tolist()
    wrong = dict(zip(asked, are_wrong(metric, golden, [faulty[i] for i in asked]), strict=True))
    return [
        "due" if due[i] else "masked" if not differ[i] else "sdc" if wrong[i] else "benign"
        for i in range(len(faulty))
    ]


def _are_like(faulty: Sequence[Any], golden: Any) -> bool:
    """Return whether all are tensors of numbers that NumPy knows, of one shape."""
    if not isinstance(golden, np.ndarray) or golden.dtype.kind not in "biufc" or not golden.size:
        return False
    return all(
        x is golden
        or (isinstance(x, np.ndarray) and x.shape == golden.shape and x.dtype == golden.dtype)
        for x in faulty
    )


def _bits_differ(faulty: np.ndarray, golden: np.ndarray) -> np.ndarray:
    """Return which rows of faulty values (N, K) differ from the golden ones in any bit."""
    rows = faulty.view(np.uint8)
    return np.asarray((rows != golden.reshape(1, -1).view(np.uint8)).any(axis=1))


def _have_new_non_finite(faulty: np.ndarray, golden: np.ndarray) -> np.ndarray:
    """Return which rows of faulty values (N, K) have a NaN or Inf where the golden ones do not."""
    if faulty.dtype.kind not in _WITH_NON_FINITE:
        return np.zeros(len(faulty), bool)
    return np.asarray((np.isfinite(golden).reshape(1, -1) & ~np.isfinite(faulty)).any(axis=1))


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
