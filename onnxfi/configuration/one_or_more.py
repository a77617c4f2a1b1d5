"""Lets a list of one item be written without its brackets."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, slots=True)
class OneOrMore:
    """Marks a list that also takes a single item: ``ops: Conv`` for ``ops: [Conv]``."""

    def __get_pydantic_core_schema__(self, kind: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Accept a single item."""
        return core_schema.no_info_before_validator_function(_listed, handler(kind))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Accept a single item in the JSON Schema as well."""
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


def _listed(said: Any) -> Any:
    return said if said is None or isinstance(said, list | tuple) else [said]
