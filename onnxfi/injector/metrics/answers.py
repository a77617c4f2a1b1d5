"""Reads the tensors of an answer from a model's outputs."""

import numpy as np

from onnxfi.error_models.values import to_float64
from onnxfi.errors import InputError
from onnxfi.injector.metrics.metric import Outputs


def pick_tensor(outputs: Outputs, name: str | None) -> np.ndarray:
    """Return an output that holds numbers.

    Args:
        outputs: the outputs of a model.
        name: name of the output; None means the output that `first_scores` names.

    Raises:
        InputError: there is no output of this name, or it is not a tensor of numbers.
    """
    name = first_scores(outputs) if name is None else name
    if name not in outputs:
        raise InputError(f"The metric's output must be one of {', '.join(outputs)}, got {name!r}.")
    tensor = outputs[name]
    dtype = getattr(tensor, "dtype", None)
    if dtype is None or dtype.hasobject:  # a sequence of tensors, or texts
        raise InputError(
            f"The metric's output must be a tensor of numbers, and {name!r} is not. Choose "
            "another output of the model."
        )
    return tensor


def first_scores(outputs: Outputs) -> str:
    """Return the name of the first output, or of the scores if the first output holds labels.

    Classifiers of scikit-learn give labels, a vector of integers or texts, before the scores, which
    are floating-point numbers.
    """
    first, *others = outputs
    if _is_labels(outputs[first]):
        for name in others:
            if getattr(outputs[name], "ndim", 0) > 1 and outputs[name].dtype.kind == "f":
                return name
    return first


def _is_labels(output: object) -> bool:
    return isinstance(output, np.ndarray) and output.ndim == 1 and output.dtype.kind in "iuOUS"


def by_sample(tensor: np.ndarray) -> np.ndarray:
    """Return a tensor of shape (samples, values); a vector is one sample."""
    samples = tensor.shape[0] if tensor.ndim > 1 else 1
    return tensor.reshape(samples, tensor.size // max(1, samples))


def best_classes(scores: np.ndarray, axis: int) -> np.ndarray:
    """Return the classes with the highest scores along an axis.

    A NaN never wins, the lower of equal scores' classes does, and a single score is class 1 above
    0.5.
    """
    if not scores.size:
        return np.zeros((*scores.shape[:axis], *scores.shape[axis + 1 :]), np.int64)
    if scores.shape[axis] == 1:
        return (to_float64(scores) > 0.5).astype(np.int64).squeeze(axis)
    if scores.dtype.kind != "f":  # bfloat16 and the like
        scores = to_float64(scores)
    unknown = np.isnan(scores)
    if unknown.any():
        scores = np.where(unknown, -np.inf, scores)
    return np.asarray(scores.argmax(axis=axis))
