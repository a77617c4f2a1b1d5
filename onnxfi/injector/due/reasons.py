"""Finds why injections are due."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from onnxfi.injector.outcome import Outcome

if TYPE_CHECKING:
    from onnxfi.suffix import Failure  # imports ONNX Runtime, which statistics do not need

DueReason = Literal["nan", "inf", "refused", "timeout", "memory"]
#: In the order to show.
DUE_REASONS: tuple[DueReason, ...] = ("nan", "inf", "refused", "timeout", "memory")


def due_reasons(
    golden: Mapping[str, np.ndarray],
    faulty: Sequence[Mapping[str, np.ndarray]],
    outcomes: Sequence[Outcome],
    failures: "Mapping[int, Failure]",
) -> list[DueReason | None]:
    """Return why each injection is due; None where it is not.

    A NaN counts before an Inf, wherever in the outputs they are: most often one makes the other.

    Args:
        golden: the golden outputs by name.
        faulty: the faulty outputs of each injection.
        outcomes: the outcome of each.
        failures: why executions failed, by the places of their injections.
    """
    reasons: list[DueReason | None] = [None] * len(outcomes)
    if "due" in outcomes:
        for place, outcome in enumerate(outcomes):
            if outcome == "due":
                reasons[place] = failures.get(place) or _of_outputs(golden, faulty[place])
    return reasons


def _of_outputs(
    golden: Mapping[str, np.ndarray], faulty: Mapping[str, np.ndarray]
) -> Literal["nan", "inf"]:
    pairs = ((before, faulty[name]) for name, before in golden.items())
    return "nan" if any(_has_new_nan(*pair) for pair in pairs) else "inf"


def _has_new_nan(golden: Any, faulty: Any) -> bool:
    if golden is faulty or faulty is None:
        return False
    if isinstance(faulty, list):  # a sequence of tensors
        known = golden if isinstance(golden, list) else []
        paired = [*known[: len(faulty)], *[None] * (len(faulty) - len(known))]
        return any(map(_has_new_nan, paired, faulty))
    if faulty.dtype.kind not in "fcV":  # V: the floats of ml_dtypes, and their whole numbers
        return False
    nan = np.isnan(faulty)
    if golden is None or golden.shape != faulty.shape:
        return bool(nan.any())
    return bool((nan & np.isfinite(golden)).any())
