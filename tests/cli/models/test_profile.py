"""``onnxfi profile``."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np


def test_it_writes_what_error_models_take(onnxfi: Callable[..., tuple], work: Path) -> None:  # type: ignore[type-arg]
    status, stdout, stderr = onnxfi(
        "profile", "lenet.onnx", "--inputs", "x.npz", "--out", "p.json", "--json"
    )
    assert status == 0
    assert "Wrote p.json" in stderr
    shown = json.loads(stdout)
    assert shown["inputs"] == 8
    written = json.loads((work / "p.json").read_text())
    assert {"schema": "onnxfi.profile/1", **shown} == written
    name, found = next(iter(shown["tensors"].items()))
    status, stdout, _ = onnxfi(
        *("inject", "lenet.onnx", "--target", name, "--inputs", "x.npz", "--count", 20),
        *("--error-model", "random:profile=p.json", "--json"),
    )
    assert status == 0
    values = [x["corruptions"][0]["values"][0] for x in json.loads(stdout)["injections"]]
    assert all(found["min"] <= x <= found["max"] for x in values)


def test_inputs_are_a_kind_too(onnxfi: Callable[..., tuple], work: Path) -> None:  # type: ignore[type-arg]
    status, stdout, _ = onnxfi(
        "profile", "lenet.onnx", "--inputs", "x.npz", "--kind", "input", "--json"
    )
    assert status == 0
    (found,) = json.loads(stdout)["tensors"].values()
    images = np.load(work / "x.npz")["image"]
    assert (found["min"], found["max"]) == (images.min(), images.max())


def test_mistakes_are_one_message(onnxfi: Callable[..., tuple], work: Path) -> None:  # type: ignore[type-arg]
    for arguments in (
        ("--inputs", "no.npz"),
        ("--inputs", "x.npz", "--target", "nothing"),
        ("--inputs", "x.npz", "--out", "no/such/folder.json"),
    ):
        status, stdout, stderr = onnxfi("profile", "lenet.onnx", *arguments)
        assert status == 2
        assert not stdout
        assert "Traceback" not in stderr
