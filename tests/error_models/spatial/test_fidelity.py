"""Tests that the built-in models draw with the frequencies of their files.

The expected frequencies are worked out here, from the JSON files and from what the documentation
says of each parameter, and compared with what is drawn by chi-square tests.
"""

import itertools
import json
import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

from onnxfi.error_models import SpatialModel
from onnxfi.error_models.spatial.library import MODELS, model_path
from onnxfi.error_models.values.value_class import classify_values

CHANNELS, ROWS, COLUMNS = 64, 14, 14
AREA = ROWS * COLUMNS
COUNTS = [250, pytest.param(20_000, marks=pytest.mark.nightly)]
LEAST_CHANNELS = {
    "skip_4": 1,
    "full_channels": 1,
    "rectangles": 1,
    "bullet_wake": 2,
    "shattered_channel": 2,
    "multi_channel_block": 2,
    "multiple_channels_uncategorized": 2,
    "quasi_shattered_channel": 3,
}
# The parameters that the cardinality depends on.
RELEVANT = {
    *("affected_channels_pct", "max_corrupted_channels", "min_channel_skip"),
    *("block_size", "block_corruption_pct", "channel_corruption_pct", "row_corruption_pct"),
    *("max_cardinality", "min_value_skip", "max_value_skip"),
    *("min_block_skip", "max_block_skip", "max_feature_map_size"),
}

Frequencies = Mapping[Hashable, float]


class Drawn(NamedTuple):
    """One corruption: its pattern, how many values, channels or blocks, the class of one value."""

    pattern: str
    values: int
    cardinality: int
    value_class: str


@cache
def draw(name: str, count: int) -> list[Drawn]:
    golden = np.random.default_rng(1).standard_normal((1, CHANNELS, ROWS, COLUMNS))
    golden = golden.astype(np.float32)
    low, high = float(golden.min()), float(golden.max())
    model = SpatialModel(name, low, high)
    rng = np.random.default_rng(2)
    drawn = []
    for _ in range(count):
        corruption = model.sample(golden, channel_axis=1, rng=rng)
        at = rng.integers(corruption.indices.size, size=1)
        (value_class,) = classify_values(
            golden.reshape(-1)[corruption.indices[at]], corruption.values[at], low=low, high=high
        )
        pattern, units = corruption.pattern or "", corruption.indices
        if pattern in LEAST_CHANNELS:
            units = units // AREA
        elif pattern == "single_channel_alternated_blocks":
            units = units % AREA // 32
        drawn.append(Drawn(pattern, corruption.indices.size, np.unique(units).size, value_class))
    return drawn


@cache
def said(name: str) -> dict[str, Any]:
    patterns: dict[str, Any] = json.loads(model_path(name).read_text(encoding="utf-8"))["patterns"]
    return patterns


def ratios(entries: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], float]]:
    whole = sum(each["frequency"] for each in entries)
    return ((each, each["frequency"] / whole) for each in entries)


def chi_square(observed: Counter[Hashable], expected: Frequencies) -> tuple[float, int]:
    """Give chi-square and its degrees of freedom; rare bins are put together."""
    assert {key for key, count in observed.items() if count} <= expected.keys()
    assert sum(expected.values()) == pytest.approx(1)
    count = observed.total()
    bins = [(observed[key], share * count) for key, share in expected.items()]
    frequent = [each for each in bins if each[1] >= 5]
    rare = [each for each in bins if each[1] < 5]
    if sum(share for _, share in rare) >= 5:
        frequent.append((sum(x for x, _ in rare), sum(x for _, x in rare)))
    return sum((found - mean) ** 2 / mean for found, mean in frequent), max(len(frequent) - 1, 0)


def assert_fits(tests: list[tuple[float, int]]) -> None:
    """Refuse what has a probability below about 1 in 10 000 (after Wilson and Hilferty)."""
    statistic = sum(each for each, freedom in tests if freedom)
    freedom = sum(freedom for _, freedom in tests)
    if freedom:
        spread = 2 / (9 * freedom)
        assert ((statistic / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread) < 3.7


def by_pattern(name: str, count: int) -> dict[str, list[Drawn]]:
    groups: dict[str, list[Drawn]] = defaultdict(list)
    for each in draw(name, count):
        groups[each.pattern].append(each)
    return groups


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", MODELS)
def test_patterns(name: str, count: int) -> None:
    whole = sum(each["frequency"] for each in said(name).values())
    expected: dict[Hashable, float] = {
        key: each["frequency"] / whole for key, each in said(name).items()
    }
    assert_fits([chi_square(Counter(each.pattern for each in draw(name, count)), expected)])


def expected_class(entries: list[dict[str, Any]], values: int) -> dict[str, float]:
    """Give the probability of each value class for a value of a corruption with so many."""
    expected: dict[str, float] = defaultdict(float)
    for entry, frequency in ratios(entries):
        if "all" in entry:
            expected[entry["all"]] += frequency
        elif "each" in entry:
            whole = sum(entry["each"].values())
            for name, share in entry["each"].items():
                expected[name] += frequency * share / whole
        else:
            ((first, (low, high)),) = (
                item for item in entry.items() if item[0] not in ("frequency", "rest")
            )
            counts = share_counts((low, high), values)
            share = sum(counts) / len(counts) / values if counts else (low + high) / 200
            expected[first] += frequency * share
            expected[entry["rest"]] += frequency * (1 - share)
    return expected


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", MODELS)
def test_value_classes(name: str, count: int) -> None:
    tests = []
    for pattern, drawn in by_pattern(name, count).items():
        expected: dict[Hashable, float] = defaultdict(float)
        for values, times in Counter(each.values for each in drawn).items():
            for key, share in expected_class(said(name)[pattern]["values"], values).items():
                expected[key] += share * times / len(drawn)
        tests.append(chi_square(Counter(each.value_class for each in drawn), expected))
    assert_fits(tests)


def share_counts(percent: Sequence[float], whole: int) -> list[int]:
    """Give the numbers that make up a percentage of a whole."""
    low, high = percent
    return [n for n in range(whole + 1) if low - 1e-6 <= 100 * n / whole <= high + 1e-6]


def candidates(parameters: dict[str, Any]) -> Iterator[tuple[dict[str, Any], float]]:
    """Give each combination of the candidates, with its probability."""
    names = [name for name in parameters if name in RELEVANT]
    lists = [
        each["any_of"] if isinstance(each := parameters[name], dict) else [each] for name in names
    ]
    probability = 1 / math.prod(map(len, lists))
    for chosen in itertools.product(*lists):
        values = dict(zip(names, chosen, strict=True))
        least, greatest = values.get("min_value_skip", 0), values.get("max_value_skip", 0)
        if greatest >= least:
            yield values, probability
            continue
        # The greatest is drawn among those that are no less than the least.
        fitting = [each for each in lists[names.index("max_value_skip")] if each >= least]
        for each in fitting or [least]:
            yield values | {"max_value_skip": each}, probability / max(len(fitting), 1)


def cardinalities(pattern: str, parameters: dict[str, Any]) -> list[int]:
    """Give the cardinalities that parameters allow, all equally likely."""
    if pattern == "single":
        return [1]
    if pattern in LEAST_CHANNELS:
        least = LEAST_CHANNELS[pattern]
        room = (CHANNELS - 1) // parameters["min_channel_skip"] + 1
        most = max(min(parameters["max_corrupted_channels"], room), least)
        return clamped(share_counts(parameters["affected_channels_pct"], CHANNELS), least, most)
    if pattern == "single_block":
        size = parameters["block_size"]
        return clamped(share_counts(parameters["block_corruption_pct"], size), size // 2 + 1, size)
    if pattern == "single_channel_random":
        room = (AREA - 1) // parameters["min_value_skip"] + 1
        most = max(min(parameters["max_cardinality"], room), 2)
        return clamped(share_counts(parameters["channel_corruption_pct"], AREA), 2, most)
    if pattern == "same_row":
        return in_row(**parameters)
    assert pattern == "single_channel_alternated_blocks"
    return blocks(**parameters)


def clamped(counts: list[int], least: int, most: int) -> list[int]:
    first, last = (min(max(each, least), most) for each in (counts[0], counts[-1]))
    return list(range(first, last + 1))


def in_row(
    row_corruption_pct: list[float], max_cardinality: int, min_value_skip: int, max_value_skip: int
) -> list[int]:
    least = min(min_value_skip, COLUMNS - 1)
    greatest = max(min(max_value_skip, COLUMNS - 1), least)
    possible = range(2, max(min(max_cardinality, (COLUMNS - 1) // least + 1), 2) + 1)
    low, high = row_corruption_pct
    return [
        number
        for number in possible
        if any(
            low - 1e-6 <= 100 * number / span <= high + 1e-6
            for span in range((number - 1) * least + 1, (number - 1) * greatest + 2)
            if span <= COLUMNS
        )
    ] or list(possible)


def blocks(
    block_size: int, min_block_skip: int, max_block_skip: int, max_feature_map_size: int
) -> list[int]:
    assert min_block_skip == max_block_skip
    there = math.ceil(AREA / block_size)
    stretch = min(max(math.ceil(max_feature_map_size**2 / block_size), 3), there)
    skip = min(max(min_block_skip, 2), stretch - 1)
    return [len(range(first, stretch, skip)) for first in range(min(skip, stretch - skip))]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", MODELS)
def test_cardinalities(name: str, count: int) -> None:
    """Of channels, of blocks, or of values where the pattern has one channel."""
    tests = []
    for pattern, drawn in by_pattern(name, count).items():
        expected: dict[Hashable, float] = defaultdict(float)
        for entry, frequency in ratios(said(name)[pattern].get("parameters", [{"frequency": 1}])):
            for parameters, probability in candidates(entry):
                allowed = cardinalities(pattern, parameters)
                for number in allowed:
                    expected[number] += frequency * probability / len(allowed)
        tests.append(chi_square(Counter(each.cardinality for each in drawn), expected))
    assert_fits(tests)


def test_a_wrong_frequency_is_noticed() -> None:
    tests = [chi_square(Counter({"a": 130, "b": 70}), {"a": 0.5, "b": 0.5})]
    with pytest.raises(AssertionError):
        assert_fits(tests)
    with pytest.raises(AssertionError):
        chi_square(Counter({"c": 1}), {"a": 1.0})
