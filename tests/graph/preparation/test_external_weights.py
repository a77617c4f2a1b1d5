"""Weights in files beside the model, and models that are larger than memory."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import onnxfi
from onnxfi.errors import ModelFormatError
from tests.support.small_graphs import FLOAT, constant, model, node, random_inputs, value, weights


def run_file(path: Path, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run a model in a file in ONNX Runtime, with those of the feeds that it takes."""
    session = onnxruntime.InferenceSession(path)
    names = [x.name for x in session.get_outputs()]
    taken = {x.name: feeds[x.name] for x in session.get_inputs()}
    return dict(zip(names, session.run(names, taken), strict=True))


def external(name: str, file: str, elements: int) -> onnx.TensorProto:
    """A float tensor that is all of a file."""
    tensor = onnx.TensorProto(name=name, data_type=FLOAT, dims=[elements])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, x in {"location": file, "offset": 0, "length": 4 * elements}.items():
        tensor.external_data.add(key=key, value=str(x))
    return tensor


def save_adding_weights(folder: Path, elements: int) -> Path:
    """Write a model and beside it the weights that it adds, zeros that take no room on disk."""
    proto = model(
        [node("Relu", "x", "a"), node("Add", "a w", "b"), node("Exp", "b", "y")],
        [value("x", [1])],
        [value("y", [elements])],
    )
    proto.graph.initializer.append(external("w", "weights.bin", elements))
    with (folder / "weights.bin").open("wb") as file:
        file.truncate(4 * elements)
    (folder / "model.onnx").write_bytes(proto.SerializeToString())
    return folder / "model.onnx"


def test_weights_are_not_read_to_load_and_split(tmp_path: Path) -> None:
    try:
        path = save_adding_weights(tmp_path, 1 << 38)  # 1 TiB, which fits into no memory
    except OSError:
        pytest.skip("the file system has no files of 1 TiB")
    loaded = onnxfi.load(path)
    assert [x.tensor for x in loaded.targets()] == ["x", "a", "w", "b", "y"]
    for target in loaded.targets():
        split = onnxfi.split(loaded, target)
        onnxfi.expose(split.suffix, [])
        assert split.boundary == (("a",) if target.tensor == "w" else ())
        assert len(split.prefix.graph) + len(split.suffix.graph) <= 3


def test_saving_copies_external_weights(tmp_path: Path) -> None:
    path = save_adding_weights(tmp_path, 1000)
    numbers = weights(1000)
    (tmp_path / "weights.bin").write_bytes(numbers.tobytes())
    loaded = onnxfi.load(path)
    onnxfi.split(loaded, "a").save(tmp_path / "split")
    x = np.array([0.5], np.float32)
    outputs = run_file(tmp_path / "split" / "suffix.onnx", {"a": x})
    np.testing.assert_allclose(outputs["y"], np.exp(x + numbers), rtol=1e-6)
    # The model still refers to its own file.
    np.testing.assert_array_equal(constant(loaded.graph.initializers["w"]), numbers)


def test_an_external_file_that_is_too_short(tmp_path: Path) -> None:
    path = save_adding_weights(tmp_path, 1000)
    (tmp_path / "weights.bin").write_bytes(bytes(3000))
    with pytest.raises(
        ModelFormatError, match=r"'w' ends at byte 4000 of .* the file has 3000 bytes"
    ):
        onnxfi.load(path)


def test_constants_in_external_files(tmp_path: Path) -> None:
    tensor = external("c", "c.bin", 1000)
    proto = model(
        [node("Constant", "", "c", value=tensor), node("Add", "x c", "y")],
        [value("x", [1000])],
        [value("y", [1000])],
    )
    numbers = weights(1000)
    (tmp_path / "c.bin").write_bytes(numbers.tobytes())
    (tmp_path / "model.onnx").write_bytes(proto.SerializeToString())
    loaded = onnxfi.load(tmp_path / "model.onnx")
    assert loaded.files == (tmp_path / "model.onnx", tmp_path / "c.bin")
    feeds = random_inputs(proto)
    for target in ("x", "c", "y"):
        with onnxfi.Injector(loaded, target, provider="cpu") as injector:
            outputs = injector.golden(feeds).outputs
        np.testing.assert_allclose(outputs["y"], feeds["x"] + numbers, rtol=1e-6)
