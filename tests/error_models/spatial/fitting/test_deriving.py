"""Deriving a spatial model, and merging several."""

from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.error_models import SpatialModel
from onnxfi.error_models.spatial.choices import Weighted
from onnxfi.error_models.spatial.distribution import PatternDistribution, SpatialDistribution
from onnxfi.error_models.spatial.files.spatial_file import (
    SpatialFile,
    format_spatial_file,
    read_spatial_file,
)
from onnxfi.error_models.spatial.fitting.deriving import derive
from onnxfi.error_models.spatial.fitting.merging import merge
from onnxfi.error_models.spatial.fitting.observing import Observation, observe
from onnxfi.error_models.spatial.library import built_in_model
from onnxfi.error_models.spatial.patterns import Parameters
from onnxfi.error_models.spatial.value_mix import ValueMix
from onnxfi.errors import ErrorModelError

UNAMBIGUOUS = Path(__file__).parents[2] / "data" / "unambiguous.json"
RELU = built_in_model("relu").distribution
DRAWN = 1500


@cache
def derived() -> SpatialDistribution:
    """Derive a model from what another one draws."""
    golden = np.random.default_rng(1).standard_normal((1, 32, 13, 17)).astype(np.float32)
    model = SpatialModel(UNAMBIGUOUS)
    rng = np.random.default_rng(2)
    found: list[Observation] = []
    for _ in range(DRAWN):
        corruption = model.sample(golden, channel_axis=1, rng=rng)
        found += observe(golden, corruption.apply(golden), channel_axis=1)
    assert len(found) == DRAWN
    return derive(found)


def by_name(distribution: SpatialDistribution) -> dict[str, tuple[PatternDistribution, float]]:
    return {each.pattern: (each, share) for each, share in distribution.shares()}


def assert_share(observed: float, expected: float, count: float) -> None:
    """Compare shares: at most four and a half standard deviations apart."""
    assert abs(observed - expected) <= 4.5 * (expected * (1 - expected) / count) ** 0.5


PATTERNS = by_name(read_spatial_file(str(UNAMBIGUOUS)).distribution)


def test_patterns_come_back() -> None:
    assert by_name(derived()).keys() == PATTERNS.keys()
    for name, (_, share) in by_name(derived()).items():
        assert_share(share, PATTERNS[name][1], DRAWN)


@pytest.mark.parametrize("name", [name for name in PATTERNS if name != "single"])
def test_parameters_come_back(name: str) -> None:
    expected, share = PATTERNS[name]
    found, _ = by_name(derived())[name]
    assert len(found.parameters.items) == len(expected.parameters.items)
    for said, said_share in expected.parameters.shares():
        bands = {
            key: tuple((10.0 * (low // 10), 10.0 * (low // 10) + 10) for low, _ in candidates)
            for key, candidates in said.percentages.items()
        }
        ((back, back_share),) = (
            (each, part) for each, part in found.parameters.shares() if each.percentages == bands
        )
        assert_share(back_share, said_share, DRAWN * share)
        assert back.numbers == said.numbers


def test_values_come_back() -> None:
    for name, (expected, share) in PATTERNS.items():
        found, _ = by_name(derived())[name]
        for said, said_share in expected.value_mixes.shares():
            if name == "single":  # whose only value is of one class
                assert set(found.value_mixes.items) == {
                    ValueMix(("out_of_range",)),
                    ValueMix(("zero",)),
                }
                continue
            (back_share,) = (
                part
                for mix, part in found.value_mixes.shares()
                if set(mix.classes) == set(said.classes)
                and (mix.shares is None) == (said.shares is None)
            )
            assert_share(back_share, said_share, DRAWN * share)
    block, _ = by_name(derived())["single_block"]
    mixes = block.value_mixes.items
    assert ValueMix(("in_range", "zero"), (62.5, 75.0)) in mixes
    # Of about 1000 values: four and a half standard deviations.
    (pooled,) = (dict(zip(mix.classes, mix.shares, strict=True)) for mix in mixes if mix.shares)
    assert pooled == {
        "in_range": pytest.approx(0.3, abs=0.065),
        "nan": pytest.approx(0.3, abs=0.065),
        "zero": pytest.approx(0.4, abs=0.065),
    }


def test_what_is_derived_can_be_written_and_drawn_from(tmp_path: Path) -> None:
    path = tmp_path / "derived.json"
    path.write_text(format_spatial_file(SpatialFile(derived(), "a test", DRAWN)))
    model = SpatialModel(path)
    golden = np.ones((1, 8, 9, 9), np.float32)
    assert model.sample(golden, channel_axis=1, rng=np.random.default_rng(0)).indices.size


def wake(channels: int, **values: int) -> Observation:
    numbers = {"max_corrupted_channels": channels, "min_channel_skip": 1, "max_channel_skip": 9}
    share = 100 * channels / 100
    parameters = Parameters(numbers, {"affected_channels_pct": (share, share)})
    return Observation("bullet_wake", parameters, values)  # type: ignore[arg-type]


def test_rare_entries_are_put_together() -> None:
    rare = [wake(35, zero=2, nan=1, flip=1), wake(50, zero=1, flip=1)]
    found = [wake(11, zero=3), wake(19, zero=3)] * 150 + rare
    ((pattern, _),) = derive(found).shares()
    (frequent, rest), shares = pattern.parameters.items, pattern.parameters.frequencies
    assert frequent.numbers["max_corrupted_channels"] == (19,)
    assert frequent.percentages["affected_channels_pct"] == ((10.0, 20.0),)
    assert rest.numbers["max_corrupted_channels"] == (35, 50)
    assert rest.percentages["affected_channels_pct"] == ((30.0, 40.0), (50.0, 60.0))
    assert shares == (300, 2)
    zero, pooled = pattern.value_mixes.items
    assert zero == ValueMix(("zero",))
    assert dict(zip(pooled.classes, pooled.shares or (), strict=True)) == {
        "zero": 0.5,
        "nan": pytest.approx(1 / 6),
        "flip": pytest.approx(1 / 3),
    }


def test_nothing_to_derive_from() -> None:
    with pytest.raises(ErrorModelError, match="is derived from corrupted tensors"):
        derive([])


def test_merging_adds_up_what_each_draws() -> None:
    models = [(RELU, 3.0), (built_in_model("conv").distribution, 1.0)]
    merged = merge(models)
    expected: dict[tuple[object, ...], float] = defaultdict(float)
    for distribution, weight in models:
        for pattern, share in distribution.shares():
            for mix, part in pattern.value_mixes.shares():
                expected[pattern.pattern, mix] += weight / 4 * share * part
            for parameters, part in pattern.parameters.shares():
                expected[pattern.pattern, repr(parameters)] += weight / 4 * share * part
    found: dict[tuple[object, ...], float] = {}
    for pattern, share in merged.shares():
        for mix, part in pattern.value_mixes.shares():
            found[pattern.pattern, mix] = share * part
        for parameters, part in pattern.parameters.shares():
            found[pattern.pattern, repr(parameters)] = share * part
    assert found.keys() == expected.keys()
    for key, share in expected.items():
        assert found[key] == pytest.approx(share)


def test_merging_with_itself_changes_nothing() -> None:
    for weights in ((1.0, 1.0), (0.0, 5.0)):
        merged = merge([(RELU, weight) for weight in weights])
        for (one, share), (other, expected) in zip(merged.shares(), RELU.shares(), strict=True):
            assert one.pattern == other.pattern
            assert share == pytest.approx(expected)
            assert_same(one.value_mixes, other.value_mixes)
            assert_same(one.parameters, other.parameters)


def assert_same(one: Weighted[Any], other: Weighted[Any]) -> None:
    assert one.items == other.items
    assert [x for _, x in one.shares()] == pytest.approx([x for _, x in other.shares()])


@pytest.mark.parametrize("weights", [(1.0, -1.0), (float("nan"), 1.0), (float("inf"), 1.0)])
def test_wrong_weights(weights: tuple[float, float]) -> None:
    with pytest.raises(ErrorModelError, match="a weight must be a number of at least 0"):
        merge([(RELU, weight) for weight in weights])


def test_no_weight() -> None:
    with pytest.raises(ErrorModelError, match="a weight above 0, and none has"):
        merge([(RELU, 0.0)])
