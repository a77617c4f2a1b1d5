"""Exposes inner tensors of a model as graph outputs."""

from onnxfi.graph import Model, Targets, resolve_targets


def expose(model: Model, targets: Targets) -> Model:
    """Return the model with the targets' tensors as extra graph outputs, after its own.

    Args:
        model: the model; it is not changed.
        targets: a target, or its tensor, layer or node name; or any number of these.

    Raises:
        TargetNotFoundError: the model has no such target.
    """
    names = [x.tensor for x in resolve_targets(model, targets)]
    exposed = Model(model.ir_model.clone(), model.files)
    outputs = exposed.graph.outputs
    present = {value.name for value in outputs}
    for name in dict.fromkeys(names):
        if name not in present:
            outputs.append(exposed.values[name])
    return exposed
