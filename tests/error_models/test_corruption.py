"""Corruption: checks and application."""

import numpy as np
import pytest

from onnxfi.error_models import BitFlip, Corruption
from onnxfi.error_models.sites.extent import Extent
from onnxfi.error_models.sites.uniform import draw_sites
from onnxfi.errors import ErrorModelError, InputError


def corruption_of(indices: list[int], values: list[float]) -> Corruption:
    """Make a float32 corruption."""
    return Corruption(np.array(indices, np.int64), np.array(values, np.float32))


def test_apply_counts_in_c_order_in_any_layout() -> None:
    tensor = np.zeros((2, 3), dtype=np.float32)
    expected = [[0, 1, 0], [0, 0, 2]]
    for layout in (tensor, np.asfortranarray(tensor), np.zeros((3, 2), np.float32).T):
        corrupted = corruption_of([5, 1], [2, 1]).apply(layout)
        assert corrupted.tolist() == expected
        assert corrupted.flags.c_contiguous
        assert not layout.any()


def test_empty_corruption_changes_nothing() -> None:
    tensor = np.arange(4, dtype=np.float32)
    assert corruption_of([], []).apply(tensor).tolist() == tensor.tolist()
    assert corruption_of([], []).apply(np.zeros((0, 2), np.float32)).shape == (0, 2)


def test_apply_checks_the_tensor() -> None:
    with pytest.raises(InputError, match=r"dtype float32 applies .*got float64"):
        corruption_of([0], [1]).apply(np.zeros(3))
    with pytest.raises(InputError, match="3 elements, got the index 3"):
        corruption_of([3], [1]).apply(np.zeros(3, np.float32))


def test_equality_is_bit_by_bit() -> None:
    assert corruption_of([1], [np.nan]) == corruption_of([1], [np.nan])
    assert corruption_of([1], [0.0]) != corruption_of([1], [-0.0])
    assert corruption_of([1], [1]) != corruption_of([2], [1])
    one = corruption_of([1], [1])
    assert one != Corruption(one.indices, one.values, bits=np.array([1], np.int16))
    assert one != Corruption(one.indices, one.values, pattern="row")
    assert one != "a corruption"


@pytest.mark.parametrize(
    ("indices", "values", "bits", "message"),
    [
        (np.array([1.0]), np.zeros(1), None, "indices must be int64"),
        (np.array([[1]]), np.zeros((1, 1)), None, "indices must be int64"),
        (np.array([1]), np.zeros(2), None, "one value for each"),
        (np.array([1]), np.zeros(1), np.array([1]), "bits must be int16"),
        (np.array([1]), np.zeros(1), np.zeros(2, np.int16), "bits must be int16"),
        (np.array([-1, 2]), np.zeros(2), None, "counted from 0, got the index -1"),
        (np.array([3, 1, 3]), np.zeros(3), None, "unique"),
    ],
)
def test_refuses(
    indices: np.ndarray, values: np.ndarray, bits: np.ndarray | None, message: str
) -> None:
    with pytest.raises(ErrorModelError, match=message):
        Corruption(indices, values, bits=bits)


@pytest.mark.parametrize("count", [1, 2, 30, 99, 100])
def test_sites_are_sorted_and_unique(count: int) -> None:
    rng = np.random.default_rng(count)
    for _ in range(50):
        sites = draw_sites(np.zeros((10, 10)), Extent(count), rng=rng)
        assert sites.dtype == np.int64
        assert (np.diff(sites) > 0).all()
        assert sites.size == count


def test_cost_does_not_grow_with_the_tensor() -> None:
    # 2**40 elements, of which only one is in memory: a copy would not fit.
    golden = np.broadcast_to(np.float32(1), (2**20, 2**20))
    corruption = BitFlip(bit="sign", count=20).sample(
        golden, channel_axis=None, rng=np.random.default_rng(0)
    )
    assert corruption.values.tolist() == [-1.0] * 20
    assert np.unique(corruption.indices).size == 20
