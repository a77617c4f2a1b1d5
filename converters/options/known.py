"""Describes the options that a class of layer or operation can have.

Every option is one of three kinds. The translation reads it; or the translation supports one value
and refuses the others; or it changes nothing outside training, for a reason that is written down.
Any other option is refused unless it is null.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class KnownOptions:
    """The options of one class.

    Attributes:
        read: options that the translation reads.
        fixed: options with a single supported value; null counts as that value.
        idle: options that do not affect inference, with the reasons.
    """

    read: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    idle: Mapping[str, str] = field(default_factory=dict)


_READ_EVERYWHERE = ("dtype", "name")
_IDLE_EVERYWHERE = {
    "batch_input_shape": "gives a Sequential the shape of its input; other tensors have theirs",
    "batch_shape": "gives the input of a model its shape",
    "trainable": "selects what training changes; only the order of stored weights follows it",
}

IDLE_ENDINGS: Mapping[str, str] = {
    "_constraint": "changes weights after a step of training",
    "_initializer": "sets weights before training; the file has the trained ones",
    "_regularizer": "adds to the loss in training",
}
"""Endings of options that no class needs for inference, with the reasons."""

IN_TRAINING = "drops values, or adds noise, in training only"
SEED = "seeds the random numbers of training"
STATISTICS = "affects the statistics that training gathers"
SAME_NUMBERS = "selects one of several ways to compute the same numbers"
KNOWN_SHAPE = "repeats a shape that the tensors have"
OF_REFUSED = "matters only with an option that is refused"


def layer_options(
    *read: str, fixed: Mapping[str, Any] | None = None, idle: Mapping[str, str] | None = None
) -> KnownOptions:
    """Return the options of a layer, including those that every layer has.

    Args:
        read: options that the translation reads.
        fixed: options with a single supported value.
        idle: options that do not affect inference, with the reasons.
    """
    idle = idle or {}
    common = tuple(key for key in _READ_EVERYWHERE if key not in idle)
    return KnownOptions((*common, *read), fixed or {}, {**_IDLE_EVERYWHERE, **idle})


def operation_options(*read: str, fixed: Mapping[str, Any] | None = None) -> KnownOptions:
    """Return the options of an operation of Keras 3.

    Args:
        read: options that the translation reads.
        fixed: options with a single supported value.
    """
    return KnownOptions(("name", *read), fixed or {})
