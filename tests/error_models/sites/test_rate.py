"""The number of sites given as a rate: each element is a site independently."""

import json
from math import comb

import numpy as np
import pytest

from onnxfi.error_models import BitFlip, Zero, from_dict, load
from onnxfi.errors import ErrorModelError


def sites_of(rate: float, size: int, rng: np.random.Generator) -> list[int]:
    """Draw the sites of one corruption of a tensor of a given size."""
    golden = np.ones(size, dtype=np.float32)
    sites: list[int] = Zero(rate=rate).sample(golden, channel_axis=None, rng=rng).indices.tolist()
    return sites


@pytest.mark.parametrize("rate", [0.3, 0.6])
def test_every_set_of_sites_has_its_probability(rate: float) -> None:
    rng, draws, size = np.random.default_rng(5), 3000, 4
    counts = dict.fromkeys(range(2**size), 0)
    for _ in range(draws):
        counts[sum(2**site for site in sites_of(rate, size, rng))] += 1
    chi_square = 0.0
    for sites, count in counts.items():
        hit = sites.bit_count()
        expected = draws * rate**hit * (1 - rate) ** (size - hit)
        chi_square += (count - expected) ** 2 / expected
    freedom = 2**size - 1
    assert chi_square < freedom + 4 * (2 * freedom) ** 0.5


def test_number_of_sites_is_binomial() -> None:
    rng, draws, size, rate = np.random.default_rng(6), 2000, 100, 0.02
    numbers = np.bincount([len(sites_of(rate, size, rng)) for _ in range(draws)], minlength=8)
    for number in range(6):
        share = comb(size, number) * rate**number * (1 - rate) ** (size - number)
        assert abs(numbers[number] - draws * share) < 5 * (draws * share) ** 0.5


def test_a_rare_fault_in_a_huge_tensor_costs_nothing() -> None:
    # 10**14 elements, of which only one is in memory: nothing as long as the tensor is made.
    golden = np.broadcast_to(np.float32(1), (10**7, 10**7))
    rng = np.random.default_rng(0)
    numbers = []
    for _ in range(200):
        corruption = BitFlip("sign", rate=1e-14).sample(golden, channel_axis=None, rng=rng)
        assert corruption.values.tolist() == [-1.0] * corruption.indices.size
        numbers.append(corruption.indices.size)
    assert 150 < sum(numbers) < 250
    assert 50 < numbers.count(0) < 100  # 1/e of them


def test_no_site() -> None:
    golden = np.ones((2, 3), np.float16)
    corruption = BitFlip(rate=0).sample(golden, channel_axis=1, rng=np.random.default_rng(0))
    assert (corruption.indices.dtype, corruption.indices.shape) == (np.dtype(np.int64), (0,))
    assert (corruption.values.dtype, corruption.values.shape) == (np.dtype(np.float16), (0,))
    assert corruption.apply(golden).tobytes() == golden.tobytes()


def test_rate_of_1_is_every_element() -> None:
    assert sites_of(1, 50, np.random.default_rng(0)) == list(range(50))


@pytest.mark.parametrize("rate", [0, 1e-9, 1 / 3, 1, np.float32(0.1)])
def test_round_trip_is_exact(rate: float) -> None:
    model = BitFlip(rate=rate)
    configuration = model.to_dict()["configuration"]
    assert (configuration["rate"], configuration["count"]) == (float(rate), None)
    assert from_dict(json.loads(json.dumps(model.to_dict()))) == model
    assert load(f"bitflip:rate={float(rate)!r}") == model


@pytest.mark.parametrize("rate", [-1e-9, 1.1, float("nan"), float("inf"), True, "all", [0.5]])
def test_wrong_rate(rate: float) -> None:
    with pytest.raises(ErrorModelError, match="zero: rate must be a number from 0 to 1, got"):
        Zero(rate=rate)


def test_one_of_the_three() -> None:
    with pytest.raises(ErrorModelError, match=r"got count=1 and rate=0\.5: leave one of them out"):
        Zero(count=1, rate=0.5)
    with pytest.raises(ErrorModelError, match=r"got fraction=0\.1 and rate=0\.5"):
        Zero(fraction=0.1, rate=0.5)
