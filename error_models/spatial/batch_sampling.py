"""Draws spatial corruptions of many injections: sites one by one, values all at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Final

import numpy as np

from onnxfi.error_models.corruptions import Corruptions
from onnxfi.error_models.sites.canonical_layout import CanonicalLayout
from onnxfi.error_models.sites.uniform import values_at
from onnxfi.error_models.spatial.placement import Placement
from onnxfi.error_models.spatial.value_sources import ValueSource
from onnxfi.error_models.values.value_class import VALUE_CLASSES, ValueClass

# Sites; the arrays of so many stay in the processor's cache.
_MOST_SITES: Final = 1 << 15

Numbers = dict[ValueClass, list[np.ndarray]]
"""The random numbers for the values of each value class, corruption after corruption."""


def draw_corruptions(
    golden: np.ndarray,
    layout: CanonicalLayout,
    draw: Callable[[np.random.Generator], Placement],
    source: Callable[[ValueClass], ValueSource],
    rngs: Iterable[np.random.Generator],
) -> Corruptions:
    """Draw a corruption from each source of randomness, at least one.

    Args:
        golden: the golden tensor.
        layout: its layout.
        draw: draws the placement of a corruption.
        source: returns the source of values of a value class.
        rngs: the sources of randomness; each is invalid after the next is taken.
    """
    return Corruptions.joined(list(_parts(golden, layout, draw, source, rngs)))


def _parts(
    golden: np.ndarray,
    layout: CanonicalLayout,
    draw: Callable[[np.random.Generator], Placement],
    source: Callable[[ValueClass], ValueSource],
    rngs: Iterable[np.random.Generator],
) -> Iterator[Corruptions]:
    """Draw corruptions, and yield them whenever there are enough sites."""
    draws: list[Placement] = []
    numbers: Numbers = {}
    sites = 0
    for rng in rngs:
        drawn = draw(rng)
        for value_class, count in zip(drawn.classes, drawn.counts, strict=True):
            if count:
                of_class = source(value_class).draw(count, rng=rng)
                numbers.setdefault(value_class, []).append(of_class)
        draws.append(drawn)
        sites += drawn.places.size
        if sites > _MOST_SITES:
            yield _finished(golden, layout, draws, numbers, source)
            draws, numbers, sites = [], {}, 0
    if draws:
        yield _finished(golden, layout, draws, numbers, source)


def _finished(
    golden: np.ndarray,
    layout: CanonicalLayout,
    draws: Sequence[Placement],
    numbers: Numbers,
    source: Callable[[ValueClass], ValueSource],
) -> Corruptions:
    """Convert canonical sites to injection sites, and make their values."""
    sizes = np.array([x.places.size for x in draws], np.int64)
    sample: int | np.ndarray = 0
    if layout.samples > 1:
        sample = np.repeat([x.sample for x in draws], sizes)
    sites = layout.injection_sites(np.concatenate([x.canonical for x in draws]), sample=sample)
    values = values_at(golden, sites)
    classes = np.concatenate([_numbers_of(x.classes)[x.places] for x in draws])
    for value_class, drawn in numbers.items():
        (chosen,) = (classes == VALUE_CLASSES.index(value_class)).nonzero()
        values[chosen] = source(value_class).values(np.concatenate(drawn), values[chosen])
    if not layout.keeps_order:
        order = np.lexsort((sites, np.repeat(np.arange(sizes.size), sizes)))
        sites, values = sites[order], values[order]
    return Corruptions(
        sizes,
        sites,
        values,
        bits=np.zeros(sites.size, np.int16),
        with_bits=np.zeros(sizes.size, bool),
        patterns=[x.pattern for x in draws],
    )


@cache
def _numbers_of(classes: tuple[ValueClass, ...]) -> np.ndarray:
    """Return the indices of value classes in `VALUE_CLASSES`."""
    return np.array([VALUE_CLASSES.index(x) for x in classes], np.int8)
