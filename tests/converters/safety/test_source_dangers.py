"""Tests the sources that are refused without trust, and other refusals that need no Keras."""

import contextlib
import json
import logging
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import pytest

from onnxfi.converters import convert, verify
from onnxfi.converters.safety.source_dangers import dangers_of, require_safe
from onnxfi.errors import MissingExtraError, ModelFormatError


def model_of(*layers: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}}


def write(path: Path, *layers: Any) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(model_of(*layers))
    return path


def layer(layer_class: str = "Dense", config: Any = (), **entries: Any) -> dict[str, Any]:
    return {"class_name": layer_class, "config": {"name": "x", **dict(config)}, **entries}


def function(module: str, name: str) -> dict[str, Any]:
    return {"class_name": "function", "module": module, "config": name}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (layer("Lambda"), "'m/x' of class 'Lambda', which executes code"),
        (layer("TFOpLambda"), "'m/x' of class 'TFOpLambda'"),
        (layer("TensorFlowOpLayer"), "'m/x' of class 'TensorFlowOpLayer'"),
        (layer(config={"function_type": "lambda"}), "a lambda in 'm/x'"),
        (layer(config={"activation": {"class_name": "__lambda__"}}), "'__lambda__'"),
        (layer("Scale", module="mine.layers"), "of the module 'mine.layers', which is imported"),
        (layer("get_file", module="keras.src.utils.file_utils"), "'keras.src.utils.file_utils'"),
        (layer("eval", module="builtins"), "of the module 'builtins'"),
        (layer(config={"activation": function("os", "system")}), "of the module 'os'"),
        (layer(config={"activation": function("keras.models", "load_model")}), "'keras.models'"),
        (layer("Scale", registered_name="Mine>Scale"), "custom class 'Mine>Scale'"),
        (layer("Mine>Scale"), "custom class 'Mine>Scale'"),
        (layer("__typespec__", spec_name="system", module="os"), "of the module 'os'"),
        (layer("Sequential", {"layers": [layer("Lambda")]}), "'m/x/x' of class 'Lambda'"),
        (layer("TimeDistributed", {"layer": layer("Lambda", {"name": "y"})}), "'m/x/y' of class"),
        (layer("StringLookup", {"vocabulary": "/etc/passwd"}), "reads the file '/etc/passwd'"),
        (layer("InputLayer", {"batch_shape": [None, float("nan")]}), r"batch_shape \[None, nan\]"),
        (layer("InputLayer", {"batch_input_shape": [None, 2**40]}), "which is no shape"),
        (layer("Reshape", build_config={"input_shape": [None, -7]}), "which is no shape"),
    ],
)
def test_code_is_refused_unless_trusted(
    tmp_path: Path, entry: Any, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "model.h5", entry)
    with pytest.raises(ModelFormatError, match=message) as caught:
        require_safe(path, unsafe=False)
    assert "--unsafe" in str(caught.value)
    with caplog.at_level(logging.WARNING, "onnxfi"):
        require_safe(path, unsafe=True)
    assert "TensorFlow loads and runs" in caplog.text
    assert "'m" in caplog.text


def test_all_that_is_found_is_named_in_one_message(tmp_path: Path) -> None:
    layers = [layer("Lambda", {"name": f"l{i}"}) for i in range(7)]
    with pytest.raises(ModelFormatError, match=r"'m/l0' of .*'m/l4' of .*; and 2 more\. If"):
        require_safe(write(tmp_path / "model.h5", *layers), unsafe=False)


def test_code_is_refused_before_any_process_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subprocess.Popen", None)
    path = write(tmp_path / "model.h5", layer("Lambda"))
    with pytest.raises(ModelFormatError, match="Lambda"):
        convert(path, route="tf2onnx")


@pytest.fixture
def edited(references: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that changes a copy of a sound .h5 by h5py, and returns its path."""

    def edit(change: Callable[[Any], object]) -> Path:
        path = tmp_path / "edited.h5"
        path.write_bytes((references / "lenet_k3.h5").read_bytes())
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    return edit


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("secret.h5", "data", (3,))
    file.create_virtual_dataset("extra/virtual", layout)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda file: file.__setitem__("extra", h5py.ExternalLink("secret.h5", "/data")),
            "ExternalLink '/extra' to 'secret.h5:/data'",
        ),
        (lambda file: file.__setitem__("extra", h5py.SoftLink("/x")), "SoftLink '/extra' to '/x'"),
        (
            lambda file: file.create_dataset(
                "extra/data", (3,), "f4", external=[("/etc/passwd", 0, 12)]
            ),
            "'/extra/data', whose data lie in the file '/etc/passwd'",
        ),
        (virtual, r"'/extra/virtual', whose data lie in the files \['secret.h5'\]"),
        (
            lambda file: file.create_dataset("extra/bomb", (2**36,), "f4", chunks=(2**20,)),
            "datasets that declare 2748779[0-9]* bytes in a file of",
        ),
    ],
)
def test_what_lies_outside_of_a_file_is_found_anywhere_in_it(
    edited: Callable[..., Path], change: Callable[[Any], object], message: str
) -> None:
    path = edited(change)
    with pytest.raises(ModelFormatError, match=message):
        require_safe(path, unsafe=False)
    # None of it is a weight, so the native route does not read it.
    assert convert(path).graph.node


def test_groups_that_contain_themselves_end(edited: Callable[..., Path]) -> None:
    def knot(file: h5py.File) -> None:
        file["model_weights/again"] = file["model_weights"]

    assert dangers_of(edited(knot)) == []


@pytest.fixture
def archive(references: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that adds members to a copy of a sound archive, and returns its path."""

    def add(*members: Any, drop: Sequence[str] = ()) -> Path:
        path = tmp_path / "model.keras"
        with (
            zipfile.ZipFile(references / "lenet_k3.keras") as source,
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
        ):
            for name in source.namelist():
                if name not in drop:
                    target.writestr(name, source.read(name))
            for member, content in members:
                target.writestr(member, content)
        return path

    return add


def link(name: str) -> Any:
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (("../../escaped", b""), r"'\.\./\.\./escaped', which lies outside"),
        (("/etc/escaped", b""), "'/etc/escaped', which lies outside"),
        (("assets\\..\\..\\escaped", b""), "which lies outside"),
        (("C:/escaped", b""), "which lies outside"),
        ((link("assets/link"), b"/etc/passwd"), "'assets/link', which is a link"),
        (("bomb", bytes(2**24)), "members of 168[0-9]* bytes in an archive of"),
    ],
)
def test_members_of_an_archive_that_would_be_unpacked_elsewhere(
    archive: Callable[..., Path], member: Any, message: str
) -> None:
    path = archive(member)
    with pytest.raises(ModelFormatError, match=message):
        require_safe(path, unsafe=False)
    assert convert(path).graph.node


def test_code_in_an_archive_is_refused(archive: Callable[..., Path]) -> None:
    path = archive(("config.json", json.dumps(layer("Lambda"))), drop=["config.json"])
    with pytest.raises(ModelFormatError, match="Lambda"):
        require_safe(path, unsafe=False)


def test_links_inside_an_archive_are_found(
    archive: Callable[..., Path], references: Path, tmp_path: Path
) -> None:
    inner = tmp_path / "inner.h5"
    inner.write_bytes((references / "lenet_k3.weights.h5").read_bytes())
    with h5py.File(inner, "r+") as file:
        del file["layers/conv2d/vars/0"]
        file["layers/conv2d/vars/0"] = h5py.ExternalLink("/etc/secret.h5", "/data")
    path = archive(("model.weights.h5", inner.read_bytes()), drop=["model.weights.h5"])
    with pytest.raises(ModelFormatError, match="ExternalLink '/layers/conv2d/vars/0'"):
        require_safe(path, unsafe=False)
    with pytest.raises(ModelFormatError, match=r"ExternalLink to .* which onnxfi does not follow"):
        convert(path)


@pytest.mark.live
@pytest.mark.usefixtures("live")
def test_a_lambda_runs_with_unsafe_alone(tmp_path: Path) -> None:
    """Build a Lambda that leaves a trace when Keras loads it, and watch for the trace."""
    builder = """
import sys, tf_keras
trace = lambda x, path=sys.argv[2]: (open(path, "w").close(), x)[1]
tf_keras.Sequential([tf_keras.layers.Lambda(trace, input_shape=(2,))]).save(sys.argv[1])
"""
    source, trace = tmp_path / "model.h5", tmp_path / "trace"
    subprocess.run([sys.executable, "-c", builder, source, trace], check=True, capture_output=True)
    trace.unlink(missing_ok=True)
    for action in (
        lambda: convert(source, route="tf2onnx"),
        lambda: verify(source, convert(source)),
        lambda: dangers_of(source),
    ):
        with contextlib.suppress(ModelFormatError):
            action()
    assert not trace.exists()
    convert(source, route="tf2onnx", unsafe=True)
    assert trace.exists()


@pytest.mark.parametrize("kind", [".h5", ".keras"])
@pytest.mark.parametrize("name", ["lenet", "siamese"])
@pytest.mark.parametrize("family", ["k2", "k3"])
def test_ordinary_archives_are_safe(references: Path, name: str, family: str, kind: str) -> None:
    assert dangers_of(references / f"{name}_{family}{kind}") == []


@pytest.mark.parametrize("name", ["lenet", "unet", "every_layer", "activations", "siamese"])
@pytest.mark.parametrize("family", ["k2", "k3"])
def test_ordinary_files_are_safe(references: Path, name: str, family: str) -> None:
    require_safe(references / f"{name}_{family}.h5", unsafe=False)


def test_a_folder_without_a_saved_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match=r"has no saved_model\.pb"):
        require_safe(tmp_path, unsafe=False)


def test_missing_extra_names_the_extra(references: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    source = references / "lenet_k2.h5"
    for action in (
        lambda: convert(source, route="tf2onnx"),
        lambda: verify(source, convert(source)),
    ):
        with pytest.raises(MissingExtraError, match=r"pip install 'onnxfi\[keras\]'"):
            action()


def test_tf2onnx_refuses_newer_opsets_and_architectures(references: Path) -> None:
    source = references / "lenet_k2.h5"
    with pytest.raises(ModelFormatError, match="opsets up to 18, got 19"):
        convert(source, route="tf2onnx", opset=19)
    with pytest.raises(ModelFormatError, match="must get a whole model"):
        convert(source, route="tf2onnx", architecture=source)
