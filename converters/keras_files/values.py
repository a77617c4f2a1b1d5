"""Walks nested values, as Keras passes them to its layers, and checks single ones."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

_Leaf = TypeVar("_Leaf")
_LARGEST = 2**31  # elements; sizes of real layers are smaller


def leaves(value: Any, kind: type[_Leaf]) -> Iterator[_Leaf]:
    """Yield the items of a type in nested lists, tuples and mappings, in order."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item, kind)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item, kind)


def map_leaves(value: Any, kind: type[_Leaf], function: Callable[[_Leaf], Any]) -> Any:
    """Return nested lists, tuples and mappings with each item of a type replaced."""
    if isinstance(value, kind):
        return function(value)
    if isinstance(value, Mapping):
        return {key: map_leaves(item, kind, function) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map_leaves(item, kind, function) for item in value)
    return value


def is_whole(value: Any) -> bool:
    """Return whether a JSON value is a whole number that a size of a layer can have."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
