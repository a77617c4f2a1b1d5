"""Tests that damaged and malicious HDF5 files are refused with one clear error."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from onnxfi.converters import convert
from onnxfi.errors import ModelFormatError

KERNEL = "model_weights/conv2d/conv2d/kernel:0"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b'{"class_name": "Sequential"}', "is JSON text.*--architecture"),
        (b"import keras\n", "starts with the bytes b'import k'"),
        (b"\x89HDF\r\n\x1a\n", "damaged or truncated"),
        (b"PK\x03\x04rest", "must be a whole zip archive"),
    ],
)
def test_file_that_is_no_hdf5(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(ModelFormatError, match=message):
        convert(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated_file(references: Path, tmp_path: Path, share: float) -> None:
    content = (references / "unet_k3.h5").read_bytes()
    path = tmp_path / "truncated.h5"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelFormatError, match="damaged or truncated"):
        convert(path)


def test_missing_file_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match=r"none\.h5 does not exist"):
        convert(tmp_path / "none.h5")
    with pytest.raises(ModelFormatError, match="is a folder"):
        convert(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(ModelFormatError, match=r"SavedModel folder.*--route tf2onnx"):
        convert(tmp_path, route="native")


def test_hdf5_that_keras_did_not_write(tmp_path: Path) -> None:
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["numbers"] = [1.0]
    with pytest.raises(ModelFormatError, match=r"neither: it holds \['numbers'\]"):
        convert(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model_weights/conv2d/conv2d/kernel:0", "has no member 'kernel:0'"),
        ("model_weights/conv2d", "has no member 'conv2d'"),
    ],
)
def test_missing_weight(edit: Callable[..., Path], name: str, message: str) -> None:
    path = edit(lambda file: file.__delitem__(name))
    with pytest.raises(ModelFormatError, match=message):
        convert(path)


def replace(name: str, **dataset: Any) -> Callable[[Any], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, **dataset)

    return change


def test_weight_of_a_wrong_shape(edit: Callable[..., Path]) -> None:
    path = edit(replace(KERNEL, data=np.zeros((3, 3, 4, 1), np.float32)))
    with pytest.raises(ModelFormatError, match=r"shape \(3, 3, 1, 4\).*got \(3, 3, 4, 1\)"):
        convert(path)


def test_weight_of_a_wrong_type(edit: Callable[..., Path]) -> None:
    path = edit(replace(KERNEL, data=np.zeros((3, 3, 1, 4), np.int8)))
    with pytest.raises(ModelFormatError, match="floating-point numbers, got dtype int8"):
        convert(path)


def test_weight_that_declares_more_than_its_file_can_hold(edit: Callable[..., Path]) -> None:
    shape = (3, 3, 2**14, 2**14)
    path = edit(replace(KERNEL, shape=shape, dtype="f4", chunks=(1, 1, 64, 64)))
    with pytest.raises(ModelFormatError, match=r"declares 966367\d+ bytes up to the weight"):
        convert(path)


def test_links_out_of_the_file_are_not_followed(edit: Callable[..., Path], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["kernel"] = np.zeros((3, 3, 1, 4), np.float32)

    def link(file: h5py.File) -> None:
        del file[KERNEL]
        file[KERNEL] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/kernel")

    with pytest.raises(ModelFormatError, match=r"ExternalLink.*does not follow"):
        convert(edit(link))


def test_data_outside_of_the_file_is_not_read(edit: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(4 * 36))
    external = [(str(tmp_path / "secret"), 0, 4 * 36)]
    path = edit(replace(KERNEL, shape=(3, 3, 1, 4), dtype="f4", external=external))
    with pytest.raises(ModelFormatError, match="lies in another file"):
        convert(path)


def test_weights_named_after_another_role(edit: Callable[..., Path]) -> None:
    def swap(file: h5py.File) -> None:
        names = file["model_weights/conv2d"].attrs["weight_names"]
        file["model_weights/conv2d"].attrs["weight_names"] = names[::-1]

    with pytest.raises(ModelFormatError, match=r"'kernel' of layer 'conv2d'.*got 'conv2d/bias:0'"):
        convert(edit(swap))


@pytest.mark.parametrize("seed", range(30))
def test_flipped_bytes_give_a_model_or_one_clear_error(
    references: Path, tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    content = bytearray((references / "lenet_k3.h5").read_bytes())
    for position in rng.integers(0, len(content), 40):
        content[position] = rng.integers(0, 256)
    path = tmp_path / "flipped.h5"
    path.write_bytes(content)
    try:
        convert(path)
    except ModelFormatError as error:
        assert len(str(error)) > 40  # noqa: PT017


def test_attributes_of_odd_types(references: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes((references / "lenet_k3.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        sequences = np.array([np.array([1, 2]), np.array([3])], dtype=object)
        kind = h5py.vlen_dtype(np.int64)
        file["model_weights/conv2d"].attrs.create("weight_names", sequences, dtype=kind)
    with pytest.raises(ModelFormatError, match="must be text or numbers, but 'weight_names'"):
        convert(path)


def test_a_heap_that_hdf5_would_read_for_ever(references: Path, tmp_path: Path) -> None:
    """The free space of a global heap gets the size 0."""
    content = bytearray((references / "lenet_k3.h5").read_bytes())
    place = content.index(b"GCOL")
    end = place + int.from_bytes(content[place + 8 : place + 16], "little")
    place += 16
    while int.from_bytes(content[place : place + 2], "little"):  # 0 is the free space
        size = int.from_bytes(content[place + 8 : place + 16], "little")
        place += 16 + -(-size // 8) * 8
    assert place < end
    content[place + 8 : place + 16] = bytes(8)
    content[content.index(b"GCOL") + 5] = 2  # reserved: HDF5 does not look at it
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(ModelFormatError, match="a heap whose objects have no size"):
        convert(path)


def test_a_chunk_larger_than_its_dataset(references: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes((references / "lenet_k3.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        group = file["model_weights/conv2d"]
        (name,) = [x for x in group.attrs["weight_names"] if x.endswith("bias")]
        del group[name]
        group.create_dataset(name, (4,), "f4", maxshape=(None,), chunks=(2**28,))
    with pytest.raises(ModelFormatError, match=r"declares 10737[0-9]* bytes up to the weight"):
        convert(path)
