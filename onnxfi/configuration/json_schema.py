"""Writes the JSON Schema of campaign.yaml, for editors and other programs."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from onnxfi.configuration.configuration import Configuration
from onnxfi.configuration.error_model_entry import ErrorModelEntry
from onnxfi.configuration.metric_entry import MetricEntry
from onnxfi.configuration.section import Section
from onnxfi.error_models.registry import ERROR_MODELS
from onnxfi.injector.metrics import BUILT_IN

# An entry of a docstring's Attributes: its name, and its text with further lines indented more.
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
_EXAMPLES = {ErrorModelEntry: ERROR_MODELS, MetricEntry: BUILT_IN}
# Targets that are hit together may each have an error model, instead of the campaign.
_WITH_ERROR_MODELS = {"type": "array", "items": {"required": ["error_model"]}}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a campaign's configuration, short forms included.

    It checks keys, kinds of values and ranges. `Configuration.from_yaml` also checks the names and
    settings of error models and metrics, which other packages may add.
    """
    document = Configuration.model_json_schema()
    sections = {x.__name__: x for x in _sections(Section)}
    for name, schema in document["$defs"].items():
        document["$defs"][name] = _complete(schema, sections[name])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_complete(document, Configuration),
        "title": "onnxfi campaign",
        "anyOf": [
            {"required": ["error_models"]},
            {"properties": {"targets": _WITH_ERROR_MODELS}, "required": ["targets"]},
        ],
    }


def _complete(schema: dict[str, Any], section: type[Section]) -> dict[str, Any]:
    """Return the schema of a section with its short forms and the texts of its docstring."""
    schema["description"] = _plain(inspect.getdoc(section) or "").partition(" Attributes: ")[0]
    texts: dict[str, str] = {}
    for base in reversed(section.__mro__):
        if issubclass(base, Section):
            texts |= dict(_ATTRIBUTE.findall(inspect.getdoc(base) or ""))
    for name, each in schema["properties"].items():
        each.pop("title", None)
        if isinstance(each.get("default"), dict):
            del each["default"]  # the section's own defaults say it
        if name in texts:
            each["description"] = _plain(texts[name])
        if name == "name" and section in _EXAMPLES:
            each["examples"] = list(_EXAMPLES[section])
    if not section.short_forms:
        return schema
    return {
        "description": schema.pop("description"),
        "anyOf": [*section.short_forms, schema],
    }


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _sections(section: type[Section]) -> Iterator[type[Section]]:
    for each in section.__subclasses__():
        yield each
        yield from _sections(each)
