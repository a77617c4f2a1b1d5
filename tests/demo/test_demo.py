"""The bundled model, its digits, and the command that shows the whole pipeline."""

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxfi.cli.main import main
from onnxfi.configuration import Configuration
from onnxfi.demo import pipeline
from onnxfi.demo.digits import held_out_digits, split_digits
from onnxfi.errors import ConfigurationError, InputError, MissingExtraError
from onnxfi.graph import load
from onnxfi.run_directory import read_records
from onnxfi.runtime import Session
from onnxfi.surgery import expose

sklearn = pytest.importorskip("sklearn")


def test_prepare(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    prepared = pipeline.prepare(folder)
    assert prepared.accuracy > 0.95
    assert prepared.hardened_accuracy > 0.95
    assert prepared.inputs == 450
    names = {"lenet.h5", "lenet.onnx", "lenet_hardened.onnx", "digits.npz", "campaign.yaml"}
    assert {x.name for x in folder.iterdir()} == names
    for file in (prepared.model, prepared.hardened):
        onnx.checker.check_model(str(file), full_check=True)
    configuration = Configuration.from_yaml(prepared.configuration)
    assert configuration.model == prepared.model
    assert configuration.out == folder / "runs" / "lenet"
    assert configuration.error_models[0].label == "bitflip"
    arrays = np.load(folder / "digits.npz")
    assert arrays["images"].shape == (450, 8, 8, 1)
    # Prepared again in the same folder, it is the same.
    before = {x: x.read_bytes() for x in folder.iterdir()}
    assert pipeline.prepare(folder) == prepared
    assert {x: x.read_bytes() for x in folder.iterdir()} == before


def test_files_of_the_user_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "campaign.yaml").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"different campaign\.yaml.*--out"):
        pipeline.prepare(tmp_path)
    assert [x.read_text() for x in tmp_path.iterdir()] == ["mine"]


def test_hardening_clips_before_another_node_reads(tmp_path: Path) -> None:
    prepared = pipeline.prepare(tmp_path)
    digits = split_digits()
    plain, hardened = load(prepared.model), load(prepared.hardened)
    tensors = [
        x.tensor
        for x in plain.targets(kind="activation")
        if x.op_type in ("Conv", "Relu", "MaxPool", "Gemm")
    ]
    assert len(tensors) == 9
    # The range is that of the training digits: on them nothing changes.
    feeds = {"image": digits.training_images}
    expected = Session(plain).run(feeds)["dense2"]
    np.testing.assert_array_equal(Session(hardened).run(feeds)["dense2"], expected)
    values = Session(expose(plain, tensors)).run(feeds)
    for tensor in tensors:
        reading = [x for x in hardened.graph if any(y.name == tensor for y in x.inputs if y)]
        assert [x.op_type for x in reading] == ["Clip"]
        ends = [float(x.const_value.numpy()) for x in reading[0].inputs[1:] if x and x.const_value]
        assert ends == [values[tensor].min(), values[tensor].max()]


def test_the_accuracy_is_that_of_the_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = split_digits()
    wrong = type(digits)(
        digits.training_images,
        digits.training_labels,
        digits.held_out_images,
        (digits.held_out_labels + 1) % 10,
    )
    monkeypatch.setattr(pipeline, "split_digits", lambda: wrong)
    assert pipeline.prepare(tmp_path).accuracy < 0.05


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="--out"):
        pipeline.prepare(tmp_path / "file")


def run_demo(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    return run_command(monkeypatch, "demo", *arguments)


def make_it_short(monkeypatch: pytest.MonkeyPatch) -> None:
    text = pipeline._CONFIGURATION  # noqa: SLF001
    for long, short in (("Conv, Relu, MaxPool, Gemm", "Relu"), ("1000", "20")):
        assert long in text
        text = text.replace(long, short)
    monkeypatch.setattr(pipeline, "_CONFIGURATION", text)


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["onnxfi", *arguments])
    with pytest.raises(SystemExit) as done:
        main()
    return int(done.value.code or 0)


@pytest.mark.thorough
def test_demo_twice_in_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_it_short(monkeypatch)
    monkeypatch.chdir(tmp_path)
    runs = [tmp_path / "onnxfi-demo" / "runs" / name for name in ("lenet", "hardened")]
    manifests = []
    outputs = []
    for _ in range(2):
        assert run_demo(monkeypatch) == 0
        captured = capsys.readouterr()
        outputs.append(captured.out)
        assert "97.8 % of 450 digits" in captured.out
        assert "onnxfi-demo/report.html" in captured.out
        assert "cd onnxfi-demo" in captured.out
        assert max(map(len, captured.out.splitlines())) <= 80
        assert "Traceback" not in captured.err
        for run in runs:
            assert len(read_records(run)) == 3 * 20
        manifests.append([(run / "manifest.json").read_bytes() for run in runs])
        report = (tmp_path / "onnxfi-demo" / "report.html").read_text(encoding="utf-8")
        assert "relu1" in report
        # The next time finishes what is missing, and no more.
        next((runs[1] / "records").iterdir()).unlink()
    assert manifests[0] == manifests[1]
    assert outputs[0] == outputs[1]
    assert run_demo(monkeypatch, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["report"] == "onnxfi-demo/report.html"
    assert len(document["comparison"]["targets"]) == 3


def test_the_commands_of_the_demo_work_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_it_short(monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert run_command(monkeypatch, "demo", "--out", "a folder") == 0
    shown = capsys.readouterr().out
    change, *commands = [
        shlex.split(x, comments=True)
        for x in shown.splitlines()
        if x.startswith("  ") and x.split()[0] in ("cd", "onnxfi")
    ]
    assert change == ["cd", "a folder"]
    assert len(commands) == 4
    monkeypatch.chdir(tmp_path / "a folder")
    for command in commands:
        assert run_command(monkeypatch, *command[1:]) == 0


@pytest.mark.parametrize("module", ["sklearn", "jinja2"])
def test_without_its_packages_nothing_starts(
    module: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert run_demo(monkeypatch, "--out", str(tmp_path / "demo")) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "pip install 'onnxfi[demo]'" in captured.err
    assert not (tmp_path / "demo").exists()


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [x for x in sys.modules if x.split(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'onnxfi\[demo\]'"):
        held_out_digits()


def test_digits_are_split_without_overlap() -> None:
    digits = split_digits()
    assert digits.training_images.shape == (1347, 8, 8, 1)
    assert digits.held_out_images.shape == (450, 8, 8, 1)
    for images in (digits.training_images, digits.held_out_images):
        assert images.dtype == np.float32
        assert (images.min(), images.max()) == (0, 1)
    training = {image.tobytes() for image in digits.training_images}
    held_out = [image.tobytes() for image in digits.held_out_images]
    assert not training & set(held_out)
    assert set(digits.held_out_labels) == set(range(10))


def test_held_out_digits_come_in_order() -> None:
    images, labels = held_out_digits()
    assert len(images) == len(labels) == 450
    few_images, few_labels = held_out_digits(7)
    np.testing.assert_array_equal(few_images, images[:7])
    np.testing.assert_array_equal(few_labels, labels[:7])
    assert len(held_out_digits(10_000)[0]) == 450
    for limit in (0, -1):
        with pytest.raises(InputError, match=str(limit)):
            held_out_digits(limit)
