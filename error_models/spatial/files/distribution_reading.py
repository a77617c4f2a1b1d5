"""Reads the parts that all formats of spatial model files have in common."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar, get_args

from onnxfi.error_models.spatial.choices import Percentages, Weighted
from onnxfi.error_models.spatial.files.json_node import JsonNode
from onnxfi.error_models.spatial.patterns.pattern import Numbers
from onnxfi.error_models.values.value_class import ValueClass

VALUE_CLASSES: Final[tuple[ValueClass, ...]] = get_args(ValueClass)

T = TypeVar("T")


def read_weighted(
    whole: JsonNode,
    entries: Sequence[JsonNode],
    read: Callable[[JsonNode], T],
    *,
    key: str = "frequency",
) -> Weighted[T]:
    """Read entries that each have a frequency.

    Args:
        whole: the node that holds the entries, for the message.
        entries: one or more objects.
        read: reads an entry.
        key: the key of an entry's frequency.

    Raises:
        ErrorModelError: a frequency is not a number of at least 0, or all are 0.
    """
    items = tuple(read(entry) for entry in entries)
    frequencies = tuple((entry / key).not_negative() for entry in entries)
    if not sum(frequencies):
        raise whole.error(f"must have an entry whose {key} is above 0")
    return Weighted(items, frequencies)


def read_number(place: JsonNode, allowed: Numbers) -> int:
    """Read one of the allowed integers."""
    value = place.value
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        among = (
            f"an integer of at least {allowed.start}"
            if isinstance(allowed, range)
            else " or ".join(map(str, allowed))
        )
        raise place.error(f"must be {among}")
    return value


def read_percentages(place: JsonNode) -> Percentages:
    """Read a lower and an upper percentage."""
    rule = "must be two percentages, the lower one first"
    if not isinstance(place.value, list) or len(place.value) != 2:
        raise place.error(rule)
    low, high = (each.not_negative() for each in place.items())
    if not low <= high <= 100:
        raise place.error(rule)
    return low, high


def read_shares(place: JsonNode) -> tuple[tuple[ValueClass, ...], tuple[float, ...]]:
    """Read the share of each value class, normalised to a sum of 1."""
    shares = {
        key: (place / key).not_negative() for key in place.object_with((), optional=VALUE_CLASSES)
    }
    total = sum(shares.values())
    if not total:
        raise place.error("must have a share above 0")
    classes = tuple(each for each in VALUE_CLASSES if each in shares)
    return classes, tuple(shares[each] / total for each in classes)
