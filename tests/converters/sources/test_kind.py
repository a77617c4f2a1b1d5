"""Tests how sources are recognised."""

from pathlib import Path
from typing import Any

import h5py
import pytest

from onnxfi.converters import is_keras_file


def test_is_keras_file(references: Path, tmp_path: Path) -> None:
    assert is_keras_file(references / "lenet_k2.h5")
    assert not is_keras_file(references / "lenet_k2.npz")
    assert not is_keras_file(tmp_path)
    assert not is_keras_file(tmp_path / "none")
    (tmp_path / "saved_model.pb").touch()
    assert is_keras_file(tmp_path)


@pytest.mark.parametrize("block", [0, 512, 1024, 4096])
def test_is_keras_file_finds_hdf5_behind_a_block_of_the_users(tmp_path: Path, block: Any) -> None:
    path = tmp_path / "model"
    with h5py.File(path, "w", userblock_size=block):
        pass
    assert is_keras_file(path)
    path.write_bytes(b"\0" + path.read_bytes())
    assert not h5py.is_hdf5(path)
    assert not is_keras_file(path)
