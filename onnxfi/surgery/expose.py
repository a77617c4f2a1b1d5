"""Making inner tensors of a model visible as graph outputs."""

from collections.abc import Iterable

from onnxfi.graph import Model, Target


def expose(model: Model, targets: Iterable[Target | str]) -> Model:
    """Return the model with the targets' tensors as extra graph outputs, after its own.

    Raises:
        TargetNotFoundError: the model has no such target.
    """
    names = [x.tensor if isinstance(x, Target) else model.target(x).tensor for x in targets]
    exposed = Model(model.ir_model.clone(), model.files)
    outputs = exposed.graph.outputs
    present = {value.name for value in outputs}
    for name in dict.fromkeys(names):
        if name not in present:
            outputs.append(exposed.values[name])
    return exposed
