"""Defines the protocols of error models, which draw corruptions of a golden tensor."""

from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.corruptions import Corruptions


@runtime_checkable
class ErrorModel(Protocol):
    """Draws corruptions of a golden tensor.

    An error model is an immutable value. All its randomness comes from the generator it is handed,
    so the same golden tensor and the same generator state give the same corruption.

    This is all that an error model must have. `Preparable` and `BatchSampler` are optional.

    Attributes:
        name: the name under which the registry, the command line and ``to_dict`` know it.
    """

    name: ClassVar[str]

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw one corruption of a golden tensor.

        Args:
            golden: the golden tensor, of any shape and layout with at least one element; read-only.
            channel_axis: the axis of ``golden`` that counts channels; None if it has none.
            rng: the only source of randomness.

        Returns:
            A corruption whose ``values`` have the dtype of ``golden``.

        Raises:
            ErrorModelError: the error model does not support the golden tensor's size or dtype.
        """
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"name": ..., "configuration": {...}}``, from which ``load`` rebuilds it."""
        ...


class TargetInfo(Protocol):
    """The properties of a target that an error model may depend on.

    `onnxfi.graph.Target` has them.
    """

    @property
    def tensor(self) -> str:
        """Name of the tensor."""
        ...

    @property
    def kind(self) -> str:
        """``activation``, ``weight`` or ``input``."""
        ...

    @property
    def op_type(self) -> str:
        """The ONNX operator that computes an activation, such as ``Conv``."""
        ...


@runtime_checkable
class Preparable(ErrorModel, Protocol):
    """An error model that depends on the target, or reads the golden tensor ahead of drawing."""

    def prepare(self, target: TargetInfo, golden: np.ndarray | None) -> ErrorModel:
        """Return the error model that draws the corruptions of a target.

        It may be called twice: when the target is known, and on the result of that once for each
        golden tensor.

        Args:
            target: the target.
            golden: the golden tensor of all corruptions that the result will draw, which must be
                those that it would draw unprepared. None if the tensor is unknown or differs from
                corruption to corruption.

        Raises:
            ErrorModelError: the error model cannot corrupt this target.
        """
        ...


class Generators(Protocol):
    """The random generators of a campaign's injections."""

    def at(self, injection_id: int) -> np.random.Generator:
        """Return the generator of an injection. It is reused: invalid after the next call."""
        ...

    def first_words(self, ids: range) -> np.ndarray:
        """Return the first 64 random bits of each injection's generator, uint64."""
        ...


@runtime_checkable
class BatchSampler(ErrorModel, Protocol):
    """An error model that draws the corruptions of many injections faster than one by one."""

    def sample_many(
        self,
        golden: np.ndarray,
        *,
        channel_axis: int | None,
        generators: Generators,
        ids: range,
    ) -> Corruptions:
        """Draw what ``sample`` draws from the generator of each injection.

        An error model that lists its corruptions, instead of drawing them, takes them by the ids.

        Args:
            golden: the golden tensor, with at least one element.
            channel_axis: its channel axis; None if it has none.
            generators: the generators.
            ids: the injections, at least one.

        Raises:
            ErrorModelError: where ``sample`` raises it.
        """
        ...
