"""Regions against slices of an array that holds each element's own index."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.error_models import (
    BitFlip,
    Corruption,
    ErrorModel,
    RandomValue,
    Region,
    SiteList,
    Zero,
    from_dict,
    load,
)
from onnxfi.error_models.sites.index_set import IndexSet, checked_indices
from onnxfi.errors import ErrorModelError


def draw(model: ErrorModel, golden: np.ndarray, axis: int | None = 1, seed: int = 0) -> Corruption:
    """Draw one corruption."""
    return model.sample(golden, channel_axis=axis, rng=np.random.default_rng(seed))


def all_sites(region: Any, shape: tuple[int, ...], axis: int | None = 1) -> list[int]:
    """Give every site of a region: those that a fraction of 1 hits."""
    corruption = draw(Zero(fraction=1.0, region=region), np.ones(shape, np.float32), axis)
    sites: list[int] = corruption.indices.tolist()
    return sites


def own_indices(shape: tuple[int, ...]) -> np.ndarray:
    """Give an array whose elements are their flat indices."""
    return np.arange(np.prod(shape)).reshape(shape)


def flat(array: np.ndarray) -> list[int]:
    """Give the elements in ascending order."""
    elements: list[int] = sorted(array.ravel().tolist())
    return elements


def test_channels_rows_and_columns_of_nchw_and_nhwc() -> None:
    said = {"channels": [1, "3-4"], "rows": [0, 2], "columns": 1}
    own = own_indices((2, 5, 4, 3))
    expected = own[:, [1, 3, 4]][:, :, [0, 2]][:, :, :, [1]]
    assert all_sites(said, (2, 5, 4, 3)) == flat(expected)
    own = own_indices((2, 4, 3, 5))
    expected = own[:, [0, 2]][:, :, [1]][:, :, :, [1, 3, 4]]
    assert all_sites(said, (2, 4, 3, 5), 3) == flat(expected)
    assert all_sites(said, (2, 4, 3, 5), -1) == flat(expected)


def test_rows_of_a_volume_count_through_its_planes() -> None:
    own = own_indices((2, 5, 4, 2, 3))
    said = {"channels": [0, 4], "rows": [1, "5-6"]}
    expected = own.reshape(2, 5, 8, 3)[:, [0, 4]][:, :, [1, 5, 6]]
    assert all_sites(said, own.shape) == flat(expected)


def test_features_are_channels() -> None:
    own = own_indices((3, 7))
    for axis in (1, None):
        assert all_sites({"channels": "2-4"}, own.shape, axis) == flat(own[:, 2:5])
    assert all_sites({"channels": 6}, (7,), None) == [6]
    assert all_sites({"rows": 0, "columns": 0}, own.shape) == flat(own)


def test_rows_without_channels() -> None:
    own = own_indices((2, 4, 5))
    assert all_sites({"rows": "1-2", "columns": 4}, own.shape, None) == flat(own[:, 1:3, 4])


def test_sequences_of_channels() -> None:
    own = own_indices((2, 4, 5))
    assert all_sites({"channels": 1, "columns": [0, 3]}, own.shape, 1) == flat(own[:, 1, [0, 3]])


def test_first_axis_of_a_weight() -> None:
    own = own_indices((4, 3, 2, 2))
    said = {"channels": [1, 3], "rows": "0-1", "columns": 1}
    # The other axes are 3 x 2 rows and 2 columns.
    expected = own.reshape(4, 6, 2)[[1, 3]][:, :2, 1]
    assert all_sites(said, own.shape, 0) == flat(expected)


def test_box() -> None:
    own = own_indices((2, 5, 4, 3))
    assert all_sites({"box": [1, "0-2", "all", 2]}, own.shape) == flat(own[1, :3, :, 2])
    assert all_sites({"box": ["all", "1-1", "2-3", "0-1"]}, own.shape, None) == flat(
        own[:, 1, 2:4, :2]
    )


def test_sites() -> None:
    assert all_sites({"sites": [7, 3, "10-12", 11, 3]}, (4, 5)) == [3, 7, 10, 11, 12]
    assert all_sites({"sites": 19}, (4, 5)) == [19]


def test_sites_of_an_npy_file(tmp_path: Path) -> None:
    path = tmp_path / "sites.npy"
    np.save(path, np.array([[9, 2], [2, 17]], np.uint16))
    assert all_sites({"sites": str(path)}, (4, 5)) == [2, 9, 17]
    assert all_sites(Region(sites=path), (4, 5)) == [2, 9, 17]


def test_a_list_of_corruptions_comes_back_as_a_region(tmp_path: Path) -> None:
    golden = np.ones((1, 3, 4, 4), np.float32)
    first = [draw(BitFlip(count=3), golden, seed=seed) for seed in range(4)]
    path = tmp_path / "sites.npz"
    SiteList(golden.shape, tuple(first)).save(path)
    expected = sorted({site for each in first for site in each.indices.tolist()})
    assert all_sites({"sites": str(path)}, golden.shape) == expected
    drawn = draw(RandomValue(count=4, region={"sites": str(path)}), golden)
    assert set(drawn.indices.tolist()) <= set(expected)


def test_sites_of_a_sample_are_meant_in_every_sample(tmp_path: Path) -> None:
    sample = np.ones((3, 4), np.float32)
    path = tmp_path / "sites.npz"
    SiteList(sample.shape, (draw(Zero(count=2), sample, None),)).save(path)
    (listed,) = SiteList.load(path).corruptions
    own = own_indices((5, 3, 4))
    expected = own.reshape(5, 12)[:, listed.indices]
    assert all_sites({"sites": str(path)}, own.shape) == flat(expected)
    with pytest.raises(ErrorModelError, match=r"shape \(3, 4\), got a target of shape \(5, 4, 3\)"):
        all_sites({"sites": str(path)}, (5, 4, 3))


index_lists = st.lists(
    st.one_of(
        st.integers(0, 40),
        st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda x: f"{x[0]}-{x[0] + x[1]}"),
    ),
    min_size=1,
    max_size=8,
)


@settings(settings.get_profile("error_models"))
@given(said=index_lists)
def test_an_index_set_is_the_set_of_what_is_written(said: list[int | str]) -> None:
    written = set()
    for item in said:
        first, _, last = str(item).partition("-")
        written |= set(range(int(first), int(last or first) + 1))
    indices = IndexSet.of(checked_indices("rows", said))
    assert (indices.size, indices.last) == (len(written), max(written))
    assert indices.at(np.arange(indices.size)).tolist() == sorted(written)
    assert IndexSet.of_array(np.array(sorted(written))).at(
        np.arange(len(written))
    ).tolist() == sorted(written)


def test_sites_are_uniform_in_the_region() -> None:
    golden = np.ones((1, 4, 3, 3), np.float32)
    region = Region(channels=[0, 2], rows="1-2")
    expected = set(all_sites(region, golden.shape))
    rng = np.random.default_rng(3)
    counts = np.zeros(golden.size)
    for _ in range(2000):
        sites = Zero(count=2, region=region).sample(golden, channel_axis=1, rng=rng).indices
        counts[sites] += 1
    assert set(np.flatnonzero(counts).tolist()) == expected
    hit = counts[sorted(expected)]
    mean = 4000 / len(expected)
    chi_square = float(((hit - mean) ** 2 / mean).sum())
    assert chi_square < 11 + 4 * 22**0.5


@pytest.mark.parametrize(
    "region",
    [
        {"channels": ["0-99999", 10**6], "rows": "0-99998"},
        {"box": ["0-9", "all", "5-99999", "0-9999"]},
        {"sites": ["0-99999999999999", 2**59]},
    ],
)
def test_a_large_region_is_not_listed(region: dict[str, Any]) -> None:
    # 10**18 elements, of which only one is in memory.
    golden = np.broadcast_to(np.float32(1), (10, 10**7, 10**5, 10**5))
    for model in (Zero(count=50, region=region), Zero(rate=1e-16, region=region)):
        sites = draw(model, golden).indices
        assert np.unique(sites).size == sites.size
        assert (np.diff(sites) > 0).all()


def test_number_of_sites_is_of_the_region() -> None:
    golden = np.ones((2, 10, 5, 5), np.float32)
    region = {"channels": "0-3"}
    assert draw(Zero(fraction=0.1, region=region), golden).indices.size == 20
    numbers = [draw(Zero(rate=0.1, region=region), golden, seed=x).indices.size for x in range(300)]
    assert abs(np.mean(numbers) - 20) < 1.5
    with pytest.raises(ErrorModelError, match="elements of the region, which has 200, got count="):
        draw(Zero(count=201, region=region), golden)


def test_the_whole_box_draws_as_the_target_does() -> None:
    golden = np.ones((2, 3, 4), np.float32)
    for seed in range(20):
        whole = draw(BitFlip(count=2, region={"box": ["all"] * 3}), golden, seed=seed)
        assert whole == draw(BitFlip(count=2), golden, seed=seed)


def test_channels_need_a_channel_axis() -> None:
    with pytest.raises(ErrorModelError, match="channels needs a target whose channel axis is know"):
        all_sites({"channels": 0}, (2, 3, 4), None)


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ({"channels": [0, 5]}, "region.channels has the index 5, and the target has 5 channels"),
        ({"rows": "0-4"}, "region.rows has the index 4, and the target has 4 rows"),
        ({"columns": 3}, r"the target has 3 columns, got the shape \(2, 5, 4, 3\)"),
        ({"box": [0, 0, 0]}, r"an entry for each axis of the target, got 3 for the shape"),
        ({"box": [0, "0-5", "all", "all"]}, "region.box has the index 5, .* 5 indices on axis 1"),
        ({"sites": 120}, "region.sites has the index 120, and the target has 120 elements"),
    ],
)
def test_a_region_beyond_the_target(region: dict[str, Any], message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        all_sites(region, (2, 5, 4, 3))


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ({}, "by channels, rows and columns, or by box, or by sites, got none of them"),
        ({"rows": 1, "box": [1]}, "or by sites, got rows, box"),
        ({"sites": 1, "box": [1]}, "or by sites, got box, sites"),
        ({"chanels": 1}, "got 'chanels' .did you mean 'channels'"),
        ("channels", "region must be a mapping .*got 'channels'"),
        ({"channels": []}, "region.channels must have one index or more"),
        ({"channels": -1}, "region.channels must be indices counted from 0 .* got -1"),
        ({"channels": "3-1"}, "got '3-1'"),
        ({"channels": "all"}, "got 'all'"),
        ({"channels": [1.5]}, "got 1.5"),
        ({"channels": True}, "got True"),
        ({"rows": [[1, 2]]}, r"got \[1, 2\]"),
        ({"rows": "0-99999999999999999999"}, "got '0-99999999999999999999'"),
        ({"box": "all"}, "region.box must be a list"),
        ({"box": []}, "region.box must be a list"),
        ({"box": [[0, 1], 0]}, r"region.box must be indices .* got \[0, 1\]"),
        ({"sites": "no_such.npz"}, "region.sites: no_such.npz"),
        ({"sites": "no_such.npy"}, "region.sites: no_such.npy must be .* No such file"),
    ],
)
def test_wrong_regions(region: Any, message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        Zero(region=region)


@pytest.mark.parametrize(
    "array", [np.array([1.0]), np.array([], int), np.array([-1]), np.array([2**63], np.uint64)]
)
def test_wrong_files_of_sites(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "sites.npy", array)
    with pytest.raises(ErrorModelError, match="must hold one site or more, as integers counted"):
        Zero(region={"sites": str(tmp_path / "sites.npy")})
    (tmp_path / "sites.npy").write_bytes(b"no")
    with pytest.raises(ErrorModelError, match=r"must be an \.npz of injection sites"):
        Zero(region={"sites": str(tmp_path / "sites.npy")})


@pytest.mark.parametrize(
    ("spec", "region"),
    [
        ("zero:region.channels=[0,3,8-15]", {"channels": [0, 3, "8-15"]}),
        ("zero:region.rows=0-2,region.columns=5,count=2", {"rows": ["0-2"], "columns": [5]}),
        ("zero:region.box=[0,all,2-5]", {"box": [0, "all", "2-5"]}),
        ("zero:rate=0.1,region.sites=[1,2]", {"sites": [1, 2]}),
    ],
)
def test_texts_and_round_trips(spec: str, region: dict[str, Any]) -> None:
    model = load(spec)
    assert model.to_dict()["configuration"]["region"] == region
    assert from_dict(json.loads(json.dumps(model.to_dict()))) == model
    assert isinstance(model, Zero)
    assert model.region == Region(**region)


def test_numbers_of_numpy_and_ranges_become_plain() -> None:
    region = Region(channels=np.array([3, 1]), rows=range(2), box=None)
    assert region == Region(channels=(3, 1), rows=[0, 1])
    assert json.dumps(region.to_dict()) == '{"channels": [3, 1], "rows": [0, 1]}'
