"""The parameters of the spatial patterns: what is drawn keeps to them where the shape allows."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.error_models.spatial.patterns import PATTERNS, Parameters, Shape

SHAPE: Shape = (64, 16, 20)
AREA = 16 * 20
SEEDS = range(100)
BANDS = [(0.0, 10.0), (20.0, 30.0), (50.0, 60.0), (90.0, 100.0)]
# Suitable for SHAPE, whatever else is asked for.
NUMBERS = {
    "max_corrupted_channels": 64,
    "min_channel_skip": 1,
    "max_channel_skip": 2,
    "skip_amount": 4,
    "unique_channel_indexes": 6,
    "block_size": 32,
    "rectangle_width": 3,
    "rectangle_height": 4,
    "min_span_width": 5,
    "max_span_width": 30,
    "min_errors_per_channel": 1,
    "max_errors_per_channel": 9,
    "min_value_skip": 1,
    "max_value_skip": 9,
    "max_cardinality": 12,
    "min_block_skip": 2,
    "max_block_skip": 3,
    "max_feature_map_size": 100,
}


def draw(
    name: str, seed: int, band: tuple[float, float] = (10.0, 20.0), **changes: int
) -> list[list[int]]:
    """Draw sites, and give the positions in each corrupted channel, in order of the channels."""
    return list(drawn_channels(name, seed, band, **changes).values())


def drawn_channels(
    name: str, seed: int, band: tuple[float, float] = (10.0, 20.0), **changes: int
) -> dict[int, list[int]]:
    pattern = PATTERNS[name]
    numbers = {key: (NUMBERS | changes)[key] for key in pattern.numbers}
    percentages = dict.fromkeys(pattern.percentages, band) | {"affected_channels_pct": (5.0, 9.0)}
    rng = np.random.default_rng(seed)
    sites = pattern.draw(SHAPE, Parameters(numbers, percentages), rng=rng)
    channels: dict[int, list[int]] = {}
    for site in sites.tolist():
        channels.setdefault(site // AREA, []).append(site % AREA)
    return channels


def assert_in_band(share: float, band: tuple[float, float]) -> None:
    assert band[0] - 1e-9 <= 100 * share <= band[1] + 1e-9


WITH_CHANNELS = {
    "bullet_wake": 2,
    "skip_4": 1,
    "full_channels": 1,
    "rectangles": 1,
    "multi_channel_block": 2,
    "shattered_channel": 2,
    "quasi_shattered_channel": 3,
    "multiple_channels_uncategorized": 2,
}


@pytest.mark.parametrize("name", WITH_CHANNELS)
@settings(settings.get_profile("error_models"))
@given(
    low=st.integers(0, 9),
    most=st.integers(1, 64),
    skips=st.tuples(st.integers(1, 4), st.integers(0, 8)),
    seed=st.integers(0, 2**32),
)
def test_channels(name: str, low: int, most: int, skips: tuple[int, int], seed: int) -> None:
    least = WITH_CHANNELS[name]
    band = (10.0 * low, 10.0 * low + 10)
    min_skip, max_skip = skips[0], skips[0] + skips[1]
    numbers = NUMBERS | {
        "max_corrupted_channels": most,
        "min_channel_skip": min_skip,
        "max_channel_skip": max_skip,
    }
    pattern = PATTERNS[name]
    percentages = dict.fromkeys(pattern.percentages, (90.0, 100.0))
    parameters = Parameters(
        {key: numbers[key] for key in pattern.numbers},
        percentages | {"affected_channels_pct": band},
    )
    sites = pattern.draw(SHAPE, parameters, rng=np.random.default_rng(seed))
    channels = np.unique(sites // AREA)
    room = 63 // min_skip + 1
    assert min(-(-low * 64 // 10), most, room) <= channels.size
    assert channels.size <= max(min((low + 1) * 64 // 10, most, room), least)
    skipped = np.diff(channels)
    assert ((skipped >= min_skip) & (skipped <= max_skip)).all()


@pytest.mark.parametrize(("name", "length"), [("same_row", 20), ("same_column", 16)])
@pytest.mark.parametrize("band", [*BANDS, (33.0, 34.0)])
@pytest.mark.parametrize("skips", [(1, 9), (2, 3), (1, 1)])
def test_lines(name: str, length: int, band: tuple[float, float], skips: tuple[int, int]) -> None:
    low, high = skips
    suitable = {
        (count, span)
        for count in range(2, 13)
        for span in range((count - 1) * low + 1, min((count - 1) * high + 1, length) + 1)
        if band[0] <= 100 * count / span <= band[1]
    }
    counts = Counter[int]()
    for seed in SEEDS:
        ((_, positions),) = drawn_channels(
            name, seed, band, min_value_skip=low, max_value_skip=high
        ).items()
        along = [each % 20 if name == "same_row" else each // 20 for each in positions]
        apart = np.diff(along)
        assert ((apart >= low) & (apart <= high)).all()
        assert 2 <= len(along) <= 12
        counts[len(along)] += 1
        assert not suitable or (len(along), along[-1] - along[0] + 1) in suitable
    if suitable:
        assert counts.keys() == {count for count, _ in suitable}


@pytest.mark.parametrize("size", [16, 32, 64])
@pytest.mark.parametrize("band", [(50.0, 60.0), (80.0, 90.0), (90.0, 100.0)])
def test_blocks(size: int, band: tuple[float, float]) -> None:
    for seed in SEEDS:
        pattern = PATTERNS["single_block"]
        parameters = Parameters({"block_size": size}, {"block_corruption_pct": band})
        sites = pattern.draw(SHAPE, parameters, rng=np.random.default_rng(seed))
        assert np.ptp(sites) < size
        assert_in_band(sites.size / size, band)
    for seed in SEEDS:
        channels = draw("multi_channel_block", seed, band, block_size=size)
        everywhere = sorted(itertools.chain(*channels))
        assert everywhere[-1] - everywhere[0] < size
        assert_in_band(len(everywhere) / (len(channels) * size), band)


def test_blocks_cross_from_one_channel_to_the_next() -> None:
    parameters = Parameters({"block_size": 16}, {"block_corruption_pct": (90.0, 100.0)})
    drawn = [
        PATTERNS["single_block"].draw((3, 5, 5), parameters, rng=np.random.default_rng(seed))
        for seed in SEEDS
    ]
    assert any(sites[0] // 25 != sites[-1] // 25 for sites in drawn)
    assert {int(sites[0]) for sites in drawn} >= {0, 59}


@pytest.mark.parametrize("band", [(20.0, 30.0), (70.0, 80.0)])
def test_leader_is_more_than_half_full_although_the_average_is_low(
    band: tuple[float, float],
) -> None:
    leaders = set()
    for seed in SEEDS:
        channels = draw("multi_channel_block", seed, band, block_size=16)
        full = [at for at, positions in enumerate(channels) if len(positions) > 8]
        assert full
        leaders.add(full[0])
        if len(channels) > 3:
            assert_in_band(sum(map(len, channels)) / (16 * len(channels)), band)
    assert len(leaders) > 1


@pytest.mark.parametrize("band", [(50.0, 60.0), (90.0, 100.0)])
def test_full_channels(band: tuple[float, float]) -> None:
    for seed in SEEDS:
        for positions in draw("full_channels", seed, band):
            assert_in_band(len(positions) / AREA, band)


def test_full_channels_reach_every_position_equally_often() -> None:
    counts = np.zeros(AREA)
    for seed in range(300):
        for positions in draw("full_channels", seed, (50.0, 60.0)):
            counts[positions] += 1
    expected = counts.mean()
    assert abs(((counts - expected) ** 2 / expected).sum() / (AREA - 1) - 0.45) < 0.1


@pytest.mark.parametrize("positions", [2, 6, 8])
@pytest.mark.parametrize("band", [(50.0, 60.0), (90.0, 100.0)])
def test_skips(positions: int, band: tuple[float, float]) -> None:
    firsts = set()
    for seed in SEEDS:
        channels = draw("skip_4", seed, band, unique_channel_indexes=positions)
        everywhere = sorted(set(itertools.chain(*channels)))
        assert np.diff(everywhere).tolist() == [4] * (positions - 1)
        slots = len(channels) * positions
        low, high = (share * slots / 100 for share in band)
        surely = max(len(channels), positions)
        sites = sum(map(len, channels))
        assert sites >= surely
        assert max(low - 1, surely) <= sites <= max(high + 1, surely)
        firsts.add(everywhere[0] % 4)
    assert firsts == {0, 1, 2, 3}


def test_rectangles_are_as_large_as_their_parameters() -> None:
    for seed in SEEDS:
        channels = draw("rectangles", seed, rectangle_width=3, rectangle_height=5)
        assert all(each == channels[0] for each in channels)
        rows = {each // 20 for each in channels[0]}
        columns = {each % 20 for each in channels[0]}
        assert (len(rows), len(columns), len(channels[0])) == (5, 3, 15)


@pytest.mark.parametrize(("shape", "width"), [((2, 3, 4), 3), ((2, 8, 4), 3), ((2, 3, 9), 8)])
def test_rectangles_are_clamped(shape: Shape, width: int) -> None:
    numbers = NUMBERS | {"rectangle_width": 30, "rectangle_height": 40}
    pattern = PATTERNS["rectangles"]
    parameters = Parameters(
        {key: numbers[key] for key in pattern.numbers}, {"affected_channels_pct": (0.0, 50.0)}
    )
    sites = pattern.draw(shape, parameters, rng=np.random.default_rng(0))
    assert sites.size == width * shape[1]


@pytest.mark.parametrize("skips", [(2, 2), (2, 4), (3, 3), (0, 1)])
@pytest.mark.parametrize("side", [13, 100])
def test_alternated_blocks(skips: tuple[int, int], side: int) -> None:
    low, high = max(skips[0], 2), max(skips[1], 2)
    for seed in SEEDS:
        (positions,) = draw(
            "single_channel_alternated_blocks",
            seed,
            min_block_skip=skips[0],
            max_block_skip=skips[1],
            max_feature_map_size=side,
        )
        blocks = sorted({each // 32 for each in positions})
        apart = np.diff(blocks)
        assert ((apart >= low) & (apart <= high)).all()
        assert len(positions) == 32 * len(blocks)
        assert 32 * (blocks[-1] - blocks[0] + 1) < side**2 + 32
        if side == 100:
            # They go on to the end of the channel.
            assert blocks[0] < high
            assert blocks[-1] + high > 9


@pytest.mark.parametrize("most", [5, 40])
def test_single_channel_random(most: int) -> None:
    counts = set()
    for seed in range(600):
        (positions,) = draw("single_channel_random", seed, max_cardinality=most, max_value_skip=4)
        apart = np.diff(positions)
        assert apart.max() <= 4
        counts.add(len(positions))
    assert counts == ({5} if most == 5 else set(range(32, 41)))


@pytest.mark.parametrize("name", ["shattered_channel", "quasi_shattered_channel"])
@pytest.mark.parametrize("band", [(30.0, 40.0), (60.0, 70.0), (90.0, 100.0)])
def test_spans(name: str, band: tuple[float, float]) -> None:
    widths = set()
    for seed in SEEDS:
        channels = draw(name, seed, band)
        spans = [positions[-1] - positions[0] + 1 for positions in channels]
        assert_in_band(sum(map(len, channels)) / sum(spans), band)
        widths.update(spans)
    assert widths == set(range(5, 31))


def test_quasi_shattered_positions_are_shared_by_any_number_of_channels() -> None:
    shares = set()
    for seed in range(400):
        channels = draw("quasi_shattered_channel", seed, max_span_width=5)
        counts = Counter(itertools.chain(*channels))
        shares.add((len(channels), max(counts.values())))
    assert {(5, 2), (5, 3), (5, 4)} <= shares


@pytest.mark.parametrize(("low", "high"), [(1, 9), (4, 4), (2, 60)])
def test_uncategorized_errors_per_channel(low: int, high: int) -> None:
    band = (1.0, 12.0)
    for seed in SEEDS:
        channels = draw(
            "multiple_channels_uncategorized",
            seed,
            band,
            min_errors_per_channel=low,
            max_errors_per_channel=high,
        )
        assert all(low <= len(positions) <= high for positions in channels)
        assert_in_band(sum(map(len, channels)) / (AREA * len(channels)), band)


@pytest.mark.parametrize("name", [each for each in PATTERNS if each != "full_channels"])
def test_cost_does_not_grow_with_the_tensor(name: str) -> None:
    pattern = PATTERNS[name]
    parameters = Parameters(
        {key: NUMBERS[key] for key in pattern.numbers if key != "skip_amount"}
        | ({"skip_amount": 4} if name == "skip_4" else {"skip_amount": 2}),
        dict.fromkeys(pattern.percentages, (0.0, 0.0001)),
    )
    # An array of as many elements, or of as many as a channel has, would not fit into memory.
    shape = (2**12, 2**20, 2**19)
    sites = pattern.draw(shape, parameters, rng=np.random.default_rng(0))
    assert 1 <= sites.size < 10_000
    assert pattern.belongs(sites, shape)
