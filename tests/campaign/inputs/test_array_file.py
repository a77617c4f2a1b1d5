"""Tests files of arrays, also damaged and misleading ones."""

import io
import struct
import zipfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from onnxfi.campaign.inputs.array_file import ArrayFile
from onnxfi.errors import InputError

X = np.random.default_rng(0).standard_normal((40, 8, 8)).round(1).astype(np.float32)


def lying_array() -> bytes:
    """Return an array whose header promises 256 TiB."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 8, 8), }"
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + X.tobytes()


def archive_of(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("x.npy", content)
    return made.getvalue()


def damaged() -> dict[str, bytes]:
    made = io.BytesIO()
    np.savez_compressed(made, x=X)
    good = made.getvalue()
    entry = good.find(b"PK\x01\x02")  # of the central directory
    deflate = bytearray(good)
    deflate[60:90] = bytes(x ^ 0x5A for x in good[60:90])
    encrypted, method = bytearray(good), bytearray(good)
    encrypted[6] |= 1
    encrypted[entry + 8] |= 1
    method[8] = method[entry + 10] = 99
    return {
        "deflate.npz": bytes(deflate),
        "encrypted.npz": bytes(encrypted),
        "method.npz": bytes(method),
        "huge.npy": lying_array(),
        "huge.npz": archive_of(lying_array()),
        "cut.npz": good[:-30],
        "short.npy": lying_array()[:40],
        "text.npz": archive_of(b"no array"),
    }


@pytest.mark.parametrize("name", list(damaged()))
def test_a_damaged_file_is_one_message(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(damaged()[name])
    with pytest.raises(InputError, match=r"must be an \.npz or \.npy file") as caught:
        ArrayFile.open(path).read("x")
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_are_read_one_by_one(tmp_path: Path, save: Any, order: Literal["C", "F"]) -> None:
    arrays = {"x": np.asarray(X, order=order), "s": np.array(3), "t": np.array(["a", "bc"])}
    save(tmp_path / "a.npz", **arrays)
    file = ArrayFile.open(tmp_path / "a.npz")
    assert {name: (x.shape, x.dtype) for name, x in file.headers.items()} == {
        name: (x.shape, x.dtype) for name, x in arrays.items()
    }
    for name, array in arrays.items():
        np.testing.assert_array_equal(file.read(name), array, strict=True)


def test_a_header_that_is_no_python_is_refused(tmp_path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 8" + b" " * 6 + b"\n"
    path = tmp_path / "x.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    with pytest.raises(InputError, match=r"must be an \.npz or \.npy file"):
        ArrayFile.open(path)
