"""Compares golden runs of one input, which must be the same."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.onnx_ir import ir

# Of a tensor's largest value. Sums in another order differ by less, random numbers by more.
_ROUNDING = 1e-3
_logger = logging.getLogger("onnxfi")


def check_repeated(model: Model, first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    """Check that two golden runs of one input have the same tensors.

    Where they differ by rounding alone a warning is logged: some devices sum in any order.

    Args:
        model: the model.
        first: tensors by name.
        second: the tensors of the other run.

    Raises:
        InputError: a tensor differs by more.
    """
    differing = [name for name, value in first.items() if not _same(value, second[name])]
    if not differing:
        return
    order = {name: place for place, name in enumerate(model.values)}
    worst = max(differing, key=lambda name: relative_distance(first[name], second[name]))
    distance = relative_distance(first[worst], second[worst])
    earliest = min(differing, key=lambda name: order.get(name, len(order)))
    value = model.values.get(earliest)
    node: ir.Node | None = None if value is None else value.producer()
    place = repr(earliest) if node is None else f"{earliest!r} ({node.op_type})"
    if distance > _ROUNDING:
        raise InputError(
            f"Two golden runs of one input must be the same, and they differ from {place} on. The "
            "model draws random numbers that cannot be replayed, or a kernel is not "
            "deterministic. Export the model with these random numbers as an input."
        )
    _logger.warning(
        "Two golden runs of one input differ by rounding from %s on, by %.1e of the largest value: "
        "a kernel is not deterministic, and outcomes near masked or sdc may vary.",
        place,
        distance,
    )


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, list):
        return len(first) == len(second) and all(map(_same, first, second))
    if not isinstance(first, np.ndarray) or first.dtype.hasobject:
        return bool(np.all(first == second))
    return bool(first.shape == second.shape and first.tobytes() == second.tobytes())


def relative_distance(first: Any, second: Any) -> float:
    """Return the largest difference as a share of the largest value; infinite if incomparable.

    Floats are incomparable where only one is finite; other dtypes where they are not equal.
    """
    if not isinstance(first, np.ndarray) or first.dtype.hasobject or first.shape != second.shape:
        return 0.0 if _same(first, second) else float(np.inf)
    if first.dtype.kind in "biu":
        return 0.0 if _same(first, second) else float(np.inf)
    wide, other = first.astype(np.float64), second.astype(np.float64)
    if not np.array_equal(np.isfinite(wide), np.isfinite(other)):
        return float(np.inf)
    finite = np.isfinite(wide)
    largest = np.abs(wide[finite]).max(initial=0.0)
    distance = np.abs(wide[finite] - other[finite]).max(initial=0.0)
    if not largest:
        return float(np.inf) if distance else 0.0
    return float(distance / largest)
