"""Reads CLASSES v2 files: the error model of one operator as JSON.

This is the format of the tool CLASSES since June 2023 (github.com/D4De/classes), described in the
thesis politesi 10589/210019. The file holds an object for each spatial pattern, with

- ``frequency``: the frequency of the pattern;
- ``domain_classes``: the value classes of the values of one corruption, each entry with its
  ``frequency``: one value class with ``[100, 100]``; two of them with the lower and upper
  percentage of the values; or ``random``, with the share of each value class in ``values``;
- ``parameters``: the pattern's parameters in ``keys`` and ``stats``, each entry with its
  ``conditional_frequency``. ``{"RANDOM": [...]}`` lists candidates for a parameter.

Only the ratios of frequencies matter. Counts, overall frequencies and the keys that begin with an
underscore are ignored: if a file's frequencies differ from its counts, they have been weighted on
purpose.
"""

import logging
from functools import cache
from typing import Final

from onnxfi.error_models.spatial.distribution import (
    ParameterCandidates,
    PatternDistribution,
    SpatialDistribution,
)
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
from onnxfi.error_models.values.value_class import ValueClass

_logger = logging.getLogger("onnxfi")

_NOT_USED: Final = (
    "_rejected_tensors_proportion",
    "_rejected_tensor_count",
    "_tensor_count",
    "_categories_count",
)
_TOO_SMALL: Final = {"rectangle_width": 1, "rectangle_height": 1}


def read_classes_document(document: JsonNode) -> SpatialDistribution:
    """Read the document of a CLASSES v2 file.

    The percentages of two value classes must add up to 100; in files made by the published tools
    they often do not. Then the second class gets the remaining values, and a warning is logged,
    once per file. The sides of a rectangle are one larger than in the file, which holds the
    distances from the first row and column to the last.

    Raises:
        ErrorModelError: the document is not valid; the message names the error and its place.
    """
    keys = document.object_with((), optional=(*PATTERNS, *_NOT_USED))
    patterns = [document / name for name in keys if name in PATTERNS]
    if not patterns:
        raise document.error(f"must have a spatial pattern: one of {', '.join(PATTERNS)}")
    for pattern in patterns:
        pattern.object_with(
            ("frequency", "domain_classes", "parameters"), optional=("count", "categories_count")
        )
    mixes = [entry for pattern in patterns for entry in (pattern / "domain_classes").items()]
    repaired = [mix.path for mix in mixes if _is_not_complementary(mix)]
    if repaired:
        _warn_of_repair(document.file, len(repaired), repaired[0])
    return read_weighted(document, patterns, _pattern)


@cache
def _warn_of_repair(file: str, count: int, first: str) -> None:
    _logger.warning(
        "%s: the percentages of two value classes must add up to 100, and do not in %d entries "
        "(first in %s): the second class gets the remaining values.",
        file,
        count,
        first,
    )


def _pattern(place: JsonNode) -> PatternDistribution:
    mixes, parameters = place / "domain_classes", place / "parameters"
    return PatternDistribution(
        place.path,
        read_weighted(mixes, mixes.items(), _value_mix),
        read_weighted(
            parameters,
            parameters.items(),
            lambda entry: _parameters(entry, place.path),
            key="conditional_frequency",
        ),
    )


def _mix_classes(place: JsonNode) -> list[ValueClass]:
    keys = place.object_with(("frequency",), optional=("count", "random", "values", *VALUE_CLASSES))
    return [key for key in keys if key in VALUE_CLASSES]


def _is_not_complementary(place: JsonNode) -> bool:
    classes = _mix_classes(place)
    if len(classes) != 2:
        return False
    first, second = (read_percentages(place / each) for each in classes)
    return second != (100 - first[1], 100 - first[0])


def _value_mix(place: JsonNode) -> ValueMix:
    classes = _mix_classes(place)
    if "random" in place.value:
        return _random_mix(place)
    if "values" in place.value or len(classes) not in (1, 2):
        raise place.error("must have one value class, two, or random with values")
    percentages = read_percentages(place / classes[0])
    if len(classes) == 1 and percentages != (100, 100):
        raise (place / classes[0]).error("is the only value class, and must be [100, 100]")
    return ValueMix(tuple(classes), percentages)


def _random_mix(place: JsonNode) -> ValueMix:
    place.object_with(("frequency", "random", "values"), optional=("count",))
    if read_percentages(place / "random") != (100, 100):
        raise (place / "random").error("must be [100, 100]")
    classes, shares = read_shares(place / "values")
    return ValueMix(classes, shares=shares)


def _parameters(place: JsonNode, pattern: str) -> ParameterCandidates:
    place.object_with(
        ("keys", "stats", "conditional_frequency"), optional=("overall_frequency", "count")
    )
    known = PATTERNS[pattern]
    names = (*known.numbers, *known.percentages)
    found = {
        name: part / name
        for part in (place / "keys", place / "stats")
        for name in part.object_with((), optional=names)
    }
    for name in names:
        if name not in found:
            raise place.error(f"must have the parameter {name}, in keys or in stats")
    return ParameterCandidates(
        {
            name: tuple(
                read_number(each, allowed) + _TOO_SMALL.get(name, 0)
                for each in _candidates(found[name])
            )
            for name, allowed in known.numbers.items()
        },
        {
            name: tuple(read_percentages(each) for each in _candidates(found[name]))
            for name in known.percentages
        },
    )


def _candidates(place: JsonNode) -> list[JsonNode]:
    if not isinstance(place.value, dict):
        return [place]
    place.object_with(("RANDOM",))
    return (place / "RANDOM").items()
