"""Draws the figures of a run directory."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from onnxfi.errors import ConfigurationError, OnnxfiError
from onnxfi.graph import Model, load
from onnxfi.report.counts import Collection, Counted, collect
from onnxfi.report.figures import Figure, bits_figure, layers_figure
from onnxfi.run_directory import RunDirectory

_JOINT = " + "


class Plots:
    """The figures of a campaign, finished or not.

    The records are read once, when the first figure is made. Error models are never pooled: each
    has a panel of its own.
    """

    def __init__(self, directory: str | Path) -> None:
        """Open a run directory.

        Args:
            directory: the run directory, or its address.

        Raises:
            ConfigurationError: the directory holds no campaign.
        """
        self._opened = RunDirectory.open(directory)

    def __repr__(self) -> str:
        """Return the name of the class and the run directory."""
        return f"Plots({self._opened.place!r})"

    def layers(self) -> Figure:
        """Return the SDC rate of each target, in the order of the network."""
        return layers_figure(self._in_order(self._counts.targets))

    def bits(self) -> Figure:
        """Return the SDC rate by flipped bit.

        Raises:
            ConfigurationError: no injection flips exactly one bit.
        """
        if not self._counts.bits:
            raise self._nothing("flips exactly one bit")
        return bits_figure(self._counts.bits)

    @cached_property
    def _counts(self) -> Collection:
        return collect(self._opened)

    @cached_property
    def _model(self) -> Model | None:
        """The model; None where its file is missing, as on another machine."""
        try:
            return load(self._opened.configuration.model)
        except OnnxfiError:
            return None

    def _in_order(self, targets: Sequence[Counted]) -> list[Counted]:
        """Return counts in the order in which the network computes their targets."""
        if self._model is None:
            return list(targets)
        listed = self._model.targets(include_shapes=True)
        places = {x.tensor: place for place, x in enumerate(listed)}

        def place(counted: Counted) -> int:
            # Targets that are hit together stand where the first of them is.
            tensors = (counted.key["target"], *counted.key["target"].split(_JOINT))
            return min((places[x] for x in tensors if x in places), default=len(places))

        return sorted(targets, key=place)

    def _nothing(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"No injection of {self._opened.place} {what}, so there is nothing to draw. Choose "
            "another figure."
        )
