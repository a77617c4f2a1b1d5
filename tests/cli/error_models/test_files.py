"""Merging and deriving error models on the command line."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.error_models import SpatialModel

MODEL = Path(__file__).parents[2] / "error_models" / "data" / "unambiguous.json"


def frequencies(document: dict[str, Any]) -> dict[str, float]:
    return {name: each["frequency"] for name, each in document["patterns"].items()}


def test_merge(onnxfi: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "merged.json"
    done = onnxfi("error-models", "merge", f"{MODEL}:3", "tanh", "-o", out)
    assert (done.status, done.stdout) == (0, "")
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["source"].startswith("Merged: 3 of unambiguous.json (made up")
    assert "1 of tanh (Bolchini" in document["source"]
    merged = frequencies(document)
    assert merged["rectangles"] == pytest.approx(0.75 * 0.1)
    assert merged["bullet_wake"] == pytest.approx(0.75 * 0.15 + 0.25 * 0.4354, abs=1e-4)
    assert done.stderr.startswith("Wrote ")
    SpatialModel(out)
    to_stdout = onnxfi("error-models", "merge", f"{MODEL}:3e9", "tanh:1e9")
    assert frequencies(json.loads(to_stdout.stdout)) == merged


def test_derive(onnxfi: Callable[..., Any], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    golden = rng.standard_normal((1, 9, 11, 32)).astype(np.float32)  # channels last
    np.save(tmp_path / "golden.npy", golden)
    (tmp_path / "faulty").mkdir()
    model = SpatialModel(MODEL)
    for number in range(50):
        faulty = model.sample(golden, channel_axis=3, rng=rng).apply(golden)
        np.save(tmp_path / "faulty" / f"{number}.npy", faulty)
    np.save(tmp_path / "faulty" / "masked.npy", golden)
    done = onnxfi(
        "error-models",
        "derive",
        tmp_path / "golden.npy",
        tmp_path / "faulty",
        "--channel-axis",
        3,
        "-o",
        tmp_path / "derived.json",
    )
    assert done.status == 0
    assert "51 tensors: 50 corruptions, 1 tensors without corruption" in done.stderr
    document = json.loads((tmp_path / "derived.json").read_text())
    assert document["observations"] == 50
    assert {*frequencies(document)} <= {*frequencies(json.loads(MODEL.read_text()))}
    assert sum(frequencies(document).values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("merge", "rellu:1"), "rellu is no file, and no built-in model.*did you mean 'relu'"),
        (("merge", "relu:much"), "optionally with a weight .model.json:0.8., got"),
        (("merge", "relu:-1"), "a weight must be a number of at least 0, got -1"),
        (("merge", "relu", "-o", "missing/x.json"), "missing/x.json cannot be written: No such"),
        (("derive", "golden.npy", "empty"), "empty must be a folder of .npy files"),
        (("derive", "missing.npy", "faulty"), "missing.npy must be a .npy file with an array"),
        (("derive", "text.npy", "faulty"), "text.npy must be a .npy file with an array"),
        (("derive", "golden.npy", "faulty"), r"b.npy: a faulty tensor must be like the golden"),
        (("derive", "golden.npy", "same"), "can be derived from corrupted tensors only, got none"),
        (("derive", "golden.npy", "same", "--channel-axis", "2"), "one of the 2 axes"),
    ],
)
def test_mistakes(
    onnxfi: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "faulty", "same"):
        (tmp_path / folder).mkdir()
    (tmp_path / "text.npy").write_text("text")
    golden = np.zeros((1, 4), np.float32)
    for path in ("golden.npy", "same/a.npy"):
        np.save(tmp_path / path, golden)
    np.save(tmp_path / "faulty" / "b.npy", golden[0])
    done = onnxfi("error-models", *arguments)
    assert done.status == 2
    assert "Traceback" not in done.stderr
    assert re.search(message, done.stderr), done.stderr


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_plot(onnxfi: Callable[..., Any], tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out.{suffix}"
    arguments = ("--shape", "1,20,9,11", "--count", 5, "--seed", 2, "-o", out)
    done = onnxfi("error-models", "plot", f"spatial:model={MODEL}", *arguments)
    assert done.status == 0
    *titles, legend = done.stdout.splitlines()
    assert [each.split(":")[0] for each in titles] == ["1", "2", "3", "4", "5"]
    assert all(re.search(r"\d: \w+, \d+ value\(s\); channels \d", each) for each in titles)
    assert legend.startswith("blue: zero, black: nan")
    picture = out.read_bytes()
    onnxfi("error-models", "plot", f"spatial:model={MODEL}", *arguments)
    assert out.read_bytes() == picture


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("zero", "-o", "out.gif"), "--out must end in .png or .svg, got out.gif"),
        (("zero", "-o", "out.png", "--shape", "1,x"), "got '1,x'"),
        (("zero", "-o", "out.png", "--shape", "1,0"), "got '1,0'"),
        (("zero", "-o", "out.png", "--shape", "99999,99999"), "elements in total"),
        (("zero", "-o", "out.png", "--shape", "3"), "the channel axis must be one of the 1 axes"),
        (("zero", "-o", "missing/out.png"), "missing/out.png cannot be written"),
        (("spatial", "-o", "out.png"), "model=auto cannot draw before it knows the operator"),
    ],
)
def test_mistakes_in_plotting(
    onnxfi: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = onnxfi("error-models", "plot", *arguments)
    assert done.status == 2
    assert message in done.stderr.replace("\n", " ")


def test_show_and_list_tell_what_a_model_contains(onnxfi: Callable[..., Any]) -> None:
    shown = onnxfi("error-models", "show", f"spatial:model={MODEL}").stdout
    text = " ".join(shown.split())
    assert "bullet_wake, 15 %: One position, drawn uniformly, in two or more channels." in text
    assert (
        "values: all out_of_range (50 %); 63 to 74 % in_range, the rest zero (30 %); "
        "40 % zero + 30 % nan + 30 % in_range (20 %) parameters: 2 sets" in text
    )
    assert shown.index("single_block, 20 %") < shown.index("bullet_wake, 15 %")
    listed = json.loads(onnxfi("error-models", "list", "--json").stdout)
    assert listed["spatial:model=relu"].startswith("bullet_wake 44.1 %, quasi_shattered")
