"""Which targets."""

from onnxfi.campaign.configuration.error_model_entry import ErrorModelEntry
from onnxfi.campaign.configuration.section import Section
from onnxfi.graph import TargetKind


class Targets(Section):
    """Which targets: those that satisfy all that is said.

    Attributes:
        kind: kind of the targets; None for activations, or whatever the named tensors are.
        ops: ONNX operator types, such as ``Conv``; of a weight or an input, those that read it.
        layers: patterns of layer paths, such as ``conv*``.
        tensors: names of single targets: a tensor, a layer or a node each.
    """

    kind: TargetKind | None = None
    ops: tuple[str, ...] | None = None
    layers: tuple[str, ...] | None = None
    tensors: tuple[str, ...] | None = None


class TargetsTogether(Targets):
    """Targets that an injection hits together with those of the other entries in the list.

    Attributes:
        error_model: error model of these targets; None takes the campaign's.
    """

    error_model: ErrorModelEntry | None = None
