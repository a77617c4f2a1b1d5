"""Configures an error model."""

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from onnxfi.configuration.section import Section
from onnxfi.error_models import ErrorModel
from onnxfi.error_models import load as load_error_model
from onnxfi.error_models.registry import map_paths, parse_spec, required_keys, write_spec
from onnxfi.errors import ErrorModelError


class ErrorModelEntry(Section):
    """An error model; in YAML also ``name:key=value,…``.

    Attributes:
        name: the name of an error model, as `onnxfi error-models list` shows it, or a class as
            ``package.module:Class``.
        configuration: its configuration; ``onnxfi error-models show NAME`` lists the keys.
    """

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"type": "string"},)

    name: str
    configuration: dict[str, Any] = Field(default_factory=dict)
    _error_model: ErrorModel = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, said: Any, info: ValidationInfo) -> Any:
        """Read a text, and make relative paths start from the folder of the configuration file."""
        if isinstance(said, str):
            try:
                name, keys = parse_spec(said)
            except ErrorModelError as error:
                raise ValueError(str(error)) from error
            said = {"name": name, "configuration": keys}
        elif isinstance(said, ErrorModel) and not isinstance(said, type):
            try:
                said = _document(said)
            except ErrorModelError as error:
                raise ValueError(str(error)) from error
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
        """The files that the error model is made from."""
        paths: list[str] = []

        def keep(path: str) -> str:
            paths.append(path)
            return path

        map_paths(self.name, self.configuration, keep)
        return tuple(Path(path) for path in paths)

    @property
    def label(self) -> str:
        """Name of the error model in the records: ``name`` or ``name:key=value,…``.

        Paths are shortened to their last part, so that it is the same in every folder.
        """
        shown = map_paths(self.name, self.configuration, lambda path: Path(path).name)
        return write_spec(self.name, shown)


def _document(error_model: ErrorModel) -> dict[str, Any]:
    """Return an error model in the form of the YAML, without its defaults."""
    document = error_model.to_dict()
    said = document.get("configuration", {})
    required = {key: said[key] for key in required_keys(type(error_model))}
    # A default may depend on other keys, and is written out by the error model itself.
    defaults = load_error_model({**document, "configuration": required}).to_dict()["configuration"]
    return {
        **document,
        "configuration": {
            key: value
            for key, value in said.items()
            if value is not None and (key in required or value != defaults.get(key))
        },
    }
