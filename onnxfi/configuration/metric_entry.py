"""Configures the metric of a campaign."""

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from onnxfi.configuration.section import Section
from onnxfi.errors import ConfigurationError, MetricError
from onnxfi.injector.metrics import (
    BUILT_IN,
    KEPT_FOLDER,
    FolderSources,
    Metric,
    Sources,
    is_in,
    load_metric,
    parse_metric,
)


class MetricEntry(Section):
    """The metric, which decides between sdc and benign; in YAML also ``name:key=value,…``.

    Attributes:
        name: the metric: classification, sequence, segmentation, regression, detection, embedding;
            ``module:function`` or ``module:Class``; or a name that an installed package declares.
        output: the output that holds the answer; None for the first.
        configuration: configuration of the metric.
    """

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"type": "string"},)

    name: str = "classification"
    output: str | None = None
    configuration: dict[str, Any] = Field(default_factory=dict)
    _metric: Metric | None = PrivateAttr(None)
    _sources: Sources | None = PrivateAttr(None)

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, said: Any) -> Any:
        if not isinstance(said, str):
            return said
        try:
            name, configuration = parse_metric(said)
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        return {"name": name, "configuration": configuration}

    @model_validator(mode="after")
    def _load(self, info: ValidationInfo) -> Self:
        context = info.context or {}
        if self.name not in BUILT_IN:
            self._sources = context.get("metric_code")
            if self._sources is not None:  # the user's code runs only when it is needed
                return self
            folder = Path(context.get("folder") or Path.cwd())
            # The second place is for the campaign.yaml of a run directory.
            places = [FolderSources(folder), FolderSources(folder / KEPT_FOLDER)]
            module = self.name.partition(":")[0]
            self._sources = next((x for x in places if is_in(x, module)), places[0])
        try:
            self._metric = self.load(self._sources)
        except (ConfigurationError, MetricError) as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def is_chosen(self) -> bool:
        """Whether the name was given."""
        return "name" in self.model_fields_set

    @property
    def metric(self) -> Metric:
        """The metric.

        Raises:
            ConfigurationError: its code is kept in a run directory, and cannot be imported.
            MetricError: that code fails.
        """
        if self._metric is None:
            self._metric = self.load(self._sources)
        return self._metric

    def load(self, sources: Sources | None) -> Metric:
        """Return the metric, loaded from given sources.

        Args:
            sources: the place where the module of a user's metric is searched first.

        Raises:
            ConfigurationError: there is no such metric, or its configuration is wrong.
            MetricError: its code fails.
        """
        output = {} if self.output is None else {"output": self.output}
        return load_metric(self.name, {**output, **self.configuration}, sources=sources)
