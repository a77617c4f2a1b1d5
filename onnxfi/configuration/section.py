"""Defines the base class of all sections of a configuration."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of a configuration, checked and immutable.

    Attributes:
        short_forms: JSON schemas of the short forms that a section also takes.
    """

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ()

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
        ser_json_inf_nan="constants",  # YAML has infinities, and error models may use them
    )
