"""The bundled model, its digits, and the command that shows the whole pipeline."""

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxfi.cli.main import main
from onnxfi.configuration import Configuration, InputTensor
from onnxfi.demo import pipeline
from onnxfi.demo.digits import held_out_digits, split_digits
from onnxfi.errors import ConfigurationError, InputError, MissingExtraError
from onnxfi.run_directory import RunDirectory

sklearn = pytest.importorskip("sklearn")


def test_prepare(tmp_path: Path) -> None:
    prepared = pipeline.prepare(tmp_path / "new" / "folder")
    assert prepared.accuracy > 0.95
    assert prepared.inputs == 450
    onnx.checker.check_model(str(prepared.model_file), full_check=True)
    configuration = Configuration.from_yaml(prepared.configuration_file)
    assert configuration.model == prepared.model_file
    (name,) = (x.name for x in onnx.load(prepared.model_file).graph.input)
    assert configuration.inputs.tensors == {name: InputTensor(array="images")}
    arrays = np.load(prepared.model_file.with_name("digits.npz"))
    assert arrays["images"].shape == (450, 8, 8, 1)
    # Prepared again in the same folder, it is the same.
    text = prepared.configuration_file.read_bytes()
    assert pipeline.prepare(tmp_path / "new" / "folder") == prepared
    assert prepared.configuration_file.read_bytes() == text


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
    monkeypatch.setattr(sys, "argv", ["onnxfi", "demo", *arguments])
    with pytest.raises(SystemExit) as done:
        main()
    return int(done.value.code or 0)


def test_demo_twice_in_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("plotly")
    text = pipeline._CONFIGURATION  # noqa: SLF001
    assert "per_target: 1000" in text
    monkeypatch.setattr(
        pipeline, "_CONFIGURATION", text.replace("per_target: 1000", "per_target: 30")
    )
    monkeypatch.chdir(tmp_path)
    run_ids = set()
    outputs = []
    for _ in range(2):
        assert run_demo(monkeypatch) == 0
        captured = capsys.readouterr()
        outputs.append(captured.out)
        assert "Fault-free accuracy on 450 held-out digits: 97.8 %" in captured.out
        assert "onnxfi-demo/report.html" in captured.out
        assert "Traceback" not in captured.err
        opened = RunDirectory.open(tmp_path / "onnxfi-demo" / "run")
        run_ids.add(opened.manifest["run_id"])
        assert opened.recorded == opened.manifest["injections"] == 9 * 30
        report = (tmp_path / "onnxfi-demo" / "report.html").read_text(encoding="utf-8")
        assert "conv1" in report
    assert len(run_ids) == 2  # the second ran anew
    assert outputs[0] == outputs[1]


def test_without_scikit_learn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [x for x in sys.modules if x.split(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'onnxfi\[demo\]'"):
        held_out_digits()
    assert run_demo(monkeypatch, "--out", str(tmp_path / "demo")) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "onnxfi[demo]" in captured.err  # the brackets are there
    assert not (tmp_path / "demo").exists()


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
