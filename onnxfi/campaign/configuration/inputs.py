"""Configures the arrays that feed the model."""

from pathlib import Path
from typing import Any, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from onnxfi.campaign.configuration.section import Section

_PLAIN = (bool, int, float, str)


class InputTensor(Section):
    """What one graph input gets: an array of the file, or a value.

    The name of an array stands for ``{array: NAME}``, and a number or a list for ``{value: …}``.

    Attributes:
        array: name of the array; None takes the name of the graph input.
        axis: the axis of the array that counts the samples, from the back if negative; None for 0.
        constant: whether all inputs get the whole array.
        value: a number, a text, or a nested list of them, which all inputs get; None for an array.
        repeat: whether one row fills a fixed batch; None does as `Inputs.repeat` says.
    """

    array: str | None = None
    axis: int | None = None
    constant: bool = False
    value: Any = None
    repeat: bool | None = None

    @property
    def is_constant(self) -> bool:
        """Whether all inputs get the same."""
        return self.constant or self.value is not None

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, said: Any) -> Any:
        if isinstance(said, str):
            return {"array": said}
        if isinstance(said, bool | int | float | list):
            return {"value": said}
        return said

    @field_validator("value")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if value is not None and not is_plain(value):
            raise ValueError(f"must be a number, a text or a nested list of them, got {value!r}")
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.value is not None and (self.array is not None or self.constant):
            raise ValueError("a value takes the place of an array, so give one of them")
        if self.is_constant and (self.axis is not None or self.repeat is not None):
            raise ValueError("axis and repeat are for arrays of samples, not for a constant")
        return self

    @model_serializer(mode="wrap")
    def _to_short_form(self, serialize: SerializerFunctionWrapHandler) -> Any:
        return _shortened(serialize(self), self)


class Labels(Section):
    """Where the right class of each sample is.

    The name of an array of the input files stands for ``{array: NAME}``.

    Attributes:
        array: name of the array; None where the file of labels holds one only.
        file: a file of labels; None for the input files.
    """

    array: str | None = None
    file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, said: Any) -> Any:
        return {"array": said} if isinstance(said, str) else said

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.array is None and self.file is None:
            raise ValueError("labels need an array, a file or both")
        return self

    @model_serializer(mode="wrap")
    def _to_short_form(self, serialize: SerializerFunctionWrapHandler) -> Any:
        return _shortened(serialize(self), self)


class Inputs(Section):
    """Where the input tensors come from.

    Attributes:
        file: an .npz file whose arrays hold the samples along an axis; or several files of one
            input each: a pattern such as ``inputs/*.npz``, sorted by name, or a list.
        tensors: what each graph input gets. One that is not named gets the array of its name; a
            model with one input also takes the only array that fits.
        labels: the right class of each sample; None without labels.
        limit: take only so many inputs, from the front.
        repeat: whether a batch of a fixed size is one row of an array, again and again; by default
            it is as many rows.
    """

    file: Path | tuple[Path, ...]
    tensors: dict[str, InputTensor] | None = None
    labels: Labels | None = None
    limit: int | None = Field(default=None, ge=1)
    repeat: bool = False

    @field_validator("file", mode="before")
    @classmethod
    def _one_or_several(cls, said: Any) -> Any:
        listed = said if isinstance(said, list | tuple) else [said]
        if not listed or not all(isinstance(x, str | Path) for x in listed):
            raise ValueError(f"must be a file, a pattern or a list of files, got {said!r}")
        return said

    @model_serializer(mode="wrap")
    def _to_short_form(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        document: dict[str, Any] = serialize(self)
        if not self.repeat:
            document.pop("repeat", None)
        return document

    @property
    def name(self) -> str:
        """The file's name or pattern; of several files the first one's."""
        if isinstance(self.file, Path):
            return self.file.name
        more = len(self.file) - 1
        return self.file[0].name + (f" and {more} more" if more else "")

    def resolved(self, folder: Path) -> Self:
        """Return the section with its relative paths taken from a folder."""
        file = self.file
        update: dict[str, Any] = {
            "file": tuple(folder / x for x in file) if isinstance(file, tuple) else folder / file
        }
        if self.labels is not None and self.labels.file is not None:
            labels = self.labels.model_copy(update={"file": folder / self.labels.file})
            update["labels"] = labels
        return self.model_copy(update=update)


def is_plain(value: object) -> bool:
    """Return whether a value is a number, a text, or a nested list of them."""
    if isinstance(value, list):
        return all(map(is_plain, value))
    return isinstance(value, _PLAIN)


def _shortened(document: dict[str, Any], section: Section) -> Any:
    """Return a section as it is written: the array's name alone, or what differs from defaults."""
    said = {x: document[x] for x in document if getattr(section, x) != _default(section, x)}
    return said["array"] if list(said) == ["array"] else said


def _default(section: Section, name: str) -> Any:
    return type(section).model_fields[name].default
