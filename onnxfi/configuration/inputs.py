"""Configures the arrays that feed the model."""

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from onnxfi.configuration.section import Section

_PLAIN = (bool, int, float, str)
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}
# In YAML: find the labels.
_AUTO = "auto"


class InputTensor(Section):
    """The source of one graph input: an array of the file, or a value.

    The name of an array stands for ``{array: NAME}``, and a number or a list for ``{value: …}``.

    Attributes:
        array: name of the array; None takes the name of the graph input.
        axis: the axis of the samples, from the back if negative; None for 0.
        constant: whether every input gets the whole array.
        value: a number, a text, or a nested list of them for every input; None for an array.
        repeat: whether one row fills a fixed batch; None takes `Inputs.repeat`.
    """

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = (
        {"type": ["string", "boolean", "number", "array"]},
    )

    array: str | None = None
    axis: int | None = None
    constant: bool = False
    value: Any = None
    repeat: bool | None = None

    @property
    def is_constant(self) -> bool:
        """Whether every input gets the same."""
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
    """The source of the right class of each sample.

    The name of an array of the input files stands for ``{array: NAME}``. ``auto`` stands for
    neither key: the labels are the only array with a name such as ``labels`` or ``y_test`` that
    holds one whole number per input; without one there are no labels.

    Attributes:
        array: name of the array; None if the file of labels has only one.
        file: a file of labels; None for the input files.
    """

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = (_TEXT,)

    array: str | None = None
    file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, said: Any) -> Any:
        if said == _AUTO:
            return {}
        return {"array": said} if isinstance(said, str) else said

    @property
    def is_auto(self) -> bool:
        """Whether the labels are searched."""
        return self.array is None and self.file is None

    @model_serializer(mode="wrap")
    def _to_short_form(self, serialize: SerializerFunctionWrapHandler) -> Any:
        return _AUTO if self.is_auto else _shortened(serialize(self), self)


class Inputs(Section):
    """The source of the input tensors.

    A file, a pattern or a list of files stands for ``{file: …, labels: auto}``.

    Attributes:
        file: an .npz file whose arrays hold the samples along an axis; or several files of one
            input each, as a list or a pattern such as ``inputs/*.npz``, sorted by name.
        tensors: the source of each graph input. A graph input without an entry gets the array of
            its name, or else the only array that fits.
        labels: the right class of each sample; None without labels.
        limit: number of inputs to take, from the front.
        repeat: whether one row fills a batch of fixed size; by default it takes as many rows.
    """

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = (_TEXT, _TEXTS)

    file: Path | tuple[Path, ...]
    tensors: dict[str, InputTensor] | None = None
    labels: Labels | None = None
    limit: int | None = Field(default=None, ge=1)
    repeat: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, said: Any) -> Any:
        return {"file": said, "labels": _AUTO} if isinstance(said, str | Path | list) else said

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
        """The name or pattern of the file, or of the first of several files."""
        if isinstance(self.file, Path):
            return self.file.name
        more = len(self.file) - 1
        return self.file[0].name + (f" and {more} more" if more else "")

    def resolved(self, folder: Path) -> Self:
        """Return the section with absolute paths; relative ones start from the folder."""
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
    """Return the short form of a section: the array's name, or what differs from the defaults."""
    said = {x: document[x] for x in document if getattr(section, x) != _default(section, x)}
    return said["array"] if list(said) == ["array"] else said


def _default(section: Section, name: str) -> Any:
    return type(section).model_fields[name].default
