"""Error models that depend on the target, or on its golden tensor."""

import numpy as np

from onnxfi.error_models import ErrorModel
from onnxfi.error_models.error_model import ForGolden, ForOperator, ForTensor
from onnxfi.graph import Target


def suit(error_model: ErrorModel, target: Target) -> ErrorModel:
    """Give the error model to draw with for a target.

    It is the one given, unless that has a ``for_operator`` (``spatial:model=auto`` does) or a
    ``for_tensor`` (one with a profile does).

    Raises:
        ErrorModelError: the error model has none for the operator that makes the target, or none
            for its tensor.
    """
    if isinstance(error_model, ForOperator):
        made_by = target.op_type if target.kind == "activation" else ""
        error_model = error_model.for_operator(made_by)
    if isinstance(error_model, ForTensor):
        error_model = error_model.for_tensor(target.tensor)
    return error_model


def suit_golden(error_model: ErrorModel, golden: np.ndarray) -> ErrorModel:
    """Give the error model to draw many corruptions of a golden tensor with.

    It draws the same as the one given, and has read the tensor where it must.
    """
    return error_model.for_golden(golden) if isinstance(error_model, ForGolden) else error_model
