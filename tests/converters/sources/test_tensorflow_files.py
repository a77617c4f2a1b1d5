"""Tests reading SavedModel folders and TFLite files without TensorFlow: dangers and damage.

tools/make_tensorflow_files.py writes the files.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import onnxfi
from onnxfi.converters import convert
from onnxfi.converters.safety.source_dangers import dangers_of, require_safe
from onnxfi.converters.sources.kind import SourceKind, kind_of
from onnxfi.converters.sources.tflite import read_tflite
from onnxfi.errors import ModelFormatError


@pytest.fixture
def saved_model(references: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a folder of a recorded saved_model.pb."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "saved_model.pb").write_bytes((references / f"tensorflow/{name}.pb").read_bytes())
        return folder

    return make


@pytest.fixture
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any start of a process fail."""
    monkeypatch.setattr("subprocess.Popen", None)


def test_kinds(references: Path, saved_model: Callable[..., Path], tmp_path: Path) -> None:
    assert kind_of(saved_model("plain")) == SourceKind.SAVED_MODEL
    assert kind_of(references / "tensorflow/plain.tflite") == SourceKind.TFLITE
    assert kind_of(references / "lenet_k3.keras") == SourceKind.KERAS
    assert kind_of(references / "lenet_k2.npz") is None
    assert kind_of(tmp_path) is kind_of(tmp_path / "none") is None


def test_plain_models_are_safe(references: Path, saved_model: Callable[..., Path]) -> None:
    assert dangers_of(saved_model("plain")) == []
    assert dangers_of(references / "tensorflow/plain.tflite") == []


@pytest.mark.usefixtures("no_process")
@pytest.mark.parametrize(
    ("name", "operator"),
    [("read", "ReadFile"), ("write", "WriteFile"), ("save", "SaveV2"), ("python", "EagerPyFunc")],
)
def test_operators_that_do_more_than_compute_are_refused(
    saved_model: Callable[..., Path], name: str, operator: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = saved_model(name)
    message = f"the operator '{operator}' in the function '__inference___call___.*--unsafe"
    for action in (convert, onnxfi.load):
        with pytest.raises(ModelFormatError, match=message):
            action(folder)
    require_safe(folder, unsafe=True)
    assert f"TensorFlow loads and runs {folder}, which holds the operator '{operator}'" in (
        caplog.text
    )


@pytest.mark.usefixtures("no_process")
def test_custom_operators_of_tflite_are_refused(references: Path) -> None:
    with pytest.raises(ModelFormatError, match="the custom operator 'FlexWriteFile'"):
        convert(references / "tensorflow/write.tflite")


def test_links_in_a_saved_model_are_found(saved_model: Callable[..., Path]) -> None:
    folder = saved_model("plain")
    (folder / "assets").mkdir()
    (folder / "assets/words").symlink_to("/etc/passwd")
    assert dangers_of(folder) == ["the link 'assets/words'"]


def test_a_native_conversion_of_them_is_refused(
    references: Path, saved_model: Callable[..., Path]
) -> None:
    for source in (references / "tensorflow/plain.tflite", saved_model("plain")):
        with pytest.raises(ModelFormatError):
            convert(source, route="native")


def test_the_graph_of_a_tflite_file(references: Path) -> None:
    graph = read_tflite(references / "tensorflow/plain.tflite")
    names = [graph.tensors[x.outputs[0]] for x in graph.operators]
    assert names[0] == "model/conv/Relu;model/conv/Conv2D"
    assert [graph.tensors[x] for x in graph.inputs] == ["serving_default_image:0"]
    assert names[-1] == graph.tensors[graph.outputs[0]]


@pytest.mark.parametrize("name", ["plain.pb", "plain.tflite"])
def test_damage_is_one_message_or_none(references: Path, tmp_path: Path, name: str) -> None:
    whole = np.frombuffer((references / "tensorflow" / name).read_bytes(), np.uint8)
    path = tmp_path / ("saved_model.pb" if name.endswith(".pb") else name)
    source = tmp_path if name.endswith(".pb") else path
    rng = np.random.default_rng(0)
    refused = 0
    for round_ in range(300):
        damaged = whole.copy()
        if round_ % 3 == 0:
            damaged = damaged[: rng.integers(8, len(whole))]
        else:
            places = rng.integers(8, len(whole), 20 * (round_ % 3))
            damaged[places] = rng.integers(0, 256, len(places))
        path.write_bytes(damaged.tobytes())
        try:
            dangers_of(source)
            if source == path:
                read_tflite(path)
        except ModelFormatError as error:  # and no other
            refused += str(source) in str(error)
    assert refused > 100


def test_an_empty_saved_model_is_refused(tmp_path: Path) -> None:
    Path(tmp_path, "saved_model.pb").touch()
    with pytest.raises(ModelFormatError, match="must hold a graph"):
        dangers_of(tmp_path)


def test_what_saves_variables_is_refused_where_it_is_not_the_saver_that_calls_it(
    saved_model: Callable[..., Path],
) -> None:
    folder = saved_model("plain")
    content = (folder / "saved_model.pb").read_bytes()
    saver = b"saver_filename:0\x12\x1bStatefulPartitionedCall_1:0"
    assert content.count(saver) == 1
    (folder / "saved_model.pb").write_bytes(content.replace(saver, saver[:-3] + b"9:0"))
    assert any(
        "'SaveV2' in the function '__inference__traced_save" in x for x in dangers_of(folder)
    )
