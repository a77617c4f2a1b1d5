"""Which inputs and which targets."""

from pathlib import Path

from pydantic import Field

from onnxfi.campaign.configuration.error_model_entry import ErrorModelEntry
from onnxfi.campaign.configuration.section import Section
from onnxfi.graph import TargetKind


class Inputs(Section):
    """Where the input tensors come from.

    Attributes:
        file: an .npz file.
        tensors: name of the array in the file, for each graph input. By default the arrays have the
            names of the graph inputs; a model with one input also takes the only one that fits.
        labels: name of the array with the right class of each input; None without labels.
        limit: take only so many inputs, from the front.
    """

    file: Path
    tensors: dict[str, str] | None = None
    labels: str | None = None
    limit: int | None = Field(default=None, ge=1)


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
