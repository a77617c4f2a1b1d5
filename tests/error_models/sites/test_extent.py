"""The number of sites given as a fraction of the elements."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.error_models import BitFlip, RandomValue, Zero, from_dict, load
from onnxfi.errors import ErrorModelError

MODELS = (BitFlip, Zero, RandomValue)


def sites_of(model: BitFlip | Zero | RandomValue, size: int) -> list[int]:
    """Draw the sites of one corruption of a tensor of a given size."""
    golden = np.ones(size, dtype=np.float32)
    corruption = model.sample(golden, channel_axis=None, rng=np.random.default_rng(size))
    assert corruption.values.shape == corruption.indices.shape
    return [int(x) for x in corruption.indices]


@pytest.mark.parametrize("kind", MODELS)
@settings(settings.get_profile("error_models"))
@given(fraction=st.floats(0, 1, exclude_min=True), size=st.integers(1, 300))
def test_is_the_nearest_number_of_sites(
    kind: type[BitFlip | Zero | RandomValue], fraction: float, size: int
) -> None:
    sites = sites_of(kind(fraction=fraction), size)
    assert len(set(sites)) == len(sites) >= 1
    asked = Fraction(fraction) * size
    assert abs(len(sites) - asked) <= Fraction(1, 2) + Fraction(1, 10**9) or len(sites) == 1


@pytest.mark.parametrize("kind", MODELS)
def test_one_is_every_element(kind: type[BitFlip | Zero | RandomValue]) -> None:
    assert sites_of(kind(fraction=1.0), 77) == list(range(77))


@pytest.mark.parametrize("kind", MODELS)
def test_same_sites_as_by_count(kind: type[BitFlip | Zero | RandomValue]) -> None:
    assert sites_of(kind(fraction=0.1), 50) == sites_of(kind(count=5), 50)


def test_without_either_it_is_one_site() -> None:
    assert BitFlip() == BitFlip(count=1) == BitFlip(count=1, fraction=None)
    assert len(sites_of(BitFlip(), 9)) == 1


@pytest.mark.parametrize("fraction", [0.01, 1e-9, 1 / 3, 1, np.float32(0.1), np.int64(1)])
def test_round_trip_is_exact(fraction: float) -> None:
    model = BitFlip(fraction=fraction)
    document = json.loads(json.dumps(model.to_dict()))
    other = BitFlip().to_dict()["configuration"] | {"count": None, "fraction": float(fraction)}
    assert document["configuration"] == other
    assert from_dict(document) == model == load(f"bitflip:fraction={float(fraction)!r}")


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize(
    "fraction", [0, 0.0, -0.5, 1.0001, 2, float("nan"), float("inf"), True, "half", [0.5]]
)
def test_wrong_fraction(kind: type[BitFlip | Zero | RandomValue], fraction: float) -> None:
    with pytest.raises(ErrorModelError, match=f"{kind.name}: fraction must be a number above 0"):
        kind(fraction=fraction)


@pytest.mark.parametrize("kind", MODELS)
def test_both_are_refused(kind: type[BitFlip | Zero | RandomValue]) -> None:
    with pytest.raises(ErrorModelError, match=r"got count=3 and fraction=0.5: leave one of them"):
        kind(count=3, fraction=0.5)
