"""Inlines the branches that constant inputs choose, unless a fault could choose another."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from onnxfi.graph import Model, Target, fold_conditions


def specialise(
    model: Model,
    constants: Mapping[str, np.ndarray],
    choose: Callable[[Model], Iterable[Target]],
) -> Model:
    """Return the model with the branches inlined that constant inputs choose.

    If a target is one of these inputs, or decides a condition, the model is returned unchanged: a
    fault there may choose another branch.

    Args:
        model: the model.
        constants: the constant inputs, by name.
        choose: returns the targets in a model.
    """
    folded = fold_conditions(model, constants)
    if folded is model:
        return model
    decides = {*constants, *(folded.unread_tensors - model.unread_tensors)}
    return model if any(x.tensor in decides for x in choose(folded)) else folded
