"""Holds the sessions of an open injector."""

from dataclasses import dataclass
from typing import Self

from onnxfi.graph import Model
from onnxfi.injector.block_runner import BlockRunner
from onnxfi.injector.golden_runner import GoldenRunner
from onnxfi.suffix import RunSettings, Suffix
from onnxfi.surgery import Split


@dataclass(frozen=True, eq=False, slots=True)
class Sessions:
    """The sessions of an open injector.

    Attributes:
        blocks: runs injections.
        goldens: runs the model without a fault.
    """

    blocks: BlockRunner
    goldens: GoldenRunner

    @classmethod
    def opened(cls, model: Model, split: Split, settings: RunSettings) -> Self:
        """Open the sessions of a model that is split at the targets.

        Args:
            model: the model.
            split: the model split at the targets.
            settings: how to run.

        Raises:
            ModelFormatError: ONNX Runtime cannot run a stage.
        """
        suffix = Suffix(split, settings)
        return cls(BlockRunner(split, suffix), GoldenRunner(model, split, suffix, settings))
