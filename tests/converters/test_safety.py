"""What may not be loaded without trust; and the routes' other refusals that need no Keras."""

import json
import zipfile

import h5py
import pytest

from onnxfi.converters import convert, keras_process, verify
from onnxfi.converters.safety import require_safe
from onnxfi.errors import MissingExtraError, ModelFormatError


def write(path, layer):
    model = {"class_name": "Sequential", "config": {"name": "m", "layers": [layer]}}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(model)
    return path


def layer(layer_class="Dense", config=(), **entries):
    return {"class_name": layer_class, "config": {"name": "x", **dict(config)}, **entries}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (layer("Lambda"), "'m/x' of class 'Lambda'"),
        (layer("TFOpLambda"), "'m/x' of class 'TFOpLambda'"),
        (layer(config={"function_type": "lambda"}), "a lambda in|executes code"),
        (layer(config={"activation": {"class_name": "__lambda__"}}), "'__lambda__'"),
        (layer("Scale", module="mine.layers"), "of the module 'mine.layers'"),
        (layer("Scale", registered_name="Mine>Scale"), "custom class 'Mine>Scale'"),
        (layer("Sequential", {"layers": [layer("Lambda")]}), "'m/x/x' of class 'Lambda'"),
    ],
)
def test_code_is_refused_unless_trusted(tmp_path, entry, message):
    path = write(tmp_path / "model.h5", entry)
    with pytest.raises(ModelFormatError, match=message) as caught:
        require_safe(path, unsafe=False)
    assert "--unsafe" in str(caught.value)
    require_safe(path, unsafe=True)


def test_code_is_refused_before_any_process_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(keras_process.subprocess, "run", None)
    path = write(tmp_path / "model.h5", layer("Lambda"))
    with pytest.raises(ModelFormatError, match="Lambda"):
        convert(path, route="tf2onnx")


def test_code_in_a_keras_archive_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(layer("Lambda")))
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(ModelFormatError, match="Lambda"):
        require_safe(path, unsafe=False)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other", "")
    with pytest.raises(ModelFormatError, match=r"must hold one config\.json"):
        require_safe(path, unsafe=False)


@pytest.mark.parametrize("name", ["lenet", "unet", "every_layer", "activations", "siamese"])
@pytest.mark.parametrize("family", ["k2", "k3"])
def test_ordinary_files_are_safe(references, name, family):
    require_safe(references / f"{name}_{family}.h5", unsafe=False)


def test_saved_model_is_a_program(tmp_path):
    with pytest.raises(ModelFormatError, match="which is a program"):
        require_safe(tmp_path, unsafe=False)


def test_missing_extra_names_the_extra(references, monkeypatch):
    monkeypatch.setattr(keras_process.importlib.util, "find_spec", lambda _name: None)
    source = references / "lenet_k2.h5"
    for action in (
        lambda: convert(source, route="tf2onnx"),
        lambda: verify(source, convert(source)),
    ):
        with pytest.raises(MissingExtraError, match=r"pip install 'onnxfi\[keras\]'"):
            action()


def test_tf2onnx_refuses_newer_opsets_and_architectures(references):
    source = references / "lenet_k2.h5"
    with pytest.raises(ModelFormatError, match="opsets up to 18, got 19"):
        convert(source, route="tf2onnx", opset=19)
    with pytest.raises(ModelFormatError, match="must get a whole model"):
        convert(source, route="tf2onnx", architecture=source)
