"""Finds the corruptions in a faulty tensor by comparison with the golden one."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from onnxfi.error_models.sites.canonical_layout import canonical_view
from onnxfi.error_models.spatial.fitting.classifying import classify_sites
from onnxfi.error_models.spatial.patterns import PATTERNS, Parameters, Shape
from onnxfi.error_models.values.bit_layout import bit_layout
from onnxfi.error_models.values.value_class import (
    ValueClass,
    classify_values,
    finite_range,
    to_float64,
)
from onnxfi.errors import ErrorModelError


@dataclass(frozen=True, slots=True)
class Observation:
    """One observed corruption.

    Attributes:
        pattern: its spatial pattern.
        parameters: its parameters; the lower and the upper percentage are equal.
        values: number of values of each value class.
    """

    pattern: str
    parameters: Parameters
    values: Mapping[ValueClass, int]


def observe(
    golden: np.ndarray, faulty: np.ndarray, *, channel_axis: int, tolerance: float = 0.0
) -> list[Observation]:
    """Compare a faulty tensor with the golden one.

    A value is corrupted if it differs by more than the tolerance. NaN differs from every number,
    but not from another NaN; 0 equals -0. ``CanonicalLayout`` defines channels, rows and columns.

    Args:
        golden: the golden tensor.
        faulty: the faulty tensor, of the same shape and dtype.
        channel_axis: the axis that counts channels.
        tolerance: differences up to this size, 0 or more, are ignored.

    Returns:
        An observation for each corrupted sample of the batch.

    Raises:
        ErrorModelError: the tensors differ in shape or dtype, or have no such axis.
    """
    if golden.shape != faulty.shape or golden.dtype != faulty.dtype:
        raise ErrorModelError(
            "a faulty tensor must have the dtype and shape of the golden one, which is "
            f"{golden.dtype} of shape {golden.shape}, got {faulty.dtype} of shape {faulty.shape}"
        )
    bit_layout(golden.dtype)  # raises for a dtype that has no value classes
    low, high = finite_range(golden)
    samples = canonical_view(golden, channel_axis), canonical_view(faulty, channel_axis)
    shape: Shape = samples[0].shape[1:]
    found = []
    for healthy, hit in zip(*(each.reshape(len(each), -1) for each in samples), strict=True):
        sites = np.flatnonzero(_differs(healthy, hit, tolerance))
        if sites.size:
            pattern = classify_sites(sites, shape)
            classes = classify_values(healthy[sites], hit[sites], low=low, high=high)
            parameters = PATTERNS[pattern].measure(sites, shape)
            found.append(Observation(pattern, parameters, Counter(classes)))
    return found


def _differs(golden: np.ndarray, faulty: np.ndarray, tolerance: float) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        same = (golden == faulty) | ((golden != golden) & (faulty != faulty))  # both NaN
        if tolerance:
            same |= np.abs(to_float64(golden) - to_float64(faulty)) <= tolerance
    differs: np.ndarray = ~same
    return differs
