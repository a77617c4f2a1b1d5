"""Specialises a model to inputs that never change."""

from collections.abc import Mapping

import numpy as np

from onnxfi.graph.model import Model
from onnxfi.graph.preparation.known_branches import inline_known_branches
from onnxfi.graph.preparation.type_inference import infer_types


def fold_conditions(model: Model, constants: Mapping[str, np.ndarray]) -> Model:
    """Return the model with the branches inlined that constant inputs choose.

    The inputs stay inputs. The conditions are no longer read, so a fault in them changes nothing in
    the new model.

    Args:
        model: the model; it is not changed, and is returned if no branch is chosen.
        constants: the values of some of its inputs, by name.
    """
    if not any(node.op_type == "If" for node in model.graph):
        return model
    folded = model.ir_model.clone()
    if not inline_known_branches(folded, constants):
        return model
    infer_types(folded)
    return Model(folded, model.files, deciding=model.deciding)
