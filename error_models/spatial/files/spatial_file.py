"""Reads files of spatial models in all known formats, and writes onnxfi's own.

Version 1 of onnxfi's schema is a JSON object with

- ``schema``: ``"onnxfi.spatial/1"``;
- ``source``: the source of the figures, as text; optional;
- ``observations``: the number of observed corruptions behind them; optional;
- ``patterns``: an object for each spatial pattern, with its ``frequency``, its ``values`` and its
  ``parameters``.

``values`` lists the possible value classes of one corruption. Each entry has its ``frequency``
among the corruptions with the pattern, and one of

- ``"all": "zero"``: all values are of this class;
- ``"zero": [25, 37.5], "rest": "in_range"``: 25 to 37.5 percent of the values are of the first
  class, and all others of the second;
- ``"each": {"zero": 0.5, "nan": 0.1, "in_range": 0.4}``: the class of each value is drawn
  independently, with these shares.

``parameters`` lists the possible parameters of the pattern; patterns without parameters omit it.
Each entry has its ``frequency`` among the corruptions with the pattern, and every parameter by its
name: an integer, a ``[lower, upper]`` percentage, or ``{"any_of": [...]}`` with candidates of
either kind, all equally likely and drawn independently of the other parameters.

Frequencies and shares need not add up to 1: only their ratios matter.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from onnxfi.error_models.spatial.choices import Percentages, Weighted
from onnxfi.error_models.spatial.distribution import (
    NO_PARAMETERS,
    ParameterCandidates,
    PatternDistribution,
    SpatialDistribution,
)
from onnxfi.error_models.spatial.files.classes_file import read_classes_document
from onnxfi.error_models.spatial.files.distribution_reading import (
    VALUE_CLASSES,
    read_number,
    read_percentages,
    read_shares,
    read_weighted,
)
from onnxfi.error_models.spatial.files.json_node import JsonNode
from onnxfi.error_models.spatial.patterns import PATTERNS
from onnxfi.error_models.spatial.value_mix import ValueMix

SCHEMA: Final = "onnxfi.spatial/1"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SpatialFile:
    """The contents of a spatial model file.

    Attributes:
        distribution: the patterns, their parameters and their values.
        source: the source of the figures; may be empty.
        observations: the number of observed corruptions behind them; None if unknown.
    """

    distribution: SpatialDistribution
    source: str = ""
    observations: int | None = None


def read_spatial_file(path: str) -> SpatialFile:
    """Read a spatial model file, in onnxfi's schema or in CLASSES v2.

    Raises:
        ErrorModelError: the file cannot be read, or has neither format; the message names the error
            and its place.
    """
    document = JsonNode.read(path)
    if not isinstance(document.value, dict) or "schema" not in document.value:
        return SpatialFile(read_classes_document(document))
    if document.value["schema"] != SCHEMA:
        raise (document / "schema").error(f"must be {json.dumps(SCHEMA)}")
    keys = document.object_with(("schema", "patterns"), optional=("source", "observations"))
    source = keys.get("source", "")
    if not isinstance(source, str):
        raise (document / "source").error("must be a text")
    observations = None
    if "observations" in keys:
        observations = read_number(document / "observations", range(2**63))
    patterns = document / "patterns"
    names = patterns.object_with((), optional=tuple(PATTERNS))
    if not names:
        raise patterns.error(f"must have a spatial pattern: one of {', '.join(PATTERNS)}")
    entries = [patterns / name for name in names]
    for entry, name in zip(entries, names, strict=True):
        known = PATTERNS[name]
        has_parameters = ("parameters",) if known.numbers or known.percentages else ()
        entry.object_with(("frequency", "values", *has_parameters))
    distribution = read_weighted(patterns, entries, _read_pattern)
    return SpatialFile(distribution, source, observations)


def _read_pattern(place: JsonNode) -> PatternDistribution:
    name = place.path.removeprefix("patterns.")
    values = place / "values"
    parameters = NO_PARAMETERS
    if "parameters" in place.value:
        whole = place / "parameters"
        parameters = read_weighted(
            whole, whole.items(), lambda entry: _read_parameters(entry, name)
        )
    return PatternDistribution(name, read_weighted(values, values.items(), _read_mix), parameters)


def _read_mix(place: JsonNode) -> ValueMix:
    keys = place.object_with(("frequency",), optional=("all", "each", "rest", *VALUE_CLASSES))
    form = {*keys} - {"frequency"}
    classes = [each for each in VALUE_CLASSES if each in form]
    if form == {"each"}:
        each, shares = read_shares(place / "each")
        return ValueMix(each, shares=shares)
    for key in form & {"all", "rest"}:
        if keys[key] not in VALUE_CLASSES or keys[key] in classes:
            others = [each for each in VALUE_CLASSES if each not in classes]
            raise (place / key).error(f"must be one of {', '.join(others)}")
    if form == {"all"}:
        return ValueMix((keys["all"],))
    if len(classes) == 1 and form == {"rest", *classes}:
        return ValueMix((classes[0], keys["rest"]), read_percentages(place / classes[0]))
    raise place.error("must have all, each, or a value class and rest")


def _read_parameters(place: JsonNode, pattern: str) -> ParameterCandidates:
    known = PATTERNS[pattern]
    place.object_with(("frequency", *known.numbers, *known.percentages))
    return ParameterCandidates(
        {
            name: _read_candidates(place / name, partial(read_number, allowed=allowed))
            for name, allowed in known.numbers.items()
        },
        {name: _read_candidates(place / name, read_percentages) for name in known.percentages},
    )


def _read_candidates(place: JsonNode, read: Callable[[JsonNode], T]) -> tuple[T, ...]:
    if not isinstance(place.value, dict):
        return (read(place),)
    place.object_with(("any_of",))
    return tuple(read(each) for each in (place / "any_of").items())


def format_spatial_file(file: SpatialFile) -> str:
    """Write a spatial model in onnxfi's schema: one entry per line, frequent patterns first.

    Frequencies are divided by their sum. Frequencies and shares keep four significant digits.
    """
    head: dict[str, Any] = {"schema": SCHEMA}
    if file.source:
        head["source"] = file.source
    if file.observations is not None:
        head["observations"] = file.observations
    lines = [f"  {json.dumps(key)}: {_json(value)}," for key, value in head.items()]
    shares = sorted(file.distribution.shares(), key=lambda pair: -pair[1])
    patterns = ",\n".join(_pattern_text(pattern, share) for pattern, share in shares)
    return "\n".join(["{", *lines, '  "patterns": {', patterns, "  }", "}", ""])


def _pattern_text(pattern: PatternDistribution, share: float) -> str:
    parts = {"values": _entries(pattern.value_mixes, _mix)}
    known = PATTERNS[pattern.pattern]
    if known.numbers or known.percentages:
        parts["parameters"] = _entries(pattern.parameters, _parameters)
    texts = [f'      "frequency": {_json(_rounded(share))}']
    for key, entries in parts.items():
        lines = ",\n".join(f"        {_json(entry)}" for entry in entries)
        texts.append(f'      "{key}": [\n{lines}\n      ]')
    inner = ",\n".join(texts)
    return f'    "{pattern.pattern}": {{\n{inner}\n    }}'


def _entries(weighted: Weighted[T], form: Callable[[T], dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"frequency": _rounded(share), **form(item)} for item, share in weighted.shares()]


def _mix(mix: ValueMix) -> dict[str, Any]:
    if mix.shares is not None:
        pairs = zip(mix.classes, mix.shares, strict=True)
        return {"each": {name: _rounded(share) for name, share in pairs}}
    if len(mix.classes) == 1:
        return {"all": mix.classes[0]}
    return {mix.classes[0]: _percentages(mix.percentages), "rest": mix.classes[1]}


def _parameters(candidates: ParameterCandidates) -> dict[str, Any]:
    percentages = {
        name: [_percentages(each) for each in pairs]
        for name, pairs in candidates.percentages.items()
    }
    return _one_or_any({**percentages, **candidates.numbers})


def _one_or_any(candidates: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    return {
        name: values[0] if len(values) == 1 else {"any_of": sorted(values)}
        for name, values in candidates.items()
    }


def _percentages(percentages: Percentages) -> list[float]:
    return [_rounded(each) for each in percentages]


def _rounded(number: float) -> float:
    short = float(f"{number:.4g}")
    return int(short) if short.is_integer() else short


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
