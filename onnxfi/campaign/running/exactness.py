"""Checks that an input has the same golden answer behind every target.

The answer is the output of the whole model without merged nodes. Suffixes run optimised, so golden
outputs may differ from the answer in the last bits.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from onnxfi.errors import ExactnessError
from onnxfi.injector import Golden, relative_distance

#: The largest differences that count as rounding. For floats, relative to the largest magnitude of
#: the answer; otherwise the share of elements that differ. Rounding errors of float32 add up to
#: about 1e-5 in networks of a hundred layers; CUDA multiplies float32 with 10 bits (TF32).
TOLERANCES: Final[Mapping[str, float]] = {
    "float64": 1e-9,
    "float32": 1e-3,
    "float16": 1e-2,
    "bfloat16": 8e-2,
    "other": 1e-2,
}


def check_answer(golden: Golden, target: str) -> float:
    """Return the largest difference between the golden outputs and the answer.

    Args:
        golden: a golden run.
        target: name of its target, for the message.

    Raises:
        ExactnessError: an output differs by more than its tolerance.
    """
    largest = 0.0
    for name, answer in golden.answer.items():
        outputs = golden.outputs[name]
        if outputs is answer or not isinstance(answer, np.ndarray):
            continue
        differs = _difference(answer, outputs)
        tolerance = TOLERANCES.get(answer.dtype.name, TOLERANCES["other"])
        if not differs <= tolerance:
            raise ExactnessError(
                f"Behind the target {target!r}, the golden output {name!r} differs from the whole "
                f"model's by {differs:.3g}; the tolerance for {answer.dtype.name} is "
                f"{tolerance:.3g}. ONNX Runtime computes this suffix differently. Leave the target "
                "out (`targets: {exclude: …}`)."
            )
        largest = max(largest, differs)
    return largest


def _difference(answer: np.ndarray, outputs: Any) -> float:
    if not isinstance(outputs, np.ndarray) or answer.shape != outputs.shape:
        return float("inf")
    if answer.dtype.kind not in "fV":
        return float(np.mean(answer != outputs)) if answer.size else 0.0
    return relative_distance(answer, outputs)
