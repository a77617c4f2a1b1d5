"""Lists of corruptions: what is written is what is read."""

import pickle
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from onnxfi.error_models import (
    BitFlip,
    Corruption,
    SiteList,
    read_dense_sites,
    write_dense_sites,
)
from onnxfi.error_models.sites.dense_sites import masks_path
from onnxfi.errors import InputError

DTYPES = [
    *("float16", "float32", "float64", "bool", "int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64", "bfloat16", "float8_e5m2"),
]


def corruption(indices: list[int], values: list[float], dtype: Any = np.float32) -> Corruption:
    return Corruption(np.array(indices, np.int64), np.array(values, dtype))


@st.composite
def site_lists(draw: st.DrawFn) -> SiteList:
    dtype = np.dtype(getattr(ml_dtypes, name := draw(st.sampled_from(DTYPES)), name))
    shape = draw(npst.array_shapes(min_dims=1, max_dims=4, max_side=4))
    corruptions = []
    for _ in range(draw(st.integers(1, 4))):
        indices = draw(st.lists(st.integers(0, int(np.prod(shape)) - 1), unique=True, max_size=6))
        if dtype == np.bool_:
            values = np.array([draw(st.booleans()) for _ in indices], bool)
        else:  # any bits, and so any NaN
            raw = draw(
                st.binary(
                    min_size=dtype.itemsize * len(indices), max_size=dtype.itemsize * len(indices)
                )
            )
            values = np.frombuffer(raw, dtype).copy()
        bits = None
        if bool(indices) and draw(st.booleans()):
            bits = np.arange(len(indices), dtype=np.int16)
        pattern = draw(st.sampled_from([None, "same_row", "ß…"]))
        corruptions.append(Corruption(np.array(indices, np.int64), values, bits, pattern))
    return SiteList(shape, tuple(corruptions))


@settings(settings.get_profile("error_models"), suppress_health_check=[HealthCheck.too_slow])
@given(sites=site_lists())
def test_a_list_is_read_as_it_was_written(tmp_path_factory: Any, sites: SiteList) -> None:
    path = tmp_path_factory.getbasetemp() / "sites.npz"
    sites.save(path)
    read = SiteList.load(path)
    assert read.shape == sites.shape
    assert read.dtype == sites.dtype
    assert read.corruptions == sites.corruptions


def test_the_arrays_of_the_file(tmp_path: Path) -> None:
    flip = Corruption(
        np.array([5, 2]), np.array([1, -1], np.float32), np.array([31, 0], np.int16), "row"
    )
    SiteList((2, 3), (corruption([1], [np.inf]), flip)).save(tmp_path / "sites.npz")
    with np.load(tmp_path / "sites.npz", allow_pickle=False) as content:
        listed = {name: content[name].tolist() for name in content.files}
    assert listed == {
        "version": 1,
        "shape": [2, 3],
        "dtype": "float32",
        "offsets": [0, 1, 3],
        "indices": [1, 5, 2],
        "values": [np.inf, 1, -1],
        "bits": [-1, 31, 0],
        "patterns": ["", "row"],
    }


def test_a_list_holds_what_fits_one_tensor() -> None:
    with pytest.raises(InputError, match="at least one"):
        SiteList((2,), ())
    with pytest.raises(InputError, match="corruption 1 has float64 while the first has float32"):
        SiteList((2,), (corruption([0], [1]), corruption([0], [1], np.float64)))
    with pytest.raises(InputError, match=r"shape \(2,\), and corruption 0 has the index 2"):
        SiteList((2,), (corruption([2], [1]),))
    SiteList((0,), (corruption([], []),))


def broken_files(tmp_path: Path) -> dict[str, str]:
    """Write files that are no lists, and return what the message must say of each."""
    good = tmp_path / "good.npz"
    SiteList((2, 3), (corruption([1], [2]), corruption([0, 5], [1, 1]))).save(good)
    with np.load(good, allow_pickle=False) as content:
        arrays = dict(content)
    changes: dict[str, tuple[str, Any, str]] = {
        "version.npz": ("version", np.array(2), "version must be 1, got 2"),
        "dtype.npz": ("dtype", np.array("float65"), "float65"),
        "object.npz": ("dtype", np.array("object"), "object"),
        "values.npz": ("values", np.zeros(3), "must be float32, got float64"),
        "length.npz": ("bits", np.zeros(2, np.int16), "it must hold 3 sites"),
        "outside.npz": ("indices", np.array([1, 0, 6]), "has the index 6"),
        "twice.npz": ("indices", np.array([1, 5, 5]), "unique"),
        "offsets.npz": ("offsets", np.array([0, 4, 3]), "its offsets must"),
        "no_offsets.npz": ("offsets", np.array([], np.int64), "its offsets must"),
        "pickled.npz": ("patterns", np.array([{}, {}]), "Object arrays"),
    }
    for name, (key, array, _) in changes.items():
        np.savez(tmp_path / name, **{**arrays, key: array})
    del arrays["bits"]
    np.savez(tmp_path / "missing.npz", **arrays)
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps([1, 2]))
    (tmp_path / "cut.npz").write_bytes(good.read_bytes()[:-30])
    flipped = bytearray(good.read_bytes())
    flipped[200:210] = b"x" * 10
    (tmp_path / "flipped.npz").write_bytes(flipped)
    return {name: message for name, (_, _, message) in changes.items()} | {
        "missing.npz": "no array 'bits'",
        "text.npz": "not a zip file",
        "pickle.npz": "not a zip file",
        "cut.npz": "zip",
        "flipped.npz": "",
        "none.npz": "No such file",
    }


def test_files_that_are_no_lists(tmp_path: Path) -> None:
    for name, message in broken_files(tmp_path).items():
        with pytest.raises(InputError) as error:
            SiteList.load(tmp_path / name)
        assert message in str(error.value)
        assert name in str(error.value)
        assert "allow_pickle=True" not in str(error.value)


def dense_pair(folder: Path, injections: Any, masks: Any) -> Path:
    np.save(folder / "injections.npy", injections)
    np.save(folder / "masks.npy", masks)
    return folder / "injections.npy"


def as_the_tool_makes_them(sites: list[dict[tuple[int, int, int], float]]) -> tuple[Any, Any]:
    """Two lists of float64 arrays (2, 3, 4), as the published tool fills them."""
    injections, masks = np.zeros((len(sites), 2, 3, 4)), np.ones((len(sites), 2, 3, 4))
    for number, values in enumerate(sites):
        for place, injected in values.items():
            injections[(number, *place)] = injected
            masks[(number, *place)] = 0
    return injections, masks


def test_the_dense_pair_means_what_its_layer_computes(tmp_path: Path) -> None:
    """Except that what is injected is not changed by the value that it replaces."""
    sites = [
        {(0, 1, 2): 7.5, (1, 2, 3): -0.0, (0, 0, 0): np.inf},
        {(1, 1, 1): np.nan, (0, 2, 0): 2.3e19},
        {},
    ]
    injections, masks = as_the_tool_makes_them(sites)
    path = dense_pair(tmp_path, injections, masks)
    golden = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    expected = [
        golden * mask + injection for mask, injection in zip(masks, injections, strict=True)
    ]

    last = read_dense_sites(path, dtype=golden.dtype, channel_axis=2)
    assert last.shape == (2, 3, 4)
    for drawn, tensor in zip(last.corruptions, expected, strict=True):
        np.testing.assert_array_equal(drawn.apply(golden), tensor.astype(np.float32))
    assert np.signbit(last.corruptions[0].apply(golden)[1, 2, 3])  # the layer loses the sign

    first = read_dense_sites(path, dtype=golden.dtype, channel_axis=0)
    assert first.shape == (4, 2, 3)
    for drawn, tensor in zip(first.corruptions, expected, strict=True):
        turned = np.moveaxis(golden, -1, 0).copy()
        np.testing.assert_array_equal(
            drawn.apply(turned), np.moveaxis(tensor, -1, 0).astype(np.float32)
        )

    unturned = read_dense_sites(path, dtype=golden.dtype)
    assert unturned.corruptions == last.corruptions
    # Where the golden value is infinite, the layer would give NaN.
    infinite = np.full_like(golden, np.inf)
    assert last.corruptions[0].apply(infinite)[0, 1, 2] == 7.5


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("channel_axis", [None, 0, 1, 2])
def test_a_dense_pair_is_read_as_it_was_written(
    tmp_path: Path, name: str, channel_axis: int | None
) -> None:
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    golden = np.arange(24).reshape(4, 2, 3).astype(dtype)
    drawn = [
        BitFlip(count=3).sample(golden, channel_axis=None, rng=np.random.default_rng(i))
        for i in range(3)
    ]
    if dtype.kind not in "biu":
        drawn.append(corruption([3, 1, 2], [np.inf, np.nan, -0.0], dtype))
    sites = SiteList(golden.shape, tuple(drawn))
    path = tmp_path / "my_injections.npy"
    write_dense_sites(sites, path, channel_axis=channel_axis)
    assert sorted(x.name for x in tmp_path.iterdir()) == ["my_injections.npy", "my_masks.npy"]
    read = read_dense_sites(path, dtype=dtype, channel_axis=channel_axis)
    assert read.shape == sites.shape
    for before, after in zip(sites.corruptions, read.corruptions, strict=True):
        assert after.apply(golden).tobytes() == before.apply(golden).tobytes()
        assert after.bits is None
    shape = {0: (2, 3, 4), 1: (4, 3, 2)}.get(
        -1 if channel_axis is None else channel_axis, (4, 2, 3)
    )
    assert np.load(path).shape == (len(drawn), *shape)


def test_floats_are_rounded_and_integers_must_fit(tmp_path: Path) -> None:
    path = dense_pair(tmp_path, *as_the_tool_makes_them([{(0, 0, 0): 1e10, (0, 0, 1): 0.1}]))
    read = read_dense_sites(path, dtype=np.dtype(np.float16))
    assert read.corruptions[0].values.tolist() == [np.inf, np.float16(0.1)]
    for bad in (0.5, np.nan, 128.0, np.inf):
        dense_pair(tmp_path, *as_the_tool_makes_them([{(0, 0, 0): 3, (0, 0, 1): bad}]))
        with pytest.raises(InputError, match=f"fit the target, which is int8, got {bad}"):
            read_dense_sites(path, dtype=np.dtype(np.int8))
    dense_pair(tmp_path, *as_the_tool_makes_them([{(0, 0, 0): -3}]))
    assert read_dense_sites(path, dtype=np.dtype(np.int8)).corruptions[0].values.tolist() == [-3]


def test_pairs_that_are_none(tmp_path: Path) -> None:
    def message(injections: Any, masks: Any, axis: int | None = None) -> str:
        path = dense_pair(tmp_path, injections, masks)
        with pytest.raises(InputError) as error:
            read_dense_sites(path, dtype=np.dtype(np.float32), channel_axis=axis)
        return str(error.value)

    injections, masks = as_the_tool_makes_them([{(0, 0, 0): 1.0}, {(0, 1, 0): 2.0}])
    assert "(2, 2, 3, 4) and (2, 2, 3)" in message(injections, masks[..., 0])
    assert "got (0,) and (0,)" in message([], [])
    assert "corruption 1 has other numbers" in message(
        injections, np.where(masks == 1, masks, np.array([[[[0]]], [[[0.5]]]]))
    )
    added = injections.copy()
    added[1, 1, 1, 1] = 0.25
    assert "corruption 1 does not" in message(added, masks)
    added[1, 1, 1, 1] = np.nan
    assert "corruption 1 does not" in message(added, masks)
    assert "which has 3, got 3" in message(injections, masks, axis=3)
    assert "must hold numbers" in message(np.array(["a"]), np.array(["a"]))
    dense_pair(tmp_path, injections, np.array([{}]))
    with pytest.raises(InputError, match=r"masks\.npy must be a \.npy file of numbers"):
        read_dense_sites(tmp_path / "injections.npy", dtype=np.dtype(np.float32))
    (tmp_path / "masks.npy").unlink()
    with pytest.raises(InputError, match=r"masks\.npy"):
        read_dense_sites(tmp_path / "injections.npy", dtype=np.dtype(np.float32))
    (tmp_path / "injections.npy").write_bytes(pickle.dumps({}))
    with pytest.raises(InputError, match=r"injections\.npy must be"):
        read_dense_sites(tmp_path / "injections.npy", dtype=np.dtype(np.float32))
    with pytest.raises(InputError, match=r"word injections.*got 'values\.npy'"):
        masks_path(tmp_path / "values.npy")


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    sites = SiteList((2,), (corruption([0], [1]),))
    for path in (tmp_path / "none" / "injections.npy", tmp_path / "none" / "sites.npz"):
        with pytest.raises(InputError, match="could not be written"):
            sites.save(path) if path.suffix == ".npz" else write_dense_sites(sites, path)
    assert not list(tmp_path.iterdir())
