"""Reading CLASSES v2 files: the error model of one operator as JSON.

The format is that of the tool CLASSES since June 2023 (github.com/D4De/classes), described in the
thesis politesi 10589/210019. The file holds an object for each spatial pattern, which has

- ``frequency``: how often the pattern is;
- ``domain_classes``: which value classes the values of one corruption have, each entry with its
  ``frequency``: one value class with ``[100, 100]``; two of them with the lower and upper
  percentage of the values; or ``random``, with the share of each value class in ``values``;
- ``parameters``: the pattern's parameters in ``keys`` and ``stats``, each entry with its
  ``conditional_frequency``. ``{"RANDOM": [...]}`` lists candidates for a parameter.

Frequencies are used as ratios. Counts, overall frequencies and the keys that begin with an
underscore are not used: where a file's frequencies are not those of its counts, they have been
weighted on purpose.
"""

import logging
from collections.abc import Callable
from typing import Final, TypeVar, get_args

from onnxfi.error_models.drawing import Percentages, Weighted
from onnxfi.error_models.json_place import JsonPlace
from onnxfi.error_models.patterns import PATTERNS
from onnxfi.error_models.patterns.pattern import Numbers
from onnxfi.error_models.spatial_distribution import (
    ParameterCandidates,
    PatternDistribution,
    SpatialDistribution,
)
from onnxfi.error_models.value_class import ValueClass
from onnxfi.error_models.value_mix import ValueMix

_logger = logging.getLogger("onnxfi")

_VALUE_CLASSES: Final[tuple[ValueClass, ...]] = get_args(ValueClass)
_NOT_USED: Final = (
    "_rejected_tensors_proportion",
    "_rejected_tensor_count",
    "_tensor_count",
    "_categories_count",
)

T = TypeVar("T")


def read_classes_file(path: str) -> SpatialDistribution:
    """Read a CLASSES v2 file.

    The percentages of two value classes must complement each other; in files made by the published
    tools they often do not. Then the second class gets what the first leaves, and a warning is
    logged.

    Args:
        path: the file.

    Raises:
        ErrorModelError: it cannot be read, or is no such file; the message tells what is wrong
            and where in the file.
    """
    document = JsonPlace.read(path)
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
        _logger.warning(
            "%s: the percentages of two value classes must complement each other, and those of "
            "%d entries do not (%s first): the second class gets what the first one leaves.",
            path,
            len(repaired),
            repaired[0],
        )
    return _weighted(document, patterns, "frequency", _pattern)


def _weighted(
    whole: JsonPlace, entries: list[JsonPlace], key: str, read: Callable[[JsonPlace], T]
) -> Weighted[T]:
    items = tuple(read(entry) for entry in entries)
    frequencies = tuple((entry / key).not_negative() for entry in entries)
    if not sum(frequencies):
        raise whole.error(f"must have an entry whose {key} is above 0")
    return Weighted(items, frequencies)


def _pattern(place: JsonPlace) -> PatternDistribution:
    mixes, parameters = place / "domain_classes", place / "parameters"
    return PatternDistribution(
        place.path,
        _weighted(mixes, mixes.items(), "frequency", _value_mix),
        _weighted(
            parameters,
            parameters.items(),
            "conditional_frequency",
            lambda entry: _parameters(entry, place.path),
        ),
    )


def _mix_classes(place: JsonPlace) -> list[ValueClass]:
    keys = place.object_with(
        ("frequency",), optional=("count", "random", "values", *_VALUE_CLASSES)
    )
    return [key for key in keys if key in _VALUE_CLASSES]


def _is_not_complementary(place: JsonPlace) -> bool:
    classes = _mix_classes(place)
    if len(classes) != 2:
        return False
    first, second = (_percentages(place / each) for each in classes)
    return second != (100 - first[1], 100 - first[0])


def _value_mix(place: JsonPlace) -> ValueMix:
    classes = _mix_classes(place)
    if "random" in place.value:
        return _random_mix(place)
    if "values" in place.value or len(classes) not in (1, 2):
        raise place.error("must have one value class, two, or random with values")
    percentages = _percentages(place / classes[0])
    if len(classes) == 1 and percentages != (100, 100):
        raise (place / classes[0]).error("is the only value class, and must be [100, 100]")
    return ValueMix(tuple(classes), percentages)


def _random_mix(place: JsonPlace) -> ValueMix:
    place.object_with(("frequency", "random", "values"), optional=("count",))
    if _percentages(place / "random") != (100, 100):
        raise (place / "random").error("must be [100, 100]")
    values = place / "values"
    shares = {
        key: (values / key).not_negative()
        for key in values.object_with((), optional=_VALUE_CLASSES)
    }
    total = sum(shares.values())
    if not total:
        raise values.error("must have a share above 0")
    classes = tuple(each for each in _VALUE_CLASSES if each in shares)
    return ValueMix(classes, shares=tuple(shares[each] / total for each in classes))


def _parameters(place: JsonPlace, pattern: str) -> ParameterCandidates:
    place.object_with(
        ("keys", "stats", "conditional_frequency"), optional=("overall_frequency", "count")
    )
    known = PATTERNS[pattern]
    names = (*known.numbers, *known.percentages)
    said = {
        name: part / name
        for part in (place / "keys", place / "stats")
        for name in part.object_with((), optional=names)
    }
    for name in names:
        if name not in said:
            raise place.error(f"must have the parameter {name}, in keys or in stats")
    return ParameterCandidates(
        {
            name: tuple(_number(each, allowed) for each in _candidates(said[name]))
            for name, allowed in known.numbers.items()
        },
        {
            name: tuple(_percentages(each) for each in _candidates(said[name]))
            for name in known.percentages
        },
    )


def _candidates(place: JsonPlace) -> list[JsonPlace]:
    if not isinstance(place.value, dict):
        return [place]
    place.object_with(("RANDOM",))
    return (place / "RANDOM").items()


def _number(place: JsonPlace, allowed: Numbers) -> int:
    value = place.value
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        among = (
            f"a whole number of at least {allowed.start}"
            if isinstance(allowed, range)
            else " or ".join(map(str, allowed))
        )
        raise place.error(f"must be {among}")
    return value


def _percentages(place: JsonPlace) -> Percentages:
    rule = "must be two percentages, the lower one first"
    if not isinstance(place.value, list) or len(place.value) != 2:
        raise place.error(rule)
    low, high = (each.not_negative() for each in place.items())
    if not low <= high <= 100:
        raise place.error(rule)
    return low, high
