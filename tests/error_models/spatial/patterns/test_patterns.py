"""Every spatial pattern against rules written out with sets."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.error_models.spatial.patterns import PATTERNS, Parameters, Shape

Channels = dict[int, set[int]]
"""The positions corrupted in each corrupted channel."""


def by_channel(sites: list[int], shape: Shape) -> Channels:
    area = shape[1] * shape[2]
    channels: Channels = {}
    for site in sites:
        channels.setdefault(site // area, set()).add(site % area)
    return channels


def every_xth(channels: Channels, amount: int) -> bool:
    positions = set.union(*channels.values())
    good = {each for each in positions if (each - min(positions)) % amount == 0}
    return len(good) >= 2 and len(positions - good) <= 1


def block_size(positions: set[int]) -> int | None:
    for size in (16, 32, 64):
        if len(positions) > size / 2 and max(positions) - min(positions) < size:
            return size
    return None


def alternated_blocks(channels: Channels, area: int) -> bool:
    (positions,) = channels.values()
    blocks = sorted({each // 32 for each in positions})
    apart = all(after - before >= 2 for before, after in itertools.pairwise(blocks))
    filled = all(
        sum(each // 32 == block for each in positions) >= 16
        for block in blocks
        if 32 * (block + 1) <= area
    )
    return len(blocks) >= 2 and apart and filled


def rectangle(channels: Channels, columns: int) -> bool:
    points = {divmod(each, columns) for each in set.union(*channels.values())}
    rows, across = {row for row, _ in points}, {column for _, column in points}
    height, width = max(rows) - min(rows) + 1, max(across) - min(across) + 1
    return min(height, width) >= 3 and width < columns and height * width - len(points) <= 2


def blocks_of_channels(channels: Channels, area: int) -> bool:
    loose = [each for each in channels.values() if block_size(each) is None]
    for leader in channels.values():
        size = block_size(leader)
        if size is not None:
            for start in range(1 - size, area):
                stretch = set(range(start, start + size))
                if leader <= stretch and all(each <= stretch for each in loose):
                    return len(channels) > 1
    return False


def has_pattern(name: str, sites: list[int], shape: Shape) -> bool:
    """Tell whether sites have a pattern."""
    _, rows, columns = shape
    area = rows * columns
    channels = by_channel(sites, shape)
    positions = list(channels.values())
    several, one = len(channels) > 1, len(channels) == 1
    union, common = set.union(*positions), set.intersection(*positions)
    shared = any(sum(each in other for other in positions) >= 2 for each in union)
    rules: dict[str, Callable[[], bool]] = {
        "single": lambda: len(sites) == 1,
        "same_row": lambda: (
            one and len(sites) > 1 and len({each // columns for each in union}) == 1
        ),
        "same_column": lambda: (
            one and len(sites) > 1 and len({each % columns for each in union}) == 1
        ),
        "bullet_wake": lambda: several and len(union) == 1,
        "skip_2": lambda: every_xth(channels, 2),
        "skip_4": lambda: every_xth(channels, 4),
        "single_block": lambda: block_size(set(sites)) is not None,
        "single_channel_alternated_blocks": lambda: one and alternated_blocks(channels, area),
        "single_channel_random": lambda: one and len({each // columns for each in union}) > 1,
        "full_channels": lambda: all(len(each) / area > 0.5 for each in positions),
        "rectangles": lambda: rectangle(channels, columns),
        "multi_channel_block": lambda: blocks_of_channels(channels, area),
        "shattered_channel": lambda: several and bool(common) and len(union) > 1,
        "quasi_shattered_channel": lambda: several and shared and not common,
        "multiple_channels_uncategorized": lambda: several and not shared,
    }
    return rules[name]()


SIDES = (1, 2, 3, 4, 5, 7, 8, 13, 24)
SHAPES: list[Shape] = list(itertools.product((1, 2, 3, 5, 12), SIDES, SIDES))


@st.composite
def parameters_of(draw: st.DrawFn, name: str) -> Parameters:
    """Draw any parameters that a file may have, suitable or not."""
    numbers = {
        key: draw(
            st.sampled_from(allowed)
            if isinstance(allowed, tuple)
            else st.integers(allowed.start, 12) | st.integers(allowed.start, allowed.stop - 1)
        )
        for key, allowed in PATTERNS[name].numbers.items()
    }
    for key in [key for key in numbers if key.startswith("max_")]:
        low = "min_" + key.removeprefix("max_")
        if low in numbers:
            numbers[low], numbers[key] = sorted((numbers[low], numbers[key]))
    share = st.sampled_from([0.0, 10.0, 50.0, 90.0, 100.0]) | st.floats(0, 100)
    percentages = {
        key: tuple(sorted((draw(share), draw(share)))) for key in PATTERNS[name].percentages
    }
    return Parameters(numbers, percentages)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PATTERNS)
@settings(settings.get_profile("error_models"))
@given(data=st.data())
def test_drawn_sites_have_the_pattern(name: str, data: st.DataObject) -> None:
    pattern = PATTERNS[name]
    shape = data.draw(st.sampled_from([each for each in SHAPES if pattern.fits(each)]))
    parameters = data.draw(parameters_of(name))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    sites = pattern.draw(shape, parameters, rng=rng)
    assert sites.dtype == np.int64
    assert (np.diff(sites) > 0).all()
    assert 0 <= sites[0] <= sites[-1] < shape[0] * shape[1] * shape[2]
    assert has_pattern(name, sites.tolist(), shape)
    assert pattern.belongs(sites, shape)


@settings(settings.get_profile("error_models"))
@given(shape=st.sampled_from(SHAPES), data=st.data())
def test_belongs_is_the_rule(shape: Shape, data: st.DataObject) -> None:
    size = shape[0] * shape[1] * shape[2]
    sites = data.draw(
        st.sets(st.integers(0, size - 1), min_size=1, max_size=6)
        | st.builds(
            lambda start, stop, step: set(range(start, min(start + stop, size), step)),
            st.integers(0, size - 1),
            st.integers(1, 99),
            st.sampled_from([1, 1, 2, 4, shape[2], shape[1] * shape[2]]),
        )
    )
    # Near misses are where a rule goes wrong.
    sites = (sites | data.draw(st.sets(st.integers(0, size - 1), max_size=2))) - data.draw(
        st.sets(st.sampled_from(sorted(sites)), max_size=min(2, len(sites) - 1))
    )
    ordered = sorted(sites)
    for name, pattern in PATTERNS.items():
        found = pattern.belongs(np.array(ordered, dtype=np.int64), shape)
        assert found == has_pattern(name, ordered, shape), name


def test_a_shape_fits_when_some_sites_in_it_have_the_pattern() -> None:
    sides = range(1, 10)
    for shape in itertools.product(sides, sides, sides):
        size = shape[0] * shape[1] * shape[2]
        if size > 9:
            continue
        possible: set[str] = set()
        for count in range(1, size + 1):
            for sites in itertools.combinations(range(size), count):
                possible |= {
                    name
                    for name in PATTERNS.keys() - possible
                    if has_pattern(name, list(sites), shape)
                }
        assert {name for name, each in PATTERNS.items() if each.fits(shape)} == possible, shape


@pytest.mark.parametrize(
    ("name", "smallest"),
    [
        ("single_channel_alternated_blocks", (1, 5, 13)),
        ("multi_channel_block", (2, 3, 3)),
        ("rectangles", (1, 3, 4)),
    ],
)
def test_smallest_shapes_of_large_patterns(name: str, smallest: Shape) -> None:
    fits = PATTERNS[name].fits
    assert fits(smallest)
    channels, rows, columns = smallest
    assert not fits((channels, rows, columns - 1))
    assert not fits((channels, rows - 1, columns))
    assert channels == 1 or not fits((channels - 1, rows, columns))
