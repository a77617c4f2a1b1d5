"""Tests that opening neither waits for pipes nor reads devices."""

import os
from pathlib import Path

import pytest

import onnxfi
from onnxfi.campaign.inputs.array_file import ArrayFile
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.regular_file import open_regular


def test_a_regular_file_and_a_link_to_it_open(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"content"


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    for name in ("pipe", "device"):
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(tmp_path / name)


def test_models_and_inputs_are_regular_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFormatError, match="is a pipe or a device"):
        onnxfi.load(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        ArrayFile.open(tmp_path / "pipe")
