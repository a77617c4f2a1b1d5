"""The user's mistakes: one clear message, status 2, no traceback, nothing on stdout."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.runtime.provider import cuda_obstacle

KERAS_FILE = Path(__file__).parents[2] / "onnxfi" / "demo" / "assets" / "lenet_digits.h5"
EMBED = ("embed", "lenet.onnx", "--target", "conv1")
INJECT = ("inject", "lenet.onnx", "--target", "conv1", "--inputs", "x.npz", "--error-model")


@pytest.fixture
def refused(onnxfi: Callable[..., Any], work: Path) -> Callable[..., str]:
    """Give a function that runs a command which must fail, and returns its message."""

    def run(*arguments: Any) -> str:
        result = onnxfi(*arguments)
        assert result.status == 2, result
        assert result.stdout == ""
        assert result.stderr.count("Error: ") == 1, result.stderr
        assert "Traceback" not in result.stderr
        assert len(result.stderr) < 1000
        return result.stderr.split("Error: ", 1)[1]  # type: ignore[no-any-return]

    return run


@pytest.mark.parametrize(
    "command",
    [
        ("inspect", "FILE"),
        ("split", "FILE", "--target", "a", "--out", "o"),
        ("inject", "FILE", "--target", "a", "--inputs", "x.npz", "--error-model", "zero"),
        ("convert", "FILE", "o.onnx"),
        ("describe", "FILE"),
        (
            *("embed", "FILE", "--target", "a", "--error-model", "zero"),
            "--sites",
            "1",
            "--out",
            "o",
        ),
    ],
    ids=lambda command: command[0],
)
def test_a_model_that_is_none(refused: Callable[..., str], work: Path, command: Any) -> None:
    (work / "text.onnx").write_text("hello, this is no model\n")
    (work / "empty.onnx").write_bytes(b"")
    (work / "cut.onnx").write_bytes((work / "lenet.onnx").read_bytes()[:3000])
    (work / "text.h5").write_text("hello")
    (work / "empty.h5").write_bytes(b"")
    (work / "cut.h5").write_bytes(KERAS_FILE.read_bytes()[:3000])
    for name in (
        "none.onnx",
        "none.h5",
        "text.onnx",
        "empty.onnx",
        "cut.onnx",
        "text.h5",
        "empty.h5",
        "cut.h5",
        str(work),
        ".",
    ):
        message = refused(*[name if word == "FILE" else word for word in command])
        assert name in message or str(Path(name)) in message
    assert not (work / "o").exists()
    assert not (work / "o.onnx").exists()


@pytest.mark.parametrize("command", ["split", "inject", "embed"])
def test_an_unknown_target_names_the_closest(refused: Callable[..., str], command: str) -> None:
    rest = {
        "split": ("--out", "o"),
        "inject": ("--inputs", "x.npz", "--error-model", "zero"),
        "embed": ("--error-model", "zero", "--sites", "1", "--out", "o"),
    }[command]
    message = refused(command, "lenet.onnx", "--target", "Conv_2", *rest)
    assert "'Conv_2'" in message
    assert "'conv2'" in message
    assert not Path("o").exists()


def test_inputs_that_do_not_fit(refused: Callable[..., str], work: Path) -> None:
    command = [*INJECT, "zero"]
    np.savez(work / "x.npz", image=np.zeros((4, 1, 8, 8), np.float32))
    assert "(1, 1, 8, 8)" in refused(*command)
    np.savez(work / "x.npz", image=np.zeros((4, 8, 8, 1)))
    assert "float64" in refused(*command)
    np.savez(work / "x.npz", a=np.zeros(3), b=np.zeros(3))
    message = refused(*command)
    assert "'image'" in message
    assert "'a' (float64 (3,)), 'b' (float64 (3,))" in message
    np.savez(work / "x.npz", image=np.float32(1))
    assert "single number" in refused(*command)
    np.savez(work / "x.npz", image=np.zeros((0, 8, 8, 1), np.float32))
    assert "at least 1" in refused(*command)
    (work / "x.npz").write_text("no")
    assert "x.npz" in refused(*command)
    (work / "x.npz").unlink()
    assert "x.npz" in refused(*command)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("bitflp", "bitflip"),
        ("bitflip:bot=3", "'bot'"),
        ("bitflip:bit=99", "99"),
        ("bitflip:bit=40", "40"),  # fits no float32
        ("bitflip:bit", "'bit'"),
    ],
)
def test_a_wrong_error_model(refused: Callable[..., str], spec: str, expected: str) -> None:
    assert expected in refused(*INJECT, spec)
    if spec != "bitflip:bit=40":
        assert expected in refused("error-models", "show", spec)


def test_an_unknown_configuration_key(refused: Callable[..., str], work: Path) -> None:
    text = (work / "campaign.yaml").read_text()
    (work / "campaign.yaml").write_text(text + "metric:\n  nam: classification\n")
    message = refused("campaign", "run", "campaign.yaml", "--out", "run")
    assert "line 8, metric.nam: unknown key" in message
    assert not (work / "run").exists()


def test_a_wrong_configuration(refused: Callable[..., str], work: Path) -> None:
    good = (work / "campaign.yaml").read_text()
    for old, new, expected in (
        ("lenet.onnx", "none.onnx", "none.onnx"),
        ("x.npz", "none.npz", "none.npz"),
        ("[Conv, Relu]", "[Cnv]", "Cnv"),
        ("bitflip", "bitflop", "bitflop"),
        (good, "", "mapping"),
        (good, "a: [", "line 1"),
    ):
        (work / "campaign.yaml").write_text(good.replace(old, new))
        assert expected in refused("campaign", "run", "campaign.yaml", "--out", "run")
    assert "none.yaml" in refused("campaign", "run", "none.yaml", "--out", "run")
    assert not (work / "run").exists()


def test_cuda_without_cuda(refused: Callable[..., str], work: Path) -> None:
    if cuda_obstacle() is None:
        pytest.skip("CUDA runs here")
    for command in (
        (*INJECT, "zero", "--provider", "cuda"),
        ("campaign", "run", "campaign.yaml", "--out", "run", "--provider", "cuda"),
    ):
        assert "provider cuda cannot run" in refused(*command)
    assert not (work / "run").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("campaign", "resume"),
        ("campaign", "status"),
        ("campaign", "summary"),
        ("report",),
    ],
    ids=" ".join,
)
def test_a_folder_that_holds_no_campaign(
    refused: Callable[..., str], work: Path, command: tuple[str, ...]
) -> None:
    (work / "broken").mkdir()
    (work / "broken" / "manifest.json").write_text("[]")
    (work / "broken" / "campaign.yaml").write_text((work / "campaign.yaml").read_text())
    for name in (".", "none", "lenet.onnx", "broken"):
        message = refused(*command, name)
        expected = {"none": "does not exist", "lenet.onnx": "is a file"}.get(name, "manifest.json")
        assert expected in message
    names = sorted(x.name for x in (work / "broken").iterdir())
    assert names == ["campaign.yaml", "manifest.json"]


def test_a_second_campaign_in_a_folder(refused: Callable[..., str], finished: Path) -> None:
    message = refused("campaign", "run", "campaign.yaml", "--out", finished)
    assert "onnxfi campaign resume" in message


def outputs(finished: Path) -> list[tuple[str, ...]]:
    return [
        ("convert", str(KERAS_FILE), "OUT/x.onnx"),
        ("split", "lenet.onnx", "--target", "conv1", "--out", "OUT/split"),
        ("campaign", "run", "campaign.yaml", "--out", "OUT/run"),
        ("report", str(finished), "--out", "OUT/x.html"),
        ("demo", "--out", "OUT/demo"),
        (*EMBED, "--error-model", "zero", "--sites", "1", "--out", "OUT/x.onnx"),
    ]


@pytest.mark.parametrize("number", range(6))
def test_an_output_below_a_file(
    refused: Callable[..., str], work: Path, finished: Path, number: int
) -> None:
    (work / "file").write_text("in the way")
    command = [word.replace("OUT", "file") for word in outputs(finished)[number]]
    if command[0] in ("report", "demo"):
        pytest.importorskip({"report": "plotly", "demo": "sklearn"}[command[0]])
    assert "file" in refused(*command)
    assert (work / "file").read_text() == "in the way"


@pytest.mark.parametrize("number", range(6))
def test_an_output_in_a_folder_that_may_not_be_written(
    refused: Callable[..., str], work: Path, finished: Path, number: int
) -> None:
    folder = work / "locked"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        folder = Path("/proc")  # where not even root may make a file
        if not folder.is_dir():
            pytest.skip("everything may be written here")
    command = [word.replace("OUT", str(folder)) for word in outputs(finished)[number]]
    if command[0] in ("report", "demo"):
        pytest.importorskip({"report": "plotly", "demo": "sklearn"}[command[0]])
    assert str(folder) in refused(*command)


def test_convert_into_a_missing_folder(refused: Callable[..., str], work: Path) -> None:
    message = refused("convert", KERAS_FILE, "none/x.onnx")
    assert "none/x.onnx" in message
    assert ".partial" not in message


def test_folders_that_can_be_made_are_made(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    pytest.importorskip("plotly")
    assert onnxfi("report", finished, "--out", "new/deep/x.html").status == 0
    assert onnxfi("split", "lenet.onnx", "--target", "conv1", "--out", "new/deeper/s").status == 0
    assert (work / "new" / "deep" / "x.html").stat().st_size > 1000


@pytest.mark.parametrize(
    "command",
    [
        ("split", "lenet.onnx", "--target", "conv1"),  # no --out
        ("inject", "lenet.onnx"),
        ("inspect",),
        ("nonsense",),
        ("campaign", "nonsense"),
        ("inspect", "lenet.onnx", "--nonsense"),
        ("convert", "a.h5", "--route", "magic"),
        ("convert", "a.h5", "--opset", "many"),
        (*INJECT, "zero", "--count", "0"),
        (*EMBED, "--error-model", "zero", "--out", "o.onnx"),  # no --sites
        (*EMBED, "--error-model", "zero", "--sites", "1"),  # no --out
        (*INJECT, "zero", "--seed", "-1"),
        (*INJECT, "zero", "--provider", "tpu"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line(onnxfi: Callable[..., Any], work: Path, command: Any) -> None:
    result = onnxfi(*command)
    assert result.status == 2
    assert result.stdout == ""
    assert "Usage:" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_opset_must_exist(refused: Callable[..., str]) -> None:
    for opset in ("3", "999"):
        assert opset in refused("convert", KERAS_FILE, "x.onnx", "--opset", opset)


def test_what_a_message_quotes_is_not_markup(refused: Callable[..., str]) -> None:
    name = "[bold]no[/bold] :dog: [/]"
    assert name in refused("inspect", name)


@pytest.mark.thorough
def test_a_mistake_in_a_process_of_its_own(
    start: Callable[..., subprocess.Popen[str]], work: Path
) -> None:
    process = start("inspect", "none.onnx")
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert stdout == ""
    assert stderr == ("Error: A model must be an existing file, and none.onnx does not exist.\n")
