"""Translates the error model of a TensorFI2 file: ``Type``, ``Amount`` and ``Bit``."""

import math
from collections.abc import Iterator
from typing import Any

from onnxfi.campaign.importers.document import Document
from onnxfi.campaign.importers.layers import listed
from onnxfi.graph import Target


def error_model(said: Document) -> dict[str, Any]:
    """Return the error model of a file, as an entry of a configuration.

    Raises:
        ConfigurationError: the file has none, or an impossible one.
    """
    match said.choice("Type", ("zeros", "random", "bitflips")):
        case "zeros":
            rule = "a percentage of the values, above 0 and at most 100, for Type: zeros"
            amount = said.number("Amount", rule)
            if not 0 < amount <= 100:
                raise said.wrong("Amount", rule)
            return {"name": "zero", "configuration": {"fraction": amount / 100}}
        case "random":
            return {
                "name": "random",
                "configuration": {"low": 0.0, "high": 1.0, "count": _count(said)},
            }
    bit: int | str = "any"
    if said.values["Bit"] != "N":
        rule = "N for a random bit, or from 0 to 31, for Type: bitflips"
        bit = said.integer("Bit", rule, low=0, high=31)
    return {"name": "bitflip", "configuration": {"bit": bit, "count": _count(said)}}


def _count(said: Document) -> int:
    return said.integer("Amount", f"a number of values for Type: {said.values['Type']}", low=1)


def large_enough(said: Document, targets: list[Target]) -> tuple[list[Target], list[str]]:
    """Leave out targets with fewer values than the amount, with a note.

    Raises:
        ConfigurationError: no target is left.
    """
    if said.values["Type"] == "zeros":
        return targets, []
    count = _count(said)
    small = [target for target in targets if (_size(target) or count) < count]
    if not small:
        return targets, []
    if len(small) == len(targets):
        largest = max(_size(target) or 0 for target in targets)
        raise said.wrong("Amount", f"at most {largest}, the size of the largest target")
    note = (
        f"Amount: {count} is more than the number of values of {listed(small)}, which are left "
        "out; TensorFI2 fails when it draws one of them."
    )
    return [target for target in targets if target not in small], [note]


def _size(target: Target) -> int | None:
    """Return the number of values of a target for one input; None if its shape is open."""
    shape = target.shape
    if shape is None:
        return None
    if shape and target.kind == "activation":
        shape = (1, *shape[1:])
    sizes = [size for size in shape if isinstance(size, int)]
    return math.prod(sizes) if len(sizes) == len(shape) else None


def rounding(said: Document, targets: list[Target]) -> Iterator[str]:
    """Yield a note if a percentage of the targets' values is rounded differently."""
    if said.values["Type"] != "zeros":
        return
    percentage = said.values["Amount"]
    sizes = [size for target in targets if (size := _size(target)) is not None]
    more = sum(
        math.floor(size * percentage / 100) != max(1, round(percentage / 100 * size))
        for size in sizes
    )
    if more:
        yield (
            f"Amount: {percentage} % is rounded to the nearest number of values, at least 1; "
            f"TensorFI2 rounds down, which gives one fewer in {more} of the {len(targets)} targets."
        )
