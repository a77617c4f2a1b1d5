"""Observed corruptions: what a faulty tensor has that the golden one has not."""

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
        parameters: the parameters that it has; the lower percentage is the upper one too.
        values: how many values are of each value class.
    """

    pattern: str
    parameters: Parameters
    values: Mapping[ValueClass, int]


def observe(
    golden: np.ndarray, faulty: np.ndarray, *, channel_axis: int, tolerance: float = 0.0
) -> list[Observation]:
    """Compare a faulty tensor with the golden one.

    A value is corrupted if it differs by more than the tolerance; NaN differs from every number,
    and no NaN from another, nor 0 from -0. ``CanonicalLayout`` tells what channels, rows and
    columns are.

    Args:
        golden: the golden tensor.
        faulty: of the same shape and dtype.
        channel_axis: the axis that counts channels.
        tolerance: the greatest difference that is no corruption, 0 or more.

    Returns:
        An observation for each corrupted sample of the batch; none where nothing is corrupted.

    Raises:
        ErrorModelError: the tensors differ in shape or dtype, or have no such axis.
    """
    if golden.shape != faulty.shape or golden.dtype != faulty.dtype:
        raise ErrorModelError(
            "a faulty tensor must be like the golden one, which is "
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
