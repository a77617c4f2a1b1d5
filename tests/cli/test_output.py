"""Results on stdout, as tables and as JSON."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from onnxfi.cli.output import print_error

INJECT = ("inject", "lenet.onnx", "--inputs", "x.npz", "--provider", "cpu")


@pytest.fixture
def brackets(tmp_path: Path) -> Path:
    """Give a model whose names look like the markup of rich."""
    nodes = [
        helper.make_node("Relu", ["x"], ["[bold]a[/bold]"]),
        helper.make_node("Relu", ["[bold]a[/bold]"], ["s:dog:0"]),
        helper.make_node("Relu", ["s:dog:0"], ["[/]"]),
    ]
    shape = [1, 3]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("[/]", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "[red].onnx")
    np.savez(tmp_path / "b.npz", x=np.ones((2, 3), np.float32))
    return tmp_path / "[red].onnx"


def test_names_are_not_markup(
    onnxfi: Callable[..., Any], brackets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(brackets.parent)
    names = ("[bold]a[/bold]", "s:dog:0", "[/]")
    result = onnxfi("inspect", "[red].onnx")
    assert result.status == 0
    for name in (*names, "[red].onnx", "(1, 3)"):
        assert name in result.stdout
    for name in names:
        result = onnxfi(
            *("inject", "[red].onnx", "--target", name, "--inputs", "b.npz"),
            *("--error-model", "zero", "--provider", "cpu"),
        )
        assert result.status == 0
        assert f"{name}: 1 injection" in result.stdout
        result = onnxfi("split", "[red].onnx", "--target", name, "--out", "o")
        assert result.status == 0
        assert name in result.stderr
    Path("c.yaml").write_text(
        "model: '[red].onnx'\ninputs: {file: b.npz}\nerror_models: [{name: zero}]\n"
        "injections: {per_target: 2}\nexecution: {provider: cpu}\n"
    )
    result = onnxfi("campaign", "run", "c.yaml", "--out", "[i]run")
    assert result.status == 0
    for text in (*names, "[i]run"):
        assert text in result.stdout
    assert "[i]run" in result.stderr


def test_nan_is_written_as_a_text(onnxfi: Callable[..., Any], work: Path) -> None:
    x = np.zeros((1, 8, 8, 1), np.float32)
    np.savez("x.npz", image=x)
    # The highest exponent bits of the scores give infinities and NaN in what softmax makes of them.
    result = onnxfi(
        *(*INJECT, "--target", "dense2", "--error-model", "bitflip:bit=30"),
        *("--count", 200, "--json"),
    )
    assert result.status == 0
    plain = json.loads(result.stdout, parse_constant=lambda text: pytest.fail(f"no JSON: {text}"))
    np.savez("x.npz", image=np.full((1, 8, 8, 1), np.nan, np.float32))
    result = onnxfi(*INJECT, "--target", "conv1", "--error-model", "bitflip:bit=0", "--json")
    assert result.status == 0
    broken = json.loads(result.stdout, parse_constant=lambda text: pytest.fail(f"no JSON: {text}"))
    assert broken["injections"][0]["max_absolute_error"] == "nan"
    assert len(plain["injections"]) == 200


@pytest.mark.thorough
def test_a_closed_pipe_is_no_error(start: Callable[..., subprocess.Popen[str]], work: Path) -> None:
    for command in (("inspect", "lenet.onnx"), ("inspect", "lenet.onnx", "--json")):
        process = start(*command)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # before anything is written
        assert process.stderr.read() == ""
        process.stderr.close()
        process.wait(60)


def test_the_message_of_an_error_is_short_and_plain(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a" * 100_000 + "z"
    print_error(ValueError(f"No tensor is called {name}.\n\x1b]0;title\x07 [bold]x[/bold]"))
    printed = capsys.readouterr().err
    assert len(printed) < 400
    assert "aaa…aaa" in printed
    assert printed.count("\n") == 2
    assert "\\x1b]0;title\\x07 [bold]x[/bold]" in printed
    print_error(ValueError("word " * 10_000))
    assert len(capsys.readouterr().err) < 2_100
