"""What a campaign's YAML says, checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from onnxfi.campaign.storage import is_address
from onnxfi.campaign.yaml_text import dump_yaml, load_yaml
from onnxfi.error_models import ErrorModel
from onnxfi.error_models import load as load_error_model
from onnxfi.error_models.registry import map_paths
from onnxfi.error_models.spec_text import write_spec
from onnxfi.errors import ConfigurationError, ErrorModelError
from onnxfi.graph import TargetKind
from onnxfi.injector.metrics import Metric, load_metric


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
        ser_json_inf_nan="constants",  # YAML has them, and an error model may write them
    )


class Inputs(_Section):
    """Where the input tensors come from.

    Attributes:
        file: an .npz file.
        tensors: name of the array in the file, for each graph input. By default the arrays have the
            names of the graph inputs; a model with one input also takes the only one that fits.
        labels: name of the array with the right class of each input; None without labels.
        limit: take only so many inputs, from the front.
    """

    file: Path
    tensors: dict[str, str] | None = None
    labels: str | None = None
    limit: int | None = Field(default=None, ge=1)


class Targets(_Section):
    """Which targets: those that satisfy all that is said.

    Attributes:
        kind: kind of the targets; None for activations, or whatever the named tensors are.
        ops: ONNX operator types, such as ``Conv``; of a weight or an input, those that read it.
        layers: patterns of layer paths, such as ``conv*``.
        tensors: names of single targets: a tensor, a layer or a node each.
    """

    kind: TargetKind | None = None
    ops: tuple[str, ...] | None = None
    layers: tuple[str, ...] | None = None
    tensors: tuple[str, ...] | None = None


class ErrorModelEntry(_Section):
    """An error model by name, with its configuration."""

    name: str
    configuration: dict[str, Any] = Field(default_factory=dict)
    _error_model: ErrorModel = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, said: Any, info: ValidationInfo) -> Any:
        """Take relative paths from the folder of the configuration file."""
        folder = (info.context or {}).get("folder")
        if folder is None or not isinstance(said, dict):
            return said
        configuration = said.get("configuration")
        if not isinstance(configuration, dict):
            return said
        resolved = map_paths(said.get("name"), configuration, lambda path: str(folder / path))
        return {**said, "configuration": resolved}

    @model_validator(mode="after")
    def _load(self) -> Self:
        try:
            self._error_model = load_error_model(self.model_dump())
        except ErrorModelError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def error_model(self) -> ErrorModel:
        """The error model."""
        return self._error_model

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the error model was made from."""
        paths: list[str] = []

        def keep(path: str) -> str:
            paths.append(path)
            return path

        map_paths(self.name, self.configuration, keep)
        return tuple(Path(path) for path in paths)

    @property
    def label(self) -> str:
        """What the records call the error model: ``name`` or ``name:key=value,…``.

        Of a path it holds the last part only, so that it is the same in every folder.
        """
        shown = map_paths(self.name, self.configuration, lambda path: Path(path).name)
        return write_spec(self.name, shown)


class TargetsTogether(Targets):
    """Targets that an injection hits together with those of the other entries in the list.

    Attributes:
        error_model: error model of these targets; None takes the campaign's.
    """

    error_model: ErrorModelEntry | None = None


class Until(_Section):
    """When a stratum has had enough injections.

    A stratum, the injections of one error model at one target, is run in rounds. After each it
    ends if half the width of the Wilson interval of its sdc rate is at most the margin, and after
    as many faults as the finite-population formula asks for in any case.

    Attributes:
        margin: half the width of the interval.
        confidence: of the interval.
        per_round: faults of each stratum in a round.
    """

    margin: float = Field(gt=0, lt=0.5)
    confidence: float = Field(default=0.95, gt=0, lt=1)
    per_round: int = Field(default=500, ge=1)


class Injections(_Section):
    """How many faults, by one of: per_target, total, margin, until, exhaustive.

    Attributes:
        per_target: for each pair of target and error model, spread evenly over the inputs; 1000
            where nothing is said.
        total: for the whole campaign.
        allocation: how the pairs share the total (or per_target times the pairs): evenly, in
            proportion to the bits of the targets, or as it falls when each fault is drawn from all
            of these bits together.
        margin: as many for each pair as the finite-population formula gives for this margin of
            error.
        confidence: of the margin.
        p: the rate that the formula expects.
        until: in rounds, until the interval is narrow enough.
        exhaustive: every single-bit flip once, in place of a sample.
        inputs_per_fault: how many inputs meet each fault, an injection each.
    """

    per_target: int | None = Field(default=None, ge=1)
    total: int | None = Field(default=None, ge=1)
    allocation: Literal["per_target", "proportional", "uniform"] = "per_target"
    margin: float | None = Field(default=None, gt=0, lt=0.5)
    confidence: float = Field(default=0.95, gt=0, lt=1)
    p: float = Field(default=0.5, gt=0, lt=1)
    until: Until | None = None
    exhaustive: bool = False
    inputs_per_fault: Literal["all"] | Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, said: Any) -> Any:
        if said == "exhaustive":
            return {"exhaustive": True}
        if isinstance(said, dict) and not any(said.get(way) for way in _WAYS):
            return {"per_target": 1000, **said}
        return said

    @model_validator(mode="after")
    def _check(self) -> Self:
        ways = [way for way in _WAYS if getattr(self, way)]
        if len(ways) != 1:
            raise ValueError(
                f"the number must be given by one of {', '.join(_WAYS)}, got {' and '.join(ways)}"
            )
        if self.allocation != "per_target" and ways[0] not in ("per_target", "total"):
            raise ValueError(
                f"allocation shares a number that is given by per_target or total, got {ways[0]}"
            )
        return self


# The keys of Injections of which one says how many.
_WAYS = ("per_target", "total", "margin", "until", "exhaustive")


class MetricEntry(_Section):
    """What decides between sdc and benign.

    Attributes:
        name: the metric: classification, segmentation, regression, detection or embedding;
            ``module:function`` or ``module:Class``; or what an installed package declares.
        output: the output that holds the answer; None takes the first.
        configuration: of the metric.
    """

    name: str = "classification"
    output: str | None = None
    configuration: dict[str, Any] = Field(default_factory=dict)
    _metric: Metric = PrivateAttr()

    @model_validator(mode="after")
    def _load(self) -> Self:
        output = {} if self.output is None else {"output": self.output}
        try:
            self._metric = load_metric(self.name, {**output, **self.configuration})
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def metric(self) -> Metric:
        """The metric."""
        return self._metric


class Statistics(_Section):
    """How the records are counted; none of it changes a record.

    Attributes:
        wrong_inputs: whether injections count that met an input which is wrong without a fault.
    """

    wrong_inputs: Literal["keep", "exclude"] = "keep"


class Execution(_Section):
    """How to run; none of it changes a record.

    Attributes:
        provider: where the tensors are computed.
        lanes: the most injections to run through the suffix at once; ``auto`` measures.
        propagation: whether to push corruptions as sparse patches where that is exact.
        workers: threads that inject at the same time; ``auto`` takes one per processor.
        shard: injections per records file; what a killed campaign loses at most per worker.
        memory: MiB that a process may take for golden runs that it may meet again; the one in use
            is kept whatever it takes.
    """

    provider: Literal["auto", "cpu", "cuda"] = "auto"
    lanes: Literal["auto"] | int = "auto"
    propagation: bool = True
    workers: Literal["auto"] | int = "auto"
    shard: int = Field(default=500, ge=1)
    memory: int = Field(default=512, ge=1)

    @field_validator("lanes", "workers")
    @classmethod
    def _at_least_one(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value < 1:
            raise ValueError("must be 'auto' or at least 1")
        return value


# The tags tell the two forms apart, and stand in the location of a mistake.
_EACH, _TOGETHER = "each", "together"
_Targets = Annotated[
    Annotated[Targets, Tag(_EACH)]
    | Annotated[tuple[TargetsTogether, ...], Tag(_TOGETHER), Field(min_length=1)],
    Discriminator(lambda said: _TOGETHER if isinstance(said, list | tuple) else _EACH),
]


class Configuration(_Section):
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
    def from_text(cls, text: str, path: str | Path, *, folder: Path) -> Self:
        """Read a configuration from the text of its file.

        Args:
            text: the YAML.
            path: what a message calls the file.
            folder: what relative paths are relative to.

        Raises:
            ConfigurationError: as `from_yaml` does.
        """
        try:
            document = load_yaml(text)
        # A date such as 2024-13-45 looks like YAML, and making a date of it is a ValueError.
        except (yaml.YAMLError, ValueError) as error:
            raise ConfigurationError(
                f"{path} must be YAML, and is not: {_yaml_problem(error)}."
            ) from error
        if not isinstance(document, dict):
            raise ConfigurationError(
                f"{path} must hold a mapping with the keys {', '.join(cls.model_fields)}, "
                f"got {'nothing' if document is None else type(document).__name__}."
            )
        try:
            configuration = cls.model_validate(document, context={"folder": folder.resolve()})
        except ValidationError as error:
            # A value that fits no member of a union is one mistake, and pydantic tells one each.
            mistakes: dict[str, str] = {}
            for entry in error.errors():
                place, mistake = _mistake(text, entry, cls)
                mistakes.setdefault(place, mistake)
            raise ConfigurationError(
                "\n".join([f"{path} has {len(mistakes)} mistake(s):", *mistakes.values()])
            ) from error
        return configuration.resolved(folder)

    def resolved(self, folder: Path) -> Self:
        """Return the configuration with its relative paths taken from a folder."""
        folder = folder.resolve()
        inputs = self.inputs.model_copy(update={"file": folder / self.inputs.file})
        update = {"model": folder / self.model, "inputs": inputs}
        if self.out is not None and not is_address(self.out):
            update["out"] = folder / self.out
        return self.model_copy(update=update)

    def to_yaml(self) -> str:
        """Return the text that `from_yaml` reads."""
        document = self.model_dump(mode="json", exclude_none=True)
        return dump_yaml(document)


def _yaml_problem(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None)
    if mark is None or problem is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def _mistake(text: str, entry: Any, section: type[BaseModel]) -> tuple[str, str]:
    """Return the place of a mistake, and the line that tells of it."""
    location = tuple(entry["loc"])
    if location[:1] == ("execution",):
        location = location[:2]  # what follows names a member of a union
    if location[:1] == ("targets",):
        location = (*location[:1], *location[2:])  # as does this
    place = ".".join(str(x) for x in location)
    line = _line(yaml.compose(text), location)
    where = f"  line {line}, {place}: " if line else f"  {place}: "
    if entry["type"] == "extra_forbidden":
        keys = ", ".join(_keys(section, location[:-1]))
        return place, f"{where}unknown key; the keys here are {keys}."
    if entry["type"] == "missing":
        return place, f"{where}must be given."
    message = entry["msg"].removeprefix("Value error, ").rstrip(".")
    if entry["type"] == "value_error" and location[0] != "execution":
        return place, f"{where}{message}."  # which says what it got
    if location[:1] == ("execution",) and location[-1] in ("lanes", "workers"):
        message = "must be 'auto' or a whole number from 1 on"
    return place, f"{where}{message}, got {entry['input']!r}."


def _line(node: yaml.Node | None, location: Sequence[str | int]) -> int | None:
    """Return the line, from 1, of a place in composed YAML, or of the closest thing around it."""
    line = None
    for step in location:
        found = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    found, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = node.value[step]
            line = found.start_mark.line + 1
        if found is None:
            break
        node = found
    return line


def _keys(section: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Return the keys that a place in the configuration takes."""
    if location[:1] == ("targets",):
        section, location = (TargetsTogether if location[1:] else Targets), location[2:]
    for step in location:
        if isinstance(step, int):
            continue
        annotation = section.model_fields[step].annotation
        inner = getattr(annotation, "__args__", (annotation,))[0]
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        section = inner
    return list(section.model_fields)
