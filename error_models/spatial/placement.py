"""Draws the placement of a spatial corruption: its pattern, sites and value classes."""

from dataclasses import dataclass

import numpy as np

from onnxfi.error_models.sites.canonical_layout import CanonicalLayout
from onnxfi.error_models.spatial.distribution import (
    NO_PARAMETERS,
    PatternDistribution,
    SpatialDistribution,
)
from onnxfi.error_models.spatial.patterns import PATTERNS
from onnxfi.error_models.values.value_class import ValueClass
from onnxfi.errors import ErrorModelError


@dataclass(frozen=True, slots=True)
class Placement:
    """A spatial corruption before its values are drawn.

    Attributes:
        pattern: the spatial pattern.
        canonical: int64, shape ``(K,)``; the canonical sites, ascending.
        sample: the sample of the batch in which they lie.
        classes: the possible value classes of the values.
        places: int8, shape ``(K,)``; the index in ``classes`` of each value's class.
        counts: number of values of each class.
    """

    pattern: str
    canonical: np.ndarray
    sample: int
    classes: tuple[ValueClass, ...]
    places: np.ndarray
    counts: list[int]


def draw_placement(
    distribution: SpatialDistribution,
    layout: CanonicalLayout,
    *,
    replace: bool,
    rng: np.random.Generator,
) -> Placement:
    """Draw a pattern, then its parameters, then the sites, then the value classes.

    Args:
        distribution: the spatial model's distribution.
        layout: the layout of a tensor with at least one element.
        replace: whether to replace a pattern that does not fit by another one.
        rng: the source of randomness.

    Raises:
        ErrorModelError: a pattern does not fit, and ``replace`` is False.
    """
    drawn = _draw_pattern(distribution, layout, replace=replace, rng=rng)
    parameters = drawn.parameters.draw(rng=rng).draw(rng=rng)
    canonical = PATTERNS[drawn.pattern].draw(layout.shape, parameters, rng=rng)
    sample = int(rng.integers(layout.samples)) if layout.samples > 1 else 0
    mix = drawn.value_mixes.draw(rng=rng)
    places, counts = mix.draw_places(canonical.size, rng=rng)
    return Placement(drawn.pattern, canonical, sample, mix.classes, places, counts)


def _draw_pattern(
    distribution: SpatialDistribution,
    layout: CanonicalLayout,
    *,
    replace: bool,
    rng: np.random.Generator,
) -> PatternDistribution:
    """Draw a pattern that fits the shape."""
    drawn = distribution.draw(rng=rng)
    if PATTERNS[drawn.pattern].fits(layout.shape):
        return drawn
    if not replace:
        raise ErrorModelError(
            f"spatial: {drawn.pattern} needs a larger target, got channels, rows and columns "
            f"{layout.shape}: choose another target or pattern"
        )
    fitting = distribution.only(lambda each: PATTERNS[each.pattern].fits(layout.shape))
    if fitting is not None:
        return fitting.draw(rng=rng)
    return PatternDistribution("single", drawn.value_mixes, NO_PARAMETERS)
