"""Tests the messages about models that draw random numbers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from tests.support.models.noisy_models import linear, normal_like
from tests.support.small_graphs import node

_NAMED = "The model draws random numbers: 'node_n' (RandomNormalLike)."
_OF_H = ("--target", "h", "--inputs", "x.npz", "--error-model", "bitflip:bit=0")


@pytest.fixture(autouse=True)
def _work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(normal_like(), "m.onnx")
    nodes = [node("Sigmoid", "h", "p"), node("Bernoulli", "p", "n"), node("Mul", "h n", "y")]
    onnx.save(linear(nodes), "masked.onnx")
    np.savez("x.npz", x=np.random.default_rng(0).standard_normal((2, 8)).astype(np.float32))


def test_inject(onnxfi: Callable[..., Any]) -> None:
    runs = [onnxfi("inject", "m.onnx", *_OF_H, "--count", 40, "--json") for _ in range(2)]
    assert [run.status for run in runs] == [0, 0]
    assert runs[0].stdout == runs[1].stdout
    assert all(x["outcome"] != "sdc" for x in json.loads(runs[0].stdout)["injections"])
    refused = onnxfi("inject", "masked.onnx", *_OF_H)
    assert refused.status == 2
    assert "would change the distribution of 'node_n' (Bernoulli)" in refused.stderr


def test_inspect(onnxfi: Callable[..., Any]) -> None:
    assert _NAMED in onnxfi("inspect", "m.onnx").stderr
    document = json.loads(onnxfi("inspect", "masked.onnx", "--json").stdout)
    assert document["noise"] == ["'node_n' (Bernoulli)"]
    refused = {x["tensor"] for x in document["targets"] if x["changes_noise"]}
    assert refused == {"x", "w", "h", "p"}
    assert onnxfi("inspect", "masked.onnx").stdout.count("refused") == len(refused)


def test_split(onnxfi: Callable[..., Any]) -> None:
    done = onnxfi("split", "m.onnx", "--target", "h", "--out", "parts")
    assert _NAMED in done.stderr
    suffix = onnxruntime.InferenceSession("parts/suffix.onnx")
    assert {x.name for x in suffix.get_inputs()} == {"h", "n"}


def test_embed(onnxfi: Callable[..., Any]) -> None:
    done = onnxfi("embed", "m.onnx", *_OF_H, "--sites", 2, "--out", "e.onnx")
    assert _NAMED in done.stderr
    assert "draws new ones each time it runs" in done.stderr
