"""Reads and checks the YAML of a campaign."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from onnxfi.configuration.error_model_entry import ErrorModelEntry
from onnxfi.configuration.execution_options import Execution, Statistics
from onnxfi.configuration.injections import Injections
from onnxfi.configuration.inputs import Inputs
from onnxfi.configuration.metric_entry import MetricEntry
from onnxfi.configuration.one_or_more import OneOrMore
from onnxfi.configuration.section import Section
from onnxfi.configuration.selections import Targets, TargetsTogether, read_short_targets
from onnxfi.configuration.validation_errors import (
    describe_error,
    describe_yaml_problem,
    follows_from_others,
)
from onnxfi.configuration.yaml_text import dump_yaml, load_yaml
from onnxfi.display import counted, list_names, shorten
from onnxfi.errors import ConfigurationError
from onnxfi.injector.metrics import Sources
from onnxfi.storage import is_address

# Tags of the two forms, which pydantic adds to the location of an error.
_EACH, _TOGETHER = "each", "together"
_Targets = Annotated[
    Annotated[Targets, Tag(_EACH)]
    | Annotated[tuple[TargetsTogether, ...], Tag(_TOGETHER), Field(min_length=1)],
    Discriminator(lambda said: _TOGETHER if isinstance(said, list | tuple) else _EACH),
]


def _with_short_targets(schema: dict[str, Any]) -> None:
    """Add the short forms of targets to their JSON schema."""
    text = {"type": "string"}
    schema["oneOf"] += [text, {"type": "array", "items": text, "minItems": 1}]


class Configuration(Section):
    """A campaign configuration; relative paths are relative to the file it was read from.

    Attributes:
        model: the model's file.
        inputs: where the input tensors come from.
        targets: one selection, or the names of tensors, which are hit one at a time; or a list of
            selections, whose targets are all hit together by every injection.
        error_models: the error models; each is used for every target.
        injections: the number of faults.
        metric: decides between sdc and benign.
        seed: the seed of every corruption.
        statistics: options of the statistics.
        execution: options of the execution.
        out: the run directory: a folder, or an address such as ``s3://bucket/run``; by default
            ``runs/NAME`` with the name of the model.
    """

    model: Path
    inputs: Inputs
    targets: _Targets = Field(default=Targets(), json_schema_extra=_with_short_targets)
    error_models: Annotated[tuple[ErrorModelEntry, ...], OneOrMore()] = Field(
        default=(), validate_default=True
    )
    injections: Injections = Injections()
    metric: MetricEntry = MetricEntry()
    seed: int = Field(default=0, ge=0)
    statistics: Statistics = Statistics()
    execution: Execution = Execution()
    out: Path | str | None = None

    def __repr__(self) -> str:
        """Return one line: the model, the error models and the seed."""
        models = list_names(x.name for x in self.error_models)
        return f"<Configuration of {shorten(self.model.name)}: {models}; seed {self.seed}>"

    __str__ = __repr__

    @model_validator(mode="before")
    @classmethod
    def _flip_listed_bits(cls, said: Any) -> Any:
        """Give campaigns of a fault list the error model bitflip."""
        injections = said.get("injections") if isinstance(said, dict) else None
        listed = isinstance(injections, dict) and injections.get("list") is not None
        return {"error_models": ["bitflip"], **said} if listed else said

    @field_validator("targets", mode="before")
    @classmethod
    def _named(cls, said: Any) -> Any:
        return read_short_targets(said)

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
        """The error models of the campaign, then those of single targets."""
        targets = self.targets if isinstance(self.targets, tuple) else ()
        return (*self.error_models, *(x.error_model for x in targets if x.error_model is not None))

    @property
    def fault_files(self) -> tuple[Path, ...]:
        """The files that faults come from: of the error models, and the list of faults."""
        listed = self.injections.list
        of_models = (path for entry in self.error_model_entries for path in entry.files)
        return (*of_models, *(() if listed is None else (listed,)))

    @classmethod
    def from_yaml(cls, path: str | Path) -> Self:
        """Read a configuration; its relative paths become absolute.

        Without ``out``, the run directory is ``runs/NAME`` beside the file.

        Raises:
            ConfigurationError: the file cannot be read, is not YAML, or has errors; the message
                lists all of them with their places.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigurationError(
                f"{path} cannot be read as a campaign configuration: {reason}."
            ) from error
        return cls.from_text(text, path, folder=path.parent).with_out(path.parent)

    @classmethod
    def from_text(
        cls, text: str, path: str | Path, *, folder: Path, metric_code: Sources | None = None
    ) -> Self:
        """Read a configuration from the text of its file.

        Args:
            text: the YAML.
            path: name of the file in messages.
            folder: the folder of relative paths and of modules of metrics.
            metric_code: another place of such modules; they are imported when needed.

        Raises:
            ConfigurationError: see `from_yaml`.
        """
        try:
            document = load_yaml(text)
        # A date such as 2024-13-45 looks like YAML, and making a date of it is a ValueError.
        except (yaml.YAMLError, ValueError) as error:
            raise ConfigurationError(
                f"{path} is not YAML: {describe_yaml_problem(error)}."
            ) from error
        if not isinstance(document, dict):
            raise ConfigurationError(
                f"{path} must hold a mapping with the keys {', '.join(cls.model_fields)}, "
                f"got {'nothing' if document is None else type(document).__name__}."
            )
        return cls.from_document(document, path, folder=folder, text=text, metric_code=metric_code)

    @classmethod
    def from_document(
        cls,
        document: Mapping[str, Any],
        name: str | Path,
        *,
        folder: Path,
        text: str = "",
        metric_code: Sources | None = None,
    ) -> Self:
        """Read a configuration from a mapping with the keys of the YAML.

        Args:
            document: the mapping.
            name: its name in messages.
            folder: the folder of relative paths and of modules of metrics.
            text: the YAML that it comes from, whose lines messages name.
            metric_code: another place of such modules; they are imported when needed.

        Raises:
            ConfigurationError: see `from_yaml`.
        """
        try:
            context = {"folder": folder.resolve(), "metric_code": metric_code}
            configuration = cls.model_validate(document, context=context)
        except ValidationError as error:
            # pydantic reports an error for each member of a union; one is enough.
            errors: dict[str, str] = {}
            for entry in error.errors():
                if follows_from_others(entry):
                    continue
                place, description = describe_error(text, entry, cls)
                errors.setdefault(place, description)
            raise ConfigurationError(
                "\n".join([f"{name} has {counted(len(errors), 'mistake')}:", *errors.values()])
            ) from error
        return configuration.resolved(folder)

    def resolved(self, folder: Path) -> Self:
        """Return the configuration with absolute paths; relative ones start from the folder."""
        folder = folder.resolve()
        update = {"model": folder / self.model, "inputs": self.inputs.resolved(folder)}
        if self.out is not None and not is_address(self.out):
            update["out"] = folder / self.out
        if self.injections.list is not None:
            listed = {"list": folder / self.injections.list}
            update["injections"] = self.injections.model_copy(update=listed)
        return self.model_copy(update=update)

    def with_out(self, folder: Path) -> Self:
        """Return the configuration with a run directory: ``runs/NAME`` in the folder by default."""
        if self.out is not None:
            return self
        out = folder.resolve() / "runs" / self.model.stem
        return self.model_copy(update={"out": out})

    def to_yaml(self) -> str:
        """Return the text that `from_yaml` reads."""
        document = self.model_dump(mode="json", exclude_none=True)
        return dump_yaml(document)
