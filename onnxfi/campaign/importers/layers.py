"""Translates the targets of a TensorFI2 file: ``Target``, ``FIMode`` and the layer's name."""

from collections.abc import Sequence
from dataclasses import dataclass

from onnxfi.campaign.importers.document import Document
from onnxfi.graph import Model, Target

LAYER_KEYS = ("FIMode", "LayerName", "LayerInstanceNumber")

# Inputs of operators, by position, that are not trained by gradient: the running statistics of a
# batch normalisation, the scales of a resizing.
_UNTRAINED = {
    *(("BatchNormalization", 3), ("BatchNormalization", 4)),
    *(("Resize", 1), ("Resize", 2), ("Upsample", 1)),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The targets of a file.

    Attributes:
        targets: the targets, in the model's order.
        notes: notes on ambiguous settings.
    """

    targets: list[Target]
    notes: tuple[str, ...] = ()


def choose(said: Document, model: Model) -> Choice:
    """Choose the targets of a file in a model.

    Raises:
        ConfigurationError: there are none.
    """
    if said.values["Target"] == "layer_states":
        choice = _layer_states(model)
        if not choice.targets:
            raise said.wrong("Target", "layer_outputs for a model without weights")
        return choice
    choice = _layer_outputs(model)
    if not choice.targets:
        raise said.wrong("Target", "layer_states for a model of one layer")
    if any_layer(said):
        return choice
    part = said.text("LayerName", "part of a layer's name, unless FIMode is random").lower()
    matching = [target for target in choice.targets if part in _name_of(target)]
    if not matching:
        names = ", ".join(_name_of(target) for target in choice.targets)
        raise said.wrong("LayerName", f"part of a layer's name ({names})")
    if said.values["Mode"] == "single":
        rule = f"from 1 to {len(matching)}: which of the layers with {part} in their names"
        number = said.integer("LayerInstanceNumber", rule, low=1, high=len(matching))
        matching = matching[number - 1 : number]
    return Choice(matching, choice.notes)


def any_layer(said: Document) -> bool:
    """Return whether a file draws the layer at random."""
    return str(said.values.get("FIMode", "random")).lower() == "random"


def _layer_states(model: Model) -> Choice:
    weights = model.targets(kind="weight")
    trainable = [target for target in weights if _is_trainable(model, target)]
    others = [target for target in weights if target not in trainable]
    if not others:
        return Choice(trainable)
    note = f"Target: layer_states means trainable variables; {listed(others)} are not trainable."
    return Choice(trainable, (note,))


def _is_trainable(model: Model, target: Target) -> bool:
    value = model.values[target.tensor]
    node = value.producer()
    return (
        target.shape != ()
        and (node is None or node.op_type == "Constant")
        and any((node.op_type, position) not in _UNTRAINED for node, position in value.uses())
    )


def _layer_outputs(model: Model) -> Choice:
    outputs = {value.name for value in model.graph.outputs}
    floats = {
        target.tensor: target
        for target in model.targets(kind="activation")
        if target.dtype.kind not in "biuc"  # bfloat16 and float8 are of a kind of their own
    }
    if model.layers:
        *layers, last = model.layers
        tensors = dict.fromkeys(x.tensor for x in layers if x.tensor != last.tensor)
        note = (
            f"Target: layer_outputs means every layer except the last in TensorFI2: {last.path!r} "
            "is not a target."
        )
    else:
        tensors = dict.fromkeys(name for name in floats if name not in outputs)
        note = (
            "Target: layer_outputs means the outputs of all nodes except the model's last, because "
            "the model has no layer map (models converted from Keras have one)."
        )
    return Choice([floats[name] for name in tensors if name in floats], (note,))


def _name_of(target: Target) -> str:
    return target.layer or target.tensor


def listed(targets: Sequence[Target]) -> str:
    """Return the names of targets, separated by commas."""
    return ", ".join(repr(target.tensor) for target in targets)
