"""Prepares error models for a target and its golden tensor."""

from collections.abc import Mapping, Sequence

import numpy as np

from onnxfi.error_models import ErrorModel, Preparable, load
from onnxfi.errors import InputError
from onnxfi.graph import Target
from onnxfi.injector.user_code.checking import is_own, prepare_own

#: An error model; or its text, such as ``bitflip:bit=30``.
ErrorModelSpec = ErrorModel | str


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


def assign_error_models(
    error_model: ErrorModelSpec | Sequence[ErrorModelSpec], targets: Sequence[Target]
) -> dict[str, ErrorModel]:
    """Return the error model of each target by its tensor's name, prepared for the target.

    Args:
        error_model: one for all targets, or one for each of them; each an error model or its text.
        targets: the targets.

    Raises:
        InputError: the number of error models is not that of the targets.
        ErrorModelError: an error model is unknown, or cannot corrupt its target.
    """
    if isinstance(error_model, str) or not isinstance(error_model, Sequence):
        loaded = _loaded(error_model)
        return {x.tensor: prepare_error_model(loaded, x) for x in targets}
    if len(error_model) != len(targets):
        raise InputError(
            f"There must be one error model, or one for each of the {len(targets)} "
            f"targets, got {len(error_model)}."
        )
    pairs = zip(targets, map(_loaded, error_model), strict=True)
    return {x.tensor: prepare_error_model(y, x) for x, y in pairs}


def _loaded(said: ErrorModelSpec) -> ErrorModel:
    """Return an error model, which need only have `sample`: nothing here writes it to a file."""
    if isinstance(said, str | type) or not callable(getattr(said, "sample", None)):
        return load(said)
    return said


def prepare_for(
    error_models: Mapping[str, ErrorModel], goldens: Mapping[Target, np.ndarray]
) -> dict[str, ErrorModel]:
    """Return error models by tensor, some of them prepared for golden tensors.

    Args:
        error_models: the error model of each target, by its tensor's name.
        goldens: the golden tensors of the targets whose corruptions are all drawn from them.

    Raises:
        ErrorModelError: an error model cannot corrupt its golden tensor.
    """
    prepared = {
        x.tensor: prepare_error_model(error_models[x.tensor], x, y) for x, y in goldens.items()
    }
    return {**error_models, **prepared}
