"""Files of other frameworks lead to the way to ONNX."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import onnxfi
from onnxfi.converters import convert, foreign_advice
from onnxfi.errors import ModelFormatError

PICKLE = pickle.dumps({"coefficients": [1.0]})


def write_pytorch(path: Path) -> None:
    """Write the members that torch.save writes."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", PICKLE)
        archive.writestr("m/data/0", b"\0" * 8)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("m.pth", b"PK\x03\x04", 'torch.onnx.export(model, (example_input,), "m.onnx"'),
        ("m.safetensors", b"\x10\0\0\0\0\0\0\0{}", "Load it into its model"),
        ("m.joblib", PICKLE, "skl2onnx.to_onnx(model, X[:1])"),
        ("forest", PICKLE, "skl2onnx.to_onnx(model, X[:1])"),
        ("m.pb", b"\n\x10frozen", "python -m tf2onnx.convert --graphdef"),
        ("m.mlmodel", b"\x08\x01", "onnxmltools.convert_coreml"),
        ("m.engine", b"ptrt", "the .onnx file that it was built from"),
    ],
)
@pytest.mark.parametrize("read", [onnxfi.load, convert])
def test_a_foreign_file_leads_to_onnx(
    tmp_path: Path, name: str, content: bytes, says: str, read: Callable[[Path], Any]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelFormatError) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path} looks like a")
    assert says in str(raised.value)


@pytest.mark.parametrize("name", ["m.bin", "m.h5", "model"])
def test_a_pytorch_file_is_recognised_by_its_members(tmp_path: Path, name: str) -> None:
    write_pytorch(tmp_path / name)
    with pytest.raises(ModelFormatError, match="looks like a PyTorch file"):
        onnxfi.load(tmp_path / name)


def test_a_folder_of_hugging_face_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelFormatError, match="optimum-cli export onnx"):
        onnxfi.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x80", b"\x80\x01", b"PK\x03\x04", b"text"])
def test_other_files_are_not_recognised(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m").write_bytes(content)
    assert foreign_advice(tmp_path / "m") is None
