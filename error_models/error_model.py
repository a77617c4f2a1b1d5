"""The protocol of an error model: how a corrupted tensor looks."""

from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.corruptions import Corruptions


@runtime_checkable
class ErrorModel(Protocol):
    """Draws corruptions of a golden tensor.

    An error model is an immutable value: all that it draws comes from the generator it is handed,
    so the same golden tensor and the same generator state give the same corruption.

    Attributes:
        name: the name under which the registry, the command line and ``to_dict`` know it.
    """

    name: ClassVar[str]

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw one corruption of a golden tensor.

        Args:
            golden: the golden tensor, of any shape and layout with at least one element; it is
                only read.
            channel_axis: the axis of ``golden`` that counts channels; None where it has none.
            rng: the only source of randomness.

        Returns:
            A corruption whose ``values`` have the dtype of ``golden``.

        Raises:
            ErrorModelError: the golden tensor's size or dtype does not suit the error model.
        """
        ...

    def to_dict(self) -> dict[str, Any]:
        """Give ``{"name": ..., "configuration": {...}}``, which ``load`` turns back."""
        ...


@runtime_checkable
class ForOperator(Protocol):
    """What an error model also has if the operator that makes the target matters to it."""

    def for_operator(self, op_type: str) -> ErrorModel:
        """Give the error model to draw with.

        Args:
            op_type: the ONNX operator, such as ``Conv``; empty for a weight or an input.

        Raises:
            ErrorModelError: there is none for this operator.
        """
        ...


@runtime_checkable
class ForTensor(Protocol):
    """What an error model also has if it may know values of tensors by their names."""

    def for_tensor(self, tensor: str) -> ErrorModel:
        """Give the error model to draw with.

        Args:
            tensor: name of the target's tensor.

        Raises:
            ErrorModelError: the error model knows nothing of this tensor and has to.
        """
        ...


@runtime_checkable
class ForGolden(Protocol):
    """What an error model also has if it reads the whole golden tensor to draw from it."""

    def for_golden(self, golden: np.ndarray) -> ErrorModel:
        """Give an error model that has read a golden tensor.

        It draws the same corruptions of this tensor, and faster; it is for no other tensor.

        Args:
            golden: the golden tensor.
        """
        ...


class Generators(Protocol):
    """The generators that the injections of a campaign draw from."""

    def at(self, injection_id: int) -> np.random.Generator:
        """Return the generator of an injection; it is another's as soon as that is asked for."""
        ...

    def first_words(self, ids: range) -> np.ndarray:
        """Return the first 64 bits that the generator of each injection gives, uint64."""
        ...


@runtime_checkable
class ForMany(Protocol):
    """What an error model also has if it draws for many injections quicker than one by one."""

    def sample_many(
        self,
        golden: np.ndarray,
        *,
        channel_axis: int | None,
        generators: Generators,
        ids: range,
    ) -> Corruptions:
        """Draw what ``sample`` draws from the generator of each injection.

        Args:
            golden: the golden tensor, with at least one element.
            channel_axis: its channel axis, or None.
            generators: the generators.
            ids: the injections, at least one.
        """
        ...


@runtime_checkable
class ForFault(Protocol):
    """What an error model also has if it lists its corruptions instead of drawing them."""

    def for_fault(self, number: int) -> ErrorModel:
        """Give the error model of one corruption in the list.

        Args:
            number: of the fault in its campaign, from 0.
        """
        ...
