"""Observing corruptions: patterns, parameters and value classes of tensors made by hand."""

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from onnxfi.error_models import SpatialModel
from onnxfi.error_models.spatial.fitting.classifying import classify_sites
from onnxfi.error_models.spatial.fitting.observing import Observation, observe
from onnxfi.error_models.spatial.library import MODELS
from onnxfi.error_models.spatial.patterns import PATTERNS
from onnxfi.errors import ErrorModelError

SHAPE = (1, 20, 12, 16)
ROW, AREA = 16, 12 * 16


def golden_of(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(1, 2, shape).astype(np.float32)


def observed(*places: Any, value: float = 9.0) -> Observation:
    """Observe a tensor of SHAPE with a value at each place, an index into one sample."""
    golden = golden_of(*SHAPE)
    faulty = golden.copy()
    for place in places:
        faulty[0][place] = value
    (found,) = observe(golden, faulty, channel_axis=1)
    return found


def flat(channel: int, *positions: int) -> Any:
    return (channel, *np.unravel_index(list(positions), SHAPE[2:]))


@pytest.mark.parametrize(
    ("places", "pattern", "parameters"),
    [
        ([np.s_[3, 4, 5]], "single", {}),
        (
            [np.s_[3, 4, 5:12:3]],
            "same_row",
            {
                "max_cardinality": 3,
                "min_value_skip": 3,
                "max_value_skip": 3,
                "row_corruption_pct": 300 / 7,
            },
        ),
        # The width is a multiple of 4, so these lie a multiple of 4 apart.
        ([np.s_[3, 2:8:2, 5]], "same_column", {"max_cardinality": 3, "min_value_skip": 2}),
        ([np.s_[3, 4, 1:13:4]], "skip_4", {"unique_channel_indexes": 3, "skip_amount": 4}),
        (
            [np.s_[3:5, 4, 1:13:4], np.s_[5, 4, 1]],
            "skip_4",
            {"indexes_corruption_pct": 700 / 9, "affected_channels_pct": 15},
        ),
        ([flat(2, 14, 16, 18, 20)], "skip_2", {"skip_amount": 2, "unique_channel_indexes": 4}),
        # Eight and a half of sixteen is the least.
        (
            [flat(2, *range(10, 19))],
            "single_block",
            {"block_size": 16, "block_corruption_pct": 56.25},
        ),
        ([flat(2, *range(10, 35))], "single_block", {"block_size": 32}),
        (
            [flat(4, *range(32, 64), *range(96, 128), *range(160, 192))],
            "single_channel_alternated_blocks",
            {"min_block_skip": 2, "max_block_skip": 2, "max_feature_map_size": 13},
        ),
        ([np.s_[3:8]], "full_channels", {"avg_channel_corruption_pct": 100}),
        (
            [np.s_[3:8:2, 2:5, 5:9]],
            "rectangles",
            {
                "rectangle_width": 4,
                "rectangle_height": 3,
                "max_corrupted_channels": 3,
                "min_channel_skip": 2,
                "max_channel_skip": 2,
                "affected_channels_pct": 15,
            },
        ),
        (
            [flat(1, 3, 23, 52, 57)],
            "single_channel_random",
            {"channel_corruption_pct": 400 / AREA, "min_value_skip": 5, "max_value_skip": 29},
        ),
        ([np.s_[3:9:5, 4, 5], np.s_[10, 4, 5]], "bullet_wake", {"max_channel_skip": 5}),
        (
            [flat(1, *range(20, 36)), flat(2, 25), flat(6, *range(22, 36))],
            "multi_channel_block",
            {"block_size": 16, "avg_block_corruption_pct": 3100 / 48},
        ),
        (
            [flat(1, 20, 21), flat(2, 21, 22, 26), flat(3, 21)],
            "shattered_channel",
            {"min_span_width": 1, "max_span_width": 6, "avg_span_corruption_pct": 600 / 9},
        ),
        ([flat(1, 20, 21), flat(2, 21, 22, 26), flat(3, 35)], "quasi_shattered_channel", {}),
        (
            [flat(1, 20, 21), flat(2, 25, 40, 67)],
            "multiple_channels_uncategorized",
            {"min_errors_per_channel": 2, "max_errors_per_channel": 3},
        ),
    ],
)
def test_patterns_and_their_parameters(
    places: list[Any], pattern: str, parameters: dict[str, float]
) -> None:
    found = observed(*places)
    assert found.pattern == pattern
    known = PATTERNS[pattern]
    assert found.parameters.numbers.keys() == known.numbers.keys()
    assert found.parameters.percentages.keys() == set(known.percentages)
    for name, value in found.parameters.numbers.items():
        assert value in known.numbers[name]
    for name, expected in parameters.items():
        if name in known.numbers:
            assert found.parameters.numbers[name] == expected
        else:
            assert found.parameters.percentages[name] == pytest.approx((expected, expected))


def test_value_classes() -> None:
    golden = golden_of(1, 2, 4, 5)
    faulty = golden.copy()
    values = faulty.reshape(-1)
    values[:6] = [math.nan, math.inf, 0, 1.5, -1.5, 1e30]
    values[6:7].view(np.int32)[:] ^= 1 << 29
    (found,) = observe(golden, faulty, channel_axis=1)
    assert found.values == {"nan": 2, "zero": 1, "in_range": 1, "out_of_range": 2, "flip": 1}


def test_what_counts_as_corrupted() -> None:
    golden = np.array([[math.nan, math.inf, 0.0, 1.0, 2.0, 3.0]], np.float32)
    faulty = np.array([[math.nan, math.inf, -0.0, 1.0, 2.3, math.nan]], np.float32)
    (found,) = observe(golden, faulty, channel_axis=1)
    assert found.values == {"nan": 1, "in_range": 1}
    # A NaN is no small difference.
    (found,) = observe(golden, faulty, channel_axis=1, tolerance=0.5)
    assert found.values == {"nan": 1}
    assert not observe(golden, golden.copy(), channel_axis=1)
    large = np.array([[2**62, 1]])
    (found,) = observe(large, large + np.array([[1, 0]]), channel_axis=1)
    assert found.values.keys() == {"flip"}


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.int8, np.bool_])
def test_dtypes(dtype: Any) -> None:
    golden = np.zeros((1, 4, 3, 3)).astype(dtype)
    faulty = golden.copy()
    faulty[0, 1:3, 2, 2] = 1
    (found,) = observe(golden, faulty, channel_axis=1)
    assert found.pattern == "bullet_wake"


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
def test_channels_are_where_the_axis_says(axis: int) -> None:
    golden = golden_of(4, 6, 7, 8)
    faulty = golden.copy()
    channels = np.moveaxis(faulty, axis, 0)
    channels[1:4, 0, 2, 3] = 9  # of the three other axes, the first is that of the batch
    (found,) = observe(golden, faulty, channel_axis=axis)
    assert found.pattern == "bullet_wake"
    assert found.parameters.numbers["max_corrupted_channels"] == 3


def test_each_corrupted_sample_counts() -> None:
    golden = golden_of(3, 6, 9, 9)
    faulty = golden.copy()
    faulty[0, 2] = 0
    faulty[2, 1, 1, 1] = 0
    assert [each.pattern for each in observe(golden, faulty, channel_axis=1)] == [
        "full_channels",
        "single",
    ]


def test_features_are_channels() -> None:
    golden = golden_of(2, 30)
    faulty = golden.copy()
    faulty[1, [2, 9]] = 0
    (found,) = observe(golden, faulty, channel_axis=1)
    assert found.pattern == "bullet_wake"
    assert found.parameters.numbers["min_channel_skip"] == 7


@pytest.mark.parametrize("other", [np.zeros((1, 3), np.float32), np.zeros((1, 2))])
def test_tensors_must_be_alike(other: np.ndarray) -> None:
    with pytest.raises(ErrorModelError, match=r"float32 of shape \(1, 2\), got"):
        observe(np.zeros((1, 2), np.float32), other, channel_axis=1)


@pytest.mark.parametrize("name", MODELS)
def test_sites_that_the_built_in_models_draw_are_classified(name: str) -> None:
    """Every pattern that is found, the sites have, and its parameters are allowed ones."""
    golden = golden_of(1, 32, 9, 11)
    model = SpatialModel(name)
    rng = np.random.default_rng(6)
    for _ in range(40):
        corruption = model.sample(golden, channel_axis=1, rng=rng)
        shape = (32, 9, 11)
        pattern = PATTERNS[classify_sites(corruption.indices, shape)]
        assert pattern.belongs(corruption.indices, shape)
        parameters = pattern.measure(corruption.indices, shape)
        assert all(value in pattern.numbers[key] for key, value in parameters.numbers.items())
        assert all(0 < low == high <= 100 for low, high in parameters.percentages.values())
