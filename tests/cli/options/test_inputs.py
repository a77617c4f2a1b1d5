"""Models whose inputs are no plain batches, from the command line alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
import pytest
import yaml

from onnxfi.run_directory import read_records
from tests.support.real_signatures import SIGNATURES, Arrays, Signature


def write(signature: Signature, **changes: Any) -> None:
    """Write m.onnx, the files of inputs and c.yaml into the current folder."""
    onnx.save(signature.proto, "m.onnx")
    for name, arrays in signature.files.items():
        Path(name).parent.mkdir(exist_ok=True)
        np.savez(name, **arrays)  # type: ignore[arg-type]
    document = {
        "model": "m.onnx",
        "inputs": signature.inputs,
        "targets": {"tensors": [signature.target]},
        "error_models": [{"name": "bitflip"}],
        "injections": {"per_target": 30},
        "metric": {"name": signature.metric},
        "execution": {"provider": "cpu", "workers": 1, "shard": 20},
    }
    Path("c.yaml").write_text(yaml.safe_dump(document | changes))


def outputs(signature: Signature, fed: Arrays) -> Arrays:
    """Run the whole model in ONNX Runtime alone, without optimizations."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        signature.proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [x.name for x in session.get_outputs()]
    return dict(zip(names, session.run(names, fed), strict=True))


def comparable(table: pa.Table) -> str:
    return repr(table.to_pylist())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_campaign_feeds_what_the_model_takes(onnxfi: Callable[..., Any], name: str) -> None:
    signature = SIGNATURES[name]()
    write(signature)
    ran = onnxfi("campaign", "run", "c.yaml", "--out", "run")
    assert ran.status == 0, ran.stderr
    records = read_records("run").to_pylist()
    first = {row["input_index"]: row["injection_id"] for row in reversed(records)}
    assert sorted(first) == list(range(len(signature.fed)))
    for index in (0, len(signature.fed) - 1):
        fed, out = signature.fed[index], f"replayed/{index}"
        assert onnxfi("campaign", "replay", "run", "--id", first[index], "--out", out).status == 0
        golden = np.load(f"{out}/golden_outputs.npz")
        for output, array in outputs(signature, fed).items():
            np.testing.assert_allclose(golden[output], array, rtol=1e-5, atol=1e-6)
    assert "30 records" in onnxfi("campaign", "export", "run", "-o", "records.csv").stdout


@pytest.mark.parametrize("name", SIGNATURES)
def test_commands_take_the_same_inputs(onnxfi: Callable[..., Any], name: str) -> None:
    signature = SIGNATURES[name]()
    write(signature)
    inject = ("inject", "m.onnx", "--target", signature.target, "--error-model", "bitflip")
    ran = onnxfi(*inject, "--count", 30, *signature.options, "--json", "--provider", "cpu")
    assert ran.status == 0, ran.stderr
    rows = json.loads(ran.stdout)["injections"]
    assert {row["input_index"] for row in rows} == set(range(len(signature.fed)))
    of_target = ("--target", signature.target, "--json", "--provider", "cpu")
    ran = onnxfi("profile", "m.onnx", *of_target, *signature.options)
    assert ran.status == 0, ran.stderr
    assert json.loads(ran.stdout)["inputs"] == len(signature.fed)


@pytest.mark.thorough
def test_inputs_of_different_shapes_give_the_same_records_however_they_run(
    onnxfi: Callable[..., Any],
) -> None:
    signature = SIGNATURES["text_recogniser"]()
    targets = {"tensors": ["c", "k"]}
    found = []  # type: ignore[var-annotated]
    for execution in (
        {"lanes": 1, "propagation": False, "workers": 1},
        {"lanes": "auto", "workers": 2, "shard": 37},
    ):
        write(
            signature,
            targets=targets,
            injections={"per_target": 150, "inputs_per_fault": 3},
            execution={"provider": "cpu", **execution},
        )
        place = f"run{len(found)}"
        ran = onnxfi("campaign", "run", "c.yaml", "--out", place)
        assert ran.status == 0, ran.stderr
        found.append(comparable(read_records(place)))
    assert found[0] == found[1]


def test_a_campaign_on_several_files_resumes_from_another_folder(
    onnxfi: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = SIGNATURES["graph_network"]()
    write(signature)
    assert onnxfi("campaign", "run", "c.yaml", "--out", "run").status == 0
    before = comparable(read_records(folder / "run"))
    next((folder / "run" / "records").iterdir()).unlink()
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert onnxfi("campaign", "resume", "../run").status == 0
    assert comparable(read_records(folder / "run")) == before
    # Each file counts: another one, or another content of any.
    extra, changed = folder / "graphs" / "9.npz", folder / "graphs" / "2.npz"
    extra.write_bytes(changed.read_bytes())
    refused = onnxfi("campaign", "resume", "../run")
    assert refused.status == 2
    assert "The inputs changed" in refused.stderr
    extra.unlink()
    assert onnxfi("campaign", "resume", "../run").status == 0
    arrays = dict(np.load(changed))
    np.savez(changed, **arrays | {"nodes": arrays["nodes"] + 1})
    assert onnxfi("campaign", "resume", "../run").status == 2


def test_labels_of_several_files(onnxfi: Callable[..., Any]) -> None:
    signature = SIGNATURES["byte_classifier"]()
    write(signature)
    np.save("labels.npy", np.arange(3))
    own = {"inputs": {**signature.inputs, "labels": {"file": "labels.npy"}}}
    found = []
    for place, changes in (("of_each", {}), ("of_all", own)):
        write(signature, **changes)
        assert onnxfi("campaign", "run", "c.yaml", "--out", place).status == 0
        rows = read_records(place).to_pylist()
        assert all(row["label"] == row["input_index"] for row in rows)
        found.append(repr(rows))
    assert found[0] == found[1]


def test_exhaustive_campaigns_need_one_shape(onnxfi: Callable[..., Any]) -> None:
    signature = SIGNATURES["text_recogniser"]()
    every = {"injections": "exhaustive"}
    write(signature, **every)
    refused = onnxfi("campaign", "run", "c.yaml", "--out", "run")
    assert refused.status == 2
    assert "The shape of 'h' may differ between inputs" in refused.stderr
    write(signature, **every, targets={"tensors": ["k"]})
    assert onnxfi("campaign", "plan", "c.yaml").status == 0


def test_embedding_for_given_inputs(onnxfi: Callable[..., Any]) -> None:
    draw = ("embed", "m.onnx", "--error-model", "bitflip", "--sites", 6, "--out", "e.onnx")
    signature = SIGNATURES["voice_activity"]()
    write(signature)
    assert onnxfi(*draw, "--target", "features", *signature.options).status == 0
    session = onnxruntime.InferenceSession("e.onnx", providers=["CPUExecutionProvider"])
    for name, array in outputs(signature, signature.fed[0]).items():
        (got,) = session.run([name], signature.fed[0])
        np.testing.assert_allclose(got, array, rtol=1e-5)
    write(SIGNATURES["text_recogniser"]())
    refused = onnxfi(*draw, "--target", "h", "--inputs", "words/*.npz")
    assert refused.status == 2
    assert "(1, 4, 6, 5), (1, 4, 6, 9)" in refused.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--inputs", "none/*.npz"], "matches the pattern none/*.npz"),
        (["--inputs", "."], "must be an .npz or .npy file"),
        (["--inputs", "vad.npz", "--constant", "sr=16000"], "'state'"),
        (["--inputs", "vad.npz", "--constant", "sr=rate"], "must be an array of vad.npz"),
        (["--inputs", "vad.npz", "--constant", "sr"], "--constant must name a graph input"),
        (["--inputs", "vad.npz", "--axis", "input=first"], "--axis must be NAME=AXIS"),
        (
            ["--inputs", "vad.npz", "--axis", "state=1", "--constant", "state=state"],
            "--constant state excludes",
        ),
        (["--inputs", "vad.npz", "--constant", "rate=1"], "'rate' is not an input"),
        (["--inputs", "vad.npz", "--constant", "sr=[{}]"], "must be an array of vad.npz"),
        (
            [
                *("--inputs", "vad.npz", "--inputs", "vad.npz", "--axis", "state=1"),
                *("--array", "input=audio", "--constant", "sr=1"),
            ],
            "each file is one input",
        ),
    ],
)
def test_one_error_for_each_mistake(
    onnxfi: Callable[..., Any], options: list[str], expected: str
) -> None:
    write(SIGNATURES["voice_activity"]())
    inject = ("inject", "m.onnx", "--target", "features", "--error-model", "zero")
    refused = onnxfi(*inject, *options)
    assert refused.status == 2
    assert expected in refused.stderr
    assert refused.stderr.count("Error: ") == 1
    assert len(refused.stderr) < 1000


@pytest.mark.parametrize(
    "command",
    [
        ("inspect", "m.onnx", "--lanes"),
        ("embed", "m.onnx", "--target", "c", "--sites", 1, "--error-model", "zero", "--out", "e"),
    ],
)
def test_how_to_feed_needs_inputs(onnxfi: Callable[..., Any], command: tuple[Any, ...]) -> None:
    write(SIGNATURES["detector"]())
    refused = onnxfi(*command, "--constant", "images=0")
    assert refused.status == 2
    assert "Give --inputs as well" in refused.stderr


def test_rows_that_fill_no_batch_are_told(onnxfi: Callable[..., Any]) -> None:
    signature = SIGNATURES["detector"]()
    write(signature)
    np.savez("yolo.npz", images=np.zeros((7, 3, 8, 8), np.float32))
    said = "The last 1 of the 7 rows for 'images' are left out"
    inject = ("inject", "m.onnx", "--target", "c", "--error-model", "zero", "--inputs", "yolo.npz")
    assert said in onnxfi(*inject, "--provider", "cpu").stderr
    assert said in onnxfi("campaign", "plan", "c.yaml").stderr
    repeated = onnxfi(*inject, "--provider", "cpu", "--repeat", "--count", 7, "--json")
    assert {x["input_index"] for x in json.loads(repeated.stdout)["injections"]} == set(range(7))
