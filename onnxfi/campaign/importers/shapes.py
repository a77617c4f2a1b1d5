"""Parses the output shapes of CLASSES, and matches them with tensors."""

import re

from onnxfi.graph import Target

Shape = tuple[int | None, ...]

_ENTRY = re.compile(r"\s*(None|null|\d{1,18})\s*")


def parse_shape(said: object) -> Shape | None:
    """Return the shape in a text such as ``(None, 27, 27, 16)`` or in a list.

    Args:
        said: a text, in round, square or no brackets, or a list of whole numbers and None.

    Returns:
        The sizes, None for open ones; or None if it is not a shape of at least two axes.
    """
    if isinstance(said, str):
        return _parse_text(said)
    if not isinstance(said, list | tuple) or len(said) < 2:
        return None
    if any(type(x) not in (int, type(None)) or (x is not None and x < 1) for x in said):
        return None
    return tuple(said)


def _parse_text(text: str) -> Shape | None:
    text = text.strip()
    if (text[:1], text[-1:]) in (("(", ")"), ("[", "]")):
        text = text[1:-1]
    entries = [_ENTRY.fullmatch(entry) for entry in text.rstrip().removesuffix(",").split(",")]
    sizes = [None if x is None else x[1] for x in entries]
    if None in sizes:
        return None
    return parse_shape([int(x) if x and x.isdecimal() else None for x in sizes])


def channels_last(shape: Shape) -> Shape:
    """Move the channels of a shape from axis 1 to the end."""
    return (shape[0], *shape[2:], shape[1])


def channels_first(shape: Shape) -> Shape:
    """Move the channels of a shape from the end to axis 1."""
    return (shape[0], shape[-1], *shape[1:-1])


def has_shape(target: Target, first: Shape) -> bool:
    """Return whether a tensor can have a shape, whatever its batch.

    Args:
        target: the tensor; if its channel axis is unknown, both layouts count.
        first: the shape, channels first.
    """
    if target.shape is None:
        return False
    rank = len(target.shape)
    layouts = {1: [first], rank - 1: [channels_last(first)]}
    if target.channel_axis is None:
        wanted = [first, channels_last(first)]
    else:
        wanted = layouts.get(target.channel_axis, [])
    return any(_agree(target.shape, shape) for shape in wanted)


def _agree(actual: tuple[int | str | None, ...], wanted: Shape) -> bool:
    return len(actual) == len(wanted) and all(
        not isinstance(a, int) or w is None or a == w
        for a, w in zip(actual[1:], wanted[1:], strict=True)
    )
