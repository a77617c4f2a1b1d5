"""Draws that several error models share, and mixes of value classes."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.error_models.spatial.choices import Weighted, draw_mask, draw_numbers, draw_share
from onnxfi.error_models.spatial.value_mix import ValueMix


def test_weighted_draws_by_frequency() -> None:
    weighted = Weighted(("a", "b", "c", "d"), (3.0, 0.0, 1.0, 4.0))
    rng = np.random.default_rng(1)
    counts = Counter(weighted.draw(rng=rng) for _ in range(8000))
    assert counts["b"] == 0
    for each, share in (("a", 3 / 8), ("c", 1 / 8), ("d", 4 / 8)):
        assert abs(counts[each] - 8000 * share) < 4 * (8000 * share * (1 - share)) ** 0.5


def test_weighted_only() -> None:
    weighted = Weighted(("a", "b", "c"), (3.0, 0.0, 1.0))
    assert weighted.only(lambda each: each != "a") == Weighted(("c",), (1.0,))
    assert weighted.only(lambda each: each == "b") is None


@settings(settings.get_profile("error_models"))
@given(
    ends=st.tuples(st.floats(0, 100), st.floats(0, 100)).map(sorted),
    whole=st.integers(0, 500),
    seed=st.integers(0, 2**32),
)
def test_share_is_in_the_band_or_next_to_it(ends: list[float], whole: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    number = draw_share((ends[0], ends[1]), whole, least=0, most=whole, rng=rng)
    low, high = (end * whole / 100 for end in ends)
    in_band = [each for each in range(whole + 1) if low - 1e-6 <= each <= high + 1e-6]
    assert number in in_band if in_band else low - 1 < number < high + 1


def test_share_is_uniform_over_whole_numbers() -> None:
    rng = np.random.default_rng(2)
    counts = Counter(draw_share((90, 100), 32, least=0, most=32, rng=rng) for _ in range(4000))
    assert counts.keys() == {29, 30, 31, 32}
    assert min(counts.values()) > 850


def test_share_between_whole_numbers_is_right_on_average() -> None:
    rng = np.random.default_rng(3)
    drawn = [draw_share((37.5, 50), 1, least=0, most=1, rng=rng) for _ in range(8000)]
    assert abs(np.mean(drawn) - 0.4375) < 4 * 0.5 / 8000**0.5


def test_share_keeps_to_its_limits() -> None:
    rng = np.random.default_rng(4)
    assert draw_share((0, 10), 100, least=20, most=30, rng=rng) == 20
    assert draw_share((90, 100), 100, least=20, most=30, rng=rng) == 30


@settings(settings.get_profile("error_models"))
@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_mask_has_its_count(case: tuple[int, int]) -> None:
    length, count = case
    mask = draw_mask(length, count, rng=np.random.default_rng(5))
    assert mask.dtype == bool
    assert (mask.shape, int(mask.sum())) == ((length,), count)


@pytest.mark.parametrize("count", [3, 17])
def test_mask_is_uniform(count: int) -> None:
    rng = np.random.default_rng(6)
    hits = np.sum([draw_mask(20, count, rng=rng) for _ in range(4000)], axis=0)
    share = count / 20
    assert (abs(hits - 4000 * share) < 4 * (4000 * share * (1 - share)) ** 0.5).all()


def shares_of(mix: ValueMix, count: int, rng: np.random.Generator) -> dict[str, int]:
    """Draw classes, check that each value has one, and count them."""
    drawn = mix.draw(count, rng=rng)
    assert np.sum([mask for _, mask in drawn], axis=0).tolist() == [1] * count
    return {value_class: int(mask.sum()) for value_class, mask in drawn}


def test_mix_of_one() -> None:
    assert shares_of(ValueMix(("zero",)), 5, np.random.default_rng(7)) == {"zero": 5}


def test_mix_of_two() -> None:
    mix = ValueMix(("in_range", "out_of_range"), (75.0, 87.5))
    rng = np.random.default_rng(8)
    drawn = Counter(shares_of(mix, 16, rng)["in_range"] for _ in range(900))
    assert drawn.keys() == {12, 13, 14}
    assert min(drawn.values()) > 200
    single = [shares_of(mix, 1, rng).get("in_range", 0) for _ in range(2000)]
    assert abs(np.mean(single) - 0.8125) < 0.04


def test_mix_of_any() -> None:
    mix = ValueMix(("in_range", "nan", "flip"), shares=(0.5, 0.125, 0.375))
    drawn = shares_of(mix, 8000, np.random.default_rng(9))
    assert abs(drawn["in_range"] - 4000) < 180
    assert abs(drawn["nan"] - 1000) < 120
    assert "zero" not in drawn


@pytest.mark.parametrize("size", [0, 1, 3, 4, 9])
@pytest.mark.parametrize("greatest", [-2, 5, 2**33])
def test_numbers_are_those_of_numpy(size: int, greatest: int) -> None:
    mine, expected = np.random.default_rng(10), np.random.default_rng(10)
    drawn = draw_numbers(-2, greatest, size, rng=mine)
    assert drawn == expected.integers(-2, greatest, size=size, endpoint=True).tolist()
    assert mine.bit_generator.state == expected.bit_generator.state
