"""Decides from fault-free runs how far sums of floating-point numbers may be apart."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.hardening.checksums import Threshold, set_limit
from onnxfi.hardening.fitting_inputs import fingerprint
from onnxfi.runtime import Session
from onnxfi.surgery import expose

# Other kernels sum in another order, with other rounding errors.
_FACTOR = 2.0


def set_thresholds(
    model: Model,
    thresholds: Sequence[Threshold],
    inputs: Iterable[Mapping[str, np.ndarray]],
    *,
    false_alarms: float,
) -> list[str]:
    """Set thresholds such that few fault-free inferences raise any alarm.

    Each residual is divided by its median over the inputs, and the largest of an input counts. The
    k-th largest of N inputs is exceeded with probability k / (N + 1) by a further one that is like
    them, whatever the distribution; the thresholds are twice that, for other kernels.

    Args:
        model: the model with its checks.
        thresholds: the thresholds to set.
        inputs: fault-free inputs, each with an array per graph input.
        false_alarms: the largest probability of an alarm in a fault-free inference.

    Returns:
        The fingerprints of the inputs.

    Raises:
        InputError: there are too few inputs, or a residual is not finite without a fault.
    """
    session = Session(expose(model, [x.residual for x in thresholds]))
    rows, fingerprints = [], []
    for feeds in inputs:
        fingerprints.append(fingerprint(feeds))
        values = session.run(feeds)
        rows.append([_largest(values[x.residual], x.residual) for x in thresholds])
    wanted = math.floor(false_alarms * (len(rows) + 1))
    if wanted < 1:
        raise InputError(
            f"Thresholds for {false_alarms:g} false alarms per inference need at least "
            f"{math.ceil(1 / false_alarms) - 1} inputs without faults, got {len(rows)}. Give more "
            "inputs, or allow more false alarms."
        )
    found = np.array(rows)
    typical = np.median(found, axis=0)
    # Where most sums agree exactly, the others tell how large an error is.
    typical = np.where(typical > 0, typical, found.max(axis=0))
    relative = (found / np.where(typical > 0, typical, 1.0)).max(axis=1)
    limit = float(np.sort(relative)[-wanted])
    for threshold, each in zip(thresholds, typical.tolist(), strict=True):
        set_limit(threshold, _FACTOR * limit * each)
    return fingerprints


def _largest(residual: np.ndarray, name: str) -> float:
    largest = float(residual.max(initial=0.0))
    if not math.isfinite(largest):
        raise InputError(
            f"Sums must be finite without a fault, and those of {name!r} are not. Leave its "
            "operator out, or give other inputs."
        )
    return largest
