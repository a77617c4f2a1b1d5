"""Reads everything that a report says in words and in tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxfi.report.counts import Answer
from onnxfi.report.plots import Plots
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics import (
    GROUPINGS,
    CampaignStatistics,
    GroupStatistics,
    WorstInjection,
    summarise,
    worst_injections,
)

_MODEL = "error_model"
# What records without it are left out of comes first.
_GROUPINGS = {
    "target": GROUPINGS["target"],
    "bit": ("bit", "bit_field", _MODEL),
    "operator": ("op_type", _MODEL),
    "pattern": ("pattern", _MODEL),
    "value_class": ("value_class", _MODEL),
    "input_class": ("input_class", _MODEL),
}


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of a campaign.

    Attributes:
        place: the run directory as the user named it.
        directory: the run directory.
        statistics: the statistics of the campaign.
        answers: the main numbers of each error model.
        order: the targets, in the order of the network.
        worst: the worst injections.
    """

    place: str
    directory: RunDirectory
    statistics: CampaignStatistics
    answers: Sequence[Answer]
    order: Sequence[str]
    worst: Sequence[WorstInjection]

    @classmethod
    def read(cls, place: str | Path, plots: Plots) -> "Findings":
        """Read a run directory.

        Args:
            place: the run directory, or its address.
            plots: its figures.

        Raises:
            ConfigurationError: it holds no campaign, or no records yet.
        """
        directory = RunDirectory.open(place)
        statistics = summarise(place, directory.configuration, groupings=_GROUPINGS)
        return cls(
            str(place),
            directory,
            statistics,
            plots.answers(),
            plots.targets,
            worst_injections(place),
        )

    @property
    def error_models(self) -> list[str]:
        """The error models, in the order of the campaign."""
        return [x.error_model for x in self.statistics.network]

    @property
    def targets(self) -> list[GroupStatistics]:
        """The statistics by target in the order of the network, one error model after the other."""
        places = {target: place for place, target in enumerate(self.order)}
        return [
            x
            for model in self.error_models
            for x in sorted(self.of("target", model), key=lambda x: places[x.key["target"]])
        ]

    def of(self, grouping: str, error_model: str) -> list[GroupStatistics]:
        """Return the statistics by a grouping within one error model."""
        groups = self.statistics.groups.get(grouping, ())
        return [x for x in groups if x.key[_MODEL] == error_model]
