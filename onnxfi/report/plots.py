"""Draws the figures of a run directory."""

from functools import cached_property
from pathlib import Path

from onnxfi.errors import ConfigurationError, OnnxfiError, TargetNotFoundError
from onnxfi.graph import Model, load
from onnxfi.report.counts import Answer, Collection, Counted, answers, collect, count_sites
from onnxfi.report.figures import (
    Figure,
    OutputPair,
    Replay,
    bits_figure,
    confusion_figure,
    heatmap_figure,
    layers_figure,
    magnitudes_figure,
    network_figure,
    patterns_figure,
    protection_figure,
    sites_figure,
    worst_figure,
)
from onnxfi.report.wiring import wire
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics import worst_injections
from onnxfi.suggestions import did_you_mean

_JOINT = " + "


class Plots:
    """The figures of a campaign, finished or not.

    The records are read once, when the first figure is made. Error models are never pooled: each
    has a panel of its own.
    """

    def __init__(self, directory: str | Path, *, replay: Replay | None = None) -> None:
        """Open a run directory.

        Args:
            directory: the run directory, or its address.
            replay: runs an injection again, for `worst`: `onnxfi.campaign.replay`.

        Raises:
            ConfigurationError: the directory holds no campaign.
        """
        self._opened = RunDirectory.open(directory)
        self._replay = replay

    def __repr__(self) -> str:
        """Return the name of the class and the run directory."""
        return f"Plots({self._opened.place!r})"

    def layers(self) -> Figure:
        """Return the SDC rate of each target, in the order of the network."""
        return layers_figure(self._targets)

    def bits(self) -> Figure:
        """Return the SDC rate by flipped bit.

        Raises:
            ConfigurationError: no injection flips exactly one bit.
        """
        if not self._counts.bits:
            raise self._nothing("flips exactly one bit")
        return bits_figure(self._counts.bits)

    def heatmap(self) -> Figure:
        """Return the SDC rate by target and flipped bit.

        Raises:
            ConfigurationError: no injection flips exactly one bit.
        """
        if not self._counts.bits:
            raise self._nothing("flips exactly one bit")
        return heatmap_figure(self._counts.bits_of_targets, self._targets)

    def patterns(self) -> Figure:
        """Return the SDC rate of each spatial pattern, the most dangerous first.

        Raises:
            ConfigurationError: no injection has a spatial pattern.
        """
        if not self._counts.patterns:
            raise self._nothing("has a spatial pattern")
        return patterns_figure(self._counts.patterns)

    def confusion(self) -> Figure:
        """Return which golden class became which faulty class.

        Raises:
            ConfigurationError: the metric records no classes, or faults were sampled by severity.
        """
        self._need_uniform("classes")
        if not self._counts.classes:
            raise self._nothing("has a class, which the metric classification records")
        return confusion_figure(self._counts.classes)

    def magnitudes(self) -> Figure:
        """Return how far the outputs moved, by outcome.

        Raises:
            ConfigurationError: the metric records no ``max_absolute_error``, or faults were sampled
                by severity.
        """
        self._need_uniform("errors")
        if not self._counts.magnitudes:
            raise self._nothing("has a max_absolute_error, which some metrics record")
        return magnitudes_figure(self._counts.magnitudes)

    def network(self) -> Figure:
        """Return the network as a graph, with targets coloured by their SDC rate.

        Raises:
            ConfigurationError: the model cannot be read.
        """
        if self._model is None:
            raise ConfigurationError(
                f"A drawing of the network needs the model, and {self._opened.configuration.model} "
                "cannot be read. Put it back there, or choose another figure."
            )
        tensors = {
            tensor for x in self._targets for tensor in str(x.key["target"]).split(_JOINT)
        } | {str(x.key["target"]) for x in self._targets}
        return network_figure(self._targets, wire(self._model, tensors))

    def sites(self, target: str) -> Figure:
        """Return where the faults of one target hit it, in a pass over the records.

        Args:
            target: the target's tensor or layer; it may be hit together with others.

        Raises:
            TargetNotFoundError: no injection hits such a target.
            ConfigurationError: no injection at it changes a value, or faults were sampled by
                severity.
        """
        self._need_uniform("sites")
        tensor = self._tensor(target)
        known = None if self._model is None else self._model.find(tensor)
        sites = count_sites(
            self._opened,
            tensor,
            shape=None if known is None else known.shape,
            channel_axis=None if known is None else known.channel_axis,
        )
        if not sites:
            raise self._nothing(f"changes a value of {target}")
        return sites_figure(target, sites)

    def protection(self) -> Figure:
        """Return how far SDC falls when the targets are protected, the most important first.

        Raises:
            ConfigurationError: no injection ends in SDC.
        """
        found = [x for x in self.answers() if x.protection]
        if not found:
            raise self._nothing("ends in SDC")
        return protection_figure(found, self._targets)

    @property
    def can_replay(self) -> bool:
        """Whether `worst` can run injections again."""
        return self._replay is not None

    def worst(self, count: int = 3) -> Figure:
        """Return the golden and the faulty outputs of the worst injections, which run again.

        Example:
            >>> onnxfi.open("runs/lenet").plot.worst().save("worst.pdf")

        Args:
            count: number of injections at most.

        Raises:
            ConfigurationError: all injections are masked, or these figures have no `replay`.
            OnnxfiError: an injection cannot be run again.
        """
        if self._replay is None:
            raise ConfigurationError(
                "The outputs of the worst injections need `replay`. Take the figures of "
                f"`onnxfi.open({self._opened.place!r})`, or give Plots "
                "replay=onnxfi.campaign.replay."
            )
        found = worst_injections(self._opened.place, count)
        if not found:
            raise self._nothing("changes an output")
        pairs = []
        for injection in found:
            again = self._replay(self._opened.place, injection.id)
            pairs.append(OutputPair(injection, again.golden.outputs, again.injection.outputs))
        return worst_figure(pairs, metric=self._opened.configuration.metric.name)

    @property
    def targets(self) -> list[str]:
        """The targets that were hit, in the order in which the network computes them."""
        return list(dict.fromkeys(str(x.key["target"]) for x in self._targets))

    def answers(self) -> list[Answer]:
        """Return the main numbers of each error model; `sentence` puts them into words."""
        return answers(self._counts)

    def _tensor(self, target: str) -> str:
        """Return the tensor of a target that is given by its tensor or its layer."""
        tensors: dict[str, str] = {}
        for x in self._targets:
            parts = str(x.key["target"]).split(_JOINT)
            layers = str(x.key["layer"] or "").split(_JOINT)
            if len(layers) == len(parts):
                tensors.update(
                    {a: b for a, b in zip(layers, parts, strict=True) if a not in tensors}
                )
            tensors.update({y: y for y in (*parts, str(x.key["target"]))})
        if target not in tensors:
            raise TargetNotFoundError(
                f"No injection of {self._opened.place} hits a target called {target!r}"
                f"{did_you_mean(target, list(tensors), most=3)}."
            )
        return tensors[target]

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

    @cached_property
    def _targets(self) -> list[Counted]:
        """The counts by target, in the order in which the network computes them."""
        targets = self._counts.targets
        if self._model is None:
            return list(targets)
        listed = self._model.targets(include_shapes=True)
        places = {x.tensor: place for place, x in enumerate(listed)}

        def place(counted: Counted) -> int:
            # Targets that are hit together stand where the first of them is.
            tensors = (counted.key["target"], *counted.key["target"].split(_JOINT))
            return min((places[x] for x in tensors if x in places), default=len(places))

        return sorted(targets, key=place)

    def _need_uniform(self, what: str) -> None:
        """Refuse a figure that counts injections, if these were not drawn alike."""
        if self._opened.configuration.injections.sampling != "uniform":
            raise ConfigurationError(
                f"{self._opened.place} samples by severity, and this figure counts the {what} of "
                "injections that were drawn alike. Choose a figure of rates, such as layers or "
                "bits, or run a campaign with `sampling: uniform`."
            )

    def _nothing(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"No injection of {self._opened.place} {what}, so there is nothing to draw. Choose "
            "another figure."
        )
