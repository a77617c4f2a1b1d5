"""Reads fit.yaml: which memories there are, how often they fail, and what lies in them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from onnxfi.configuration import Section, load_yaml
from onnxfi.display import counted
from onnxfi.errors import ConfigurationError
from onnxfi.failure_rates.units import RawRate

_Share = Annotated[float, Field(ge=0, le=1)]
Residency = Literal["graph"] | _Share | Mapping[str, _Share]


class Memory(Section):
    """A memory, and the targets that lie in it.

    Attributes:
        name: its name.
        rate: its raw rate with the unit, such as ``20.49 FIT/Mbit (10^6)``.
        factor: the 95 % interval of the raw rate is from rate / factor to rate x factor
            (lognormal); 1 where it is exact.
        targets: the targets in it: names or patterns of tensors or layers, or ``weights``,
            ``activations`` and ``inputs`` for all of a kind.
        residency: the share of time that a bit holds live data: one number, one for each target by
            name or pattern, or ``graph``: 1 for weights, for others the time from producer to last
            reader over the time of an inference.
        coverage: the share of silent failures that a detector sees, or ``measured``: the share of
            each target's sdc that raised an alarm in a campaign on a hardened model.
    """

    name: str
    rate: str
    factor: float = Field(default=1.0, ge=1)
    targets: tuple[str, ...] = Field(min_length=1)
    residency: Residency = 1.0
    coverage: Literal["measured"] | _Share = 0.0

    @field_validator("rate")
    @classmethod
    def _with_unit(cls, text: str) -> str:
        RawRate.parse(text)
        return text

    @field_validator("targets", mode="before")
    @classmethod
    def _one_or_more(cls, said: Any) -> Any:
        return (said,) if isinstance(said, str) else said

    @property
    def raw(self) -> RawRate:
        """The raw rate."""
        return RawRate.parse(self.rate)


class Element(Section):
    """A part of the chip that is no target, with rates measured elsewhere.

    Attributes:
        name: its name.
        fit: its raw failure rate in FIT.
        residency: the share of time that it is in use.
        sdc: the share of its failures that corrupt the answer silently.
        coverage: the share of failures that a detector sees.
    """

    name: str
    fit: float = Field(ge=0)
    residency: _Share = 1.0
    sdc: _Share
    coverage: _Share = 0.0


class Rates(Section):
    """The failure rates of a chip: the content of fit.yaml.

    Attributes:
        memories: its memories.
        elements: other parts.
        budget: the failure rate in FIT that the network may have; None for no budget.
        error_model: the error model of the campaign to use; None where it has one.
    """

    memories: tuple[Memory, ...] = ()
    elements: tuple[Element, ...] = ()
    budget: float | None = Field(default=None, gt=0)
    error_model: str | None = None

    @model_validator(mode="after")
    def _something_with_names(self) -> Self:
        names = [*(x.name for x in self.memories), *(x.name for x in self.elements)]
        if not names:
            raise ValueError("must have at least one memory or element")
        twice = {x for x in names if names.count(x) > 1}
        if twice:
            raise ValueError(
                f"must have different names, and {', '.join(sorted(twice))} stands twice"
            )
        return self

    @classmethod
    def read(cls, source: "str | Path | Mapping[str, Any] | Rates") -> "Rates":
        """Read the rates from a file, or from a mapping with its keys.

        Raises:
            ConfigurationError: the file cannot be read, is not YAML, or has errors.
        """
        if isinstance(source, Rates):
            return source
        name, text = "The rates", ""
        document: Any = source
        if isinstance(source, str | Path):
            name = str(source)
            try:
                text = Path(source).read_text(encoding="utf-8")
                document = load_yaml(text)
            except (OSError, ValueError, yaml.YAMLError) as error:
                raise ConfigurationError(
                    f"{source} cannot be read as failure rates: {' '.join(str(error).split())}."
                ) from error
        if not isinstance(document, Mapping):
            raise ConfigurationError(
                f"{name} must hold a mapping with the keys {', '.join(cls.model_fields)}."
            )
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            found: dict[str, str] = {}
            for entry in error.errors():
                place = ".".join(map(str, entry["loc"])) or "the whole"
                found.setdefault(place, f"  {place}: {_message(entry)}")
            lines = [f"{name} has {counted(len(found), 'mistake')}:", *found.values()]
            raise ConfigurationError("\n".join(lines)) from error


def _message(entry: Any) -> str:
    if entry["type"] == "extra_forbidden":
        return "unknown key"
    if entry["type"] == "missing":
        return "must be given"
    return str(entry["msg"]).removeprefix("Value error, ")
