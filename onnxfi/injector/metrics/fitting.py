"""Finds the metric that fits the outputs of a model."""

import logging
from typing import Any

import numpy as np

from onnxfi.errors import InputError
from onnxfi.injector.metrics.answers import first_scores
from onnxfi.injector.metrics.metric import Outputs

_logger = logging.getLogger("onnxfi")
# Tokens are int64; the scores of quantised classifiers have fewer bytes.
_TOKEN_BYTES = 8


def has_several_class_axes(answer: np.ndarray) -> bool:
    """Return whether more than one axis besides the samples has a length other than 1."""
    return _inner_axes(answer) > 1


def fitting_metric(answer: np.ndarray) -> str:
    """Return the name of the metric that fits the shape and dtype of an output.

    It is classification for one axis besides the samples, not counting axes of length 1, unless the
    output may hold tokens: int64 with an axis besides the samples.
    """
    inner, may_be_tokens = _inner_axes(answer), _may_be_tokens(answer)
    if inner <= (0 if may_be_tokens else 1):
        return "classification"
    return "sequence" if answer.ndim < (3 if may_be_tokens else 4) else "segmentation"


def unfit_for_classification(name: str, answer: np.ndarray) -> InputError:
    """Return the error for an output that classification does not fit; it names metrics that do."""
    fitting = fitting_metric(answer)
    meanings = {
        "sequence": "sequence (a class or a token at each step)",
        "segmentation": "segmentation (a class for each pixel)",
        "detection": "detection (boxes)",
        "regression": "regression (numbers)",
    }
    if not has_several_class_axes(answer):
        meanings["classification"] = "classification (the highest number is the class)"
    first = meanings.pop(fitting)
    return InputError(
        f"The output {name!r} is {answer.dtype} of the shape {answer.shape}, and the metric "
        f"classification needs scores of the shape (N, classes). Choose the metric {first}; or "
        f"{', '.join(meanings.values())}. Write `--metric {fitting}`, or `metric: {{name: "
        f"{fitting}}}` in a campaign."
    )


def check_default(golden: Outputs, output: str | None) -> None:
    """Check that classification fits, if no metric was chosen.

    Args:
        golden: the golden outputs.
        output: the output that was chosen, if any.

    Raises:
        InputError: another metric fits; the message names it.
    """
    name = first_scores(golden) if output is None else output
    answer: Any = golden.get(name)
    if isinstance(answer, np.ndarray) and fitting_metric(answer) != "classification":
        raise unfit_for_classification(name, answer)


def default_metric_name(golden: Outputs) -> str:
    """Return the metric to use if none was chosen, and warn if it is not classification."""
    name = first_scores(golden)
    answer: Any = golden[name]
    if not isinstance(answer, np.ndarray):
        return "classification"
    fitting = fitting_metric(answer)
    if fitting != "classification":
        _logger.warning(
            "The metric classification does not fit the output %s (%s of the shape %s). %s decides "
            "instead, because no metric was chosen.",
            name,
            answer.dtype,
            answer.shape,
            fitting.capitalize(),
        )
    return fitting


def choose_metric(golden: Outputs) -> tuple[str, str]:
    """Return the output that holds the answer, and the name of the metric that fits it.

    A single number beyond 0 and 1 is no score, so regression fits it.
    """
    name = first_scores(golden)
    answer: Any = golden[name]
    if not isinstance(answer, np.ndarray) or answer.dtype.hasobject:
        return name, "classification"
    fitting = fitting_metric(answer)
    if fitting == "classification" and answer.dtype.kind == "f" and answer.size:
        single = answer.ndim < 2 or answer.size == answer.shape[0]
        if single and (answer.min() < 0 or answer.max() > 1):
            return name, "regression"
    return name, fitting


def _inner_axes(answer: np.ndarray) -> int:
    return sum(x != 1 for x in answer.shape[1:])


def _may_be_tokens(answer: np.ndarray) -> bool:
    return answer.dtype.kind in "iu" and answer.dtype.itemsize == _TOKEN_BYTES
