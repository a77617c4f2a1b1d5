"""Checks what a campaign's YAML says."""

from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import Discriminator, Field, Tag, ValidationError, ValidationInfo, field_validator

from onnxfi.campaign.configuration.error_model_entry import ErrorModelEntry
from onnxfi.campaign.configuration.execution_options import Execution, Statistics
from onnxfi.campaign.configuration.injections import Injections
from onnxfi.campaign.configuration.inputs import Inputs
from onnxfi.campaign.configuration.metric_entry import MetricEntry
from onnxfi.campaign.configuration.section import Section
from onnxfi.campaign.configuration.selections import Targets, TargetsTogether
from onnxfi.campaign.configuration.validation_errors import describe_mistake, describe_yaml_problem
from onnxfi.campaign.configuration.yaml_text import dump_yaml, load_yaml
from onnxfi.campaign.storage import is_address
from onnxfi.errors import ConfigurationError
from onnxfi.injector.metrics import Sources

# The tags tell the two forms apart, and stand in the location of a mistake.
_EACH, _TOGETHER = "each", "together"
_Targets = Annotated[
    Annotated[Targets, Tag(_EACH)]
    | Annotated[tuple[TargetsTogether, ...], Tag(_TOGETHER), Field(min_length=1)],
    Discriminator(lambda said: _TOGETHER if isinstance(said, list | tuple) else _EACH),
]


class Configuration(Section):
    """A campaign configuration; relative paths are relative to the file it was read from.

    Attributes:
        model: the model's file.
        inputs: where the input tensors come from.
        targets: one selection: each target that it chooses is hit by injections of its own. Or a
            list of them: every injection hits all that the list chooses, together.
        error_models: each is used for every target.
        injections: how many.
        metric: what decides between sdc and benign.
        seed: determines every corruption.
        statistics: how the records are counted.
        execution: how to run.
        out: the run directory: a folder, or an address such as ``s3://bucket/run``.
    """

    model: Path
    inputs: Inputs
    targets: _Targets = Targets()
    error_models: tuple[ErrorModelEntry, ...] = Field(default=(), validate_default=True)
    injections: Injections = Injections()
    metric: MetricEntry = MetricEntry()
    seed: int = Field(default=0, ge=0)
    statistics: Statistics = Statistics()
    execution: Execution = Execution()
    out: Path | str | None = None

    @field_validator("error_models")
    @classmethod
    def _enough(
        cls, entries: tuple[ErrorModelEntry, ...], info: ValidationInfo
    ) -> tuple[ErrorModelEntry, ...]:
        targets = info.data.get("targets")
        if not entries and not (isinstance(targets, tuple) and all(x.error_model for x in targets)):
            raise ValueError("must be given, with at least one error model")
        return entries

    @field_validator("out")
    @classmethod
    def _folder_or_address(cls, out: Path | str | None) -> Path | str | None:
        return out if out is None or is_address(out) else Path(out)

    @property
    def error_model_entries(self) -> tuple[ErrorModelEntry, ...]:
        """The error models of the campaign, then those that single targets have of their own."""
        targets = self.targets if isinstance(self.targets, tuple) else ()
        return (*self.error_models, *(x.error_model for x in targets if x.error_model is not None))

    @classmethod
    def from_yaml(cls, path: str | Path) -> Self:
        """Read a configuration; its relative paths become absolute.

        Raises:
            ConfigurationError: there is no such file, it is no YAML, or what it says is wrong; the
                message gives every mistake with its place.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigurationError(
                f"A campaign configuration must be a readable YAML file, and {path} is not: "
                f"{reason}."
            ) from error
        return cls.from_text(text, path, folder=path.parent)

    @classmethod
    def from_text(
        cls, text: str, path: str | Path, *, folder: Path, metric_code: Sources | None = None
    ) -> Self:
        """Read a configuration from the text of its file.

        Args:
            text: the YAML.
            path: what a message calls the file.
            folder: what relative paths are relative to; the module of a metric may lie there.
            metric_code: where it lies instead. It is then imported only when it is needed.

        Raises:
            ConfigurationError: as `from_yaml` does.
        """
        try:
            document = load_yaml(text)
        # A date such as 2024-13-45 looks like YAML, and making a date of it is a ValueError.
        except (yaml.YAMLError, ValueError) as error:
            raise ConfigurationError(
                f"{path} must be YAML, and is not: {describe_yaml_problem(error)}."
            ) from error
        if not isinstance(document, dict):
            raise ConfigurationError(
                f"{path} must hold a mapping with the keys {', '.join(cls.model_fields)}, "
                f"got {'nothing' if document is None else type(document).__name__}."
            )
        try:
            context = {"folder": folder.resolve(), "metric_code": metric_code}
            configuration = cls.model_validate(document, context=context)
        except ValidationError as error:
            # A value that fits no member of a union is one mistake, and pydantic tells one each.
            mistakes: dict[str, str] = {}
            for entry in error.errors():
                place, mistake = describe_mistake(text, entry, cls)
                mistakes.setdefault(place, mistake)
            raise ConfigurationError(
                "\n".join([f"{path} has {len(mistakes)} mistake(s):", *mistakes.values()])
            ) from error
        return configuration.resolved(folder)

    def resolved(self, folder: Path) -> Self:
        """Return the configuration with its relative paths taken from a folder."""
        folder = folder.resolve()
        update = {"model": folder / self.model, "inputs": self.inputs.resolved(folder)}
        if self.out is not None and not is_address(self.out):
            update["out"] = folder / self.out
        return self.model_copy(update=update)

    def to_yaml(self) -> str:
        """Return the text that `from_yaml` reads."""
        document = self.model_dump(mode="json", exclude_none=True)
        return dump_yaml(document)
