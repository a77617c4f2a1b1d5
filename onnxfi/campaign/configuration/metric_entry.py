"""Which metric."""

from typing import Any, Self

from pydantic import Field, PrivateAttr, model_validator

from onnxfi.campaign.configuration.section import Section
from onnxfi.errors import ConfigurationError
from onnxfi.injector.metrics import Metric, load_metric
from onnxfi.injector.metrics.registry import parse_metric


class MetricEntry(Section):
    """What decides between sdc and benign; in YAML also a text, ``name:key=value,…``.

    Attributes:
        name: the metric: classification, sequence, segmentation, regression, detection, embedding;
            ``module:function`` or ``module:Class``; or what an installed package declares.
        output: the output that holds the answer; None takes the first.
        configuration: of the metric.
    """

    name: str = "classification"
    output: str | None = None
    configuration: dict[str, Any] = Field(default_factory=dict)
    _metric: Metric = PrivateAttr()

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
    def _load(self) -> Self:
        output = {} if self.output is None else {"output": self.output}
        try:
            self._metric = load_metric(self.name, {**output, **self.configuration})
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def is_chosen(self) -> bool:
        """Whether the name was given."""
        return "name" in self.model_fields_set

    @property
    def metric(self) -> Metric:
        """The metric."""
        return self._metric
