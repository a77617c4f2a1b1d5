"""Defines a row of the layer table: all that the native route knows about a class of layer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from onnxfi.converters.options.known import KnownOptions, operation_options
from onnxfi.converters.translation.layer_call import Translation, WeightRoles
from onnxfi.converters.translation.weight_roles import no_weights


class MaskRule(Enum):
    """The Keras mask of a layer's output, given the Keras masks of its inputs.

    A translation that returns masks of its own overrides the rule.
    """

    LOST = auto()
    """The output has no Keras mask."""
    PASSED = auto()
    """The output has the Keras mask of the first input."""
    SHARED = auto()
    """The layer returns its input tensor, so input and output share one Keras mask."""
    TAKEN = auto()
    """The inputs lose their Keras masks, and the output has none."""
    REFUSED = auto()
    """The layer computes with the Keras mask, which its translation does not."""
    MERGED = auto()
    """The Keras masks of all inputs are combined element by element."""
    CONCATENATED = auto()
    """The Keras masks are concatenated along the time axis, as the inputs are."""


class InputCast(Enum):
    """The inputs that are cast to the type of a layer's dtype policy."""

    FLOATS = auto()
    """Floating-point inputs."""
    ALL = auto()
    """All inputs, such as the whole numbers of an image."""
    NONE = auto()
    """No input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerKind:
    """A class of layer.

    Attributes:
        translate: translates one call of the layer.
        options: the options that the class can have.
        weights: returns the weights that a layer owns, in the order of the file.
        arguments: keyword arguments that a call may pass, besides the Keras mask.
        any_type: whether the inputs may be of other types than floating-point numbers.
        cast: the inputs that are cast to the type of the dtype policy.
        float32_inside: whether the layer computes in float32 under every dtype policy.
        own_data_format: whether the translation handles ``channels_first`` itself.
        mask: the Keras mask of the output.
        mask_in_keras_2: the same in Keras 2, where it differs.
        operation: whether it is an operation or a function: it has no dtype policy, and its
            translation checks its own arguments.
    """

    translate: Translation
    options: KnownOptions
    weights: WeightRoles = no_weights
    arguments: tuple[str, ...] = ()
    any_type: bool = False
    cast: InputCast = InputCast.FLOATS
    float32_inside: bool = False
    own_data_format: bool = False
    mask: MaskRule = MaskRule.LOST
    mask_in_keras_2: MaskRule | None = None
    operation: bool = False

    def mask_rule(self, keras_major: int) -> MaskRule:
        """Return the rule for the Keras mask of the output in a version of Keras."""
        if keras_major == 2 and self.mask_in_keras_2 is not None:
            return self.mask_in_keras_2
        return self.mask


def operation(
    translate: Translation, *read: str, fixed: Mapping[str, Any] | None = None
) -> LayerKind:
    """Return the row of an operation of Keras 3.

    Args:
        translate: translates one call of the operation.
        read: options that the translation reads.
        fixed: options with a single supported value.
    """
    options = operation_options(*read, fixed=fixed)
    return LayerKind(
        translate=translate, options=options, cast=InputCast.NONE, any_type=True, operation=True
    )


def over_axes(name: str, kind: LayerKind, axes: Iterable[int] = (1, 2, 3)) -> dict[str, LayerKind]:
    """Return rows of one kind for classes such as ``Conv1D``, ``Conv2D`` and ``Conv3D``.

    Args:
        name: class name with ``{}`` in place of ``1D``.
        kind: the row that the classes share.
        axes: numbers of axes that a class exists for.
    """
    return {name.format(f"{count}D"): kind for count in axes}


def rows(names: str, kind: LayerKind) -> dict[str, LayerKind]:
    """Return rows of one kind for several classes, given as words of one string."""
    return dict.fromkeys(names.split(), kind)
