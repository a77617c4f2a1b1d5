"""Prepares error models for a target and its golden tensor."""

import numpy as np

from onnxfi.error_models import ErrorModel, Preparable
from onnxfi.graph import Target
from onnxfi.injector.user_code import is_own, prepare_own


def prepare_error_model(
    error_model: ErrorModel, target: Target, golden: np.ndarray | None = None
) -> ErrorModel:
    """Return the error model that draws the corruptions of a target.

    An error model without ``prepare`` is returned as it is.

    Args:
        error_model: the error model, which may be prepared for the target already.
        target: the target.
        golden: the golden tensor, if all corruptions are drawn from the same one.

    Raises:
        ErrorModelError: the error model cannot corrupt this target, or its ``prepare`` fails.
    """
    if not isinstance(error_model, Preparable):
        return error_model
    if is_own(error_model):
        return prepare_own(error_model, target, golden)
    return error_model.prepare(target, golden)
