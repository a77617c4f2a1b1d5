"""What the commands give."""

import json
import logging
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from onnxfi.campaign import RunDirectory, read_records

KERAS_FILE = Path(__file__).parents[2] / "onnxfi" / "demo" / "assets" / "lenet_digits.h5"


def test_inspect_lists_the_targets(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi("inspect", "lenet.onnx", "--json")
    assert result.status == 0
    document = json.loads(result.stdout)
    targets = {row["tensor"]: row for row in document["targets"]}
    conv = targets["conv1"]
    assert conv["op_type"] == "Conv"
    assert conv["kind"] == "activation"
    assert conv["layer"] == "conv1"
    assert conv["dtype"] == "float32"
    proto = onnx.load("lenet.onnx")
    (node,) = [x for x in proto.graph.node if x.output[0] == "conv1"]
    sizes = {x.name: int(np.prod(x.dims)) for x in proto.graph.initializer}
    assert conv["parameters"] == sum(sizes.get(name, 0) for name in node.input) > 0
    shares = [row["suffix_share"] for row in document["targets"]]
    assert 0 <= min(shares) < max(shares) <= 1
    table = onnxfi("inspect", "lenet.onnx")
    assert table.status == 0
    for name in targets:
        assert name in table.stdout


def test_inspect_reads_a_keras_file(onnxfi: Callable[..., Any]) -> None:
    result = onnxfi("inspect", KERAS_FILE, "--json")
    assert {"conv1", "conv2"} <= {row["tensor"] for row in json.loads(result.stdout)["targets"]}


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
        assert f"{name}: 1 injection(s)" in result.stdout
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


INJECT = ("inject", "lenet.onnx", "--inputs", "x.npz", "--provider", "cpu")


def test_inject_gives_json(onnxfi: Callable[..., Any], work: Path) -> None:
    command = (*INJECT, "--target", "conv2", "--error-model", "bitflip", "--count", 20, "--json")
    first = onnxfi(*command, "--seed", 5)
    document = json.loads(first.stdout)
    assert document["targets"] == ["conv2"]
    assert document["seed"] == 5
    rows = document["injections"]
    assert [row["injection_id"] for row in rows] == list(range(20))
    assert {row["input_index"] for row in rows} == set(range(8))
    for row in rows:
        (corruption,) = row["corruptions"]
        assert corruption["target"] == "conv2"
        assert len(corruption["indices"]) == len(corruption["values"]) == 1
    assert onnxfi(*command, "--seed", 5) == first
    assert json.loads(onnxfi(*command, "--seed", 6).stdout)["injections"] != rows


def test_inject_into_a_weight_an_activation_and_an_input_at_once(
    onnxfi: Callable[..., Any], work: Path
) -> None:
    targets = ("dense1/kernel", "conv1", "image")
    options = [x for name in targets for x in ("--target", name)]
    models = [x for spec in ("zero", "bitflip:bit=30", "random") for x in ("--error-model", spec)]
    document = json.loads(onnxfi(*INJECT, *options, *models, "--count", 4, "--json").stdout)
    assert sorted(document["targets"]) == sorted(targets)
    for row in document["injections"]:
        # In the order in which they are corrupted.
        assert [x["target"] for x in row["corruptions"]] == document["targets"]
        values = {x["target"]: x["values"] for x in row["corruptions"]}
        assert values["dense1/kernel"] == [0.0]
    one = onnxfi(*INJECT, *options, "--error-model", "zero", "--count", 4, "--json")
    assert {
        value
        for row in json.loads(one.stdout)["injections"]
        for x in row["corruptions"]
        for value in x["values"]
    } == {0.0}


def test_inspect_lists_the_targets_of_a_kind(onnxfi: Callable[..., Any], work: Path) -> None:
    rows = json.loads(onnxfi("inspect", "lenet.onnx", "--kind", "weight", "--json").stdout)
    by_name = {row["tensor"]: row for row in rows["targets"]}
    kernel = by_name["dense1/kernel"]
    assert (kernel["kind"], kernel["layer"], kernel["op_type"]) == ("weight", "dense1", "Gemm")
    assert kernel["parameters"] == np.prod(kernel["shape"])
    assert 0 < kernel["suffix_share"] < 1


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


def test_inject_counts_the_outcomes(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi(*INJECT, "--target", "conv1", "--error-model", "bitflip", "--count", 30)
    assert result.status == 0
    lines = {line.split()[1]: line.split()[3] for line in result.stdout.splitlines() if "[" in line}
    counts = {key: lines[key] for key in ("masked", "benign", "sdc", "due")}
    assert sum(map(int, counts.values())) == 30


def test_convert(onnxfi: Callable[..., Any], work: Path) -> None:
    (work / "net.h5").write_bytes(KERAS_FILE.read_bytes())
    result = onnxfi("convert", "net.h5")
    assert (result.status, result.stdout) == (0, "net.onnx\n")
    onnx.checker.check_model("net.onnx", full_check=True)
    result = onnxfi("convert", "net.h5", "other.onnx", "--opset", 15)
    assert (result.status, result.stdout) == (0, "other.onnx\n")
    assert [x.version for x in onnx.load("other.onnx").opset_import if not x.domain] == [15]
    x = np.load("x.npz")["image"]
    results = [
        onnxruntime.InferenceSession(name, providers=["CPUExecutionProvider"]).run(
            None, {"image": x}
        )[0]
        for name in ("lenet.onnx", "net.onnx", "other.onnx")
    ]
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)
    np.testing.assert_allclose(results[2], results[0], rtol=1e-5)
    assert not [name for name in work.iterdir() if "partial" in name.name]


def test_split_writes_two_models_that_share_their_weights(
    onnxfi: Callable[..., Any], work: Path
) -> None:
    result = onnxfi("split", "lenet.onnx", "--target", "conv2", "--out", "parts")
    assert (result.status, result.stdout) == (0, "parts\n")
    names = {path.name for path in (work / "parts").iterdir()}
    assert names == {"prefix.onnx", "suffix.onnx", "weights.bin", "split.json"}
    sessions = {}
    for part in ("prefix", "suffix"):
        path = work / "parts" / f"{part}.onnx"
        onnx.checker.check_model(str(path), full_check=True)
        sessions[part] = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        light = onnx.load(path, load_external_data=False)
        files = {
            entry.value
            for x in light.graph.initializer
            for entry in x.external_data
            if entry.key == "location"
        }
        assert files == {"weights.bin"}
    x = np.load("x.npz")["image"][:1]
    whole = onnxruntime.InferenceSession("lenet.onnx", providers=["CPUExecutionProvider"])
    (expected,) = whole.run(None, {"image": x})
    crossing = [value.name for value in sessions["prefix"].get_outputs()]
    assert "conv2" in crossing
    values = dict(zip(crossing, sessions["prefix"].run(None, {"image": x}), strict=True))
    fed = {value.name: values[value.name] for value in sessions["suffix"].get_inputs()}
    (scores,) = sessions["suffix"].run(None, fed)
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    # And it is the target that the suffix reads.
    (other,) = sessions["suffix"].run(None, fed | {"conv2": np.zeros_like(fed["conv2"])})
    assert not np.allclose(other, expected)


def test_campaign_run_status_summary_report(onnxfi: Callable[..., Any], work: Path) -> None:
    pytest.importorskip("plotly")
    result = onnxfi("campaign", "run", "campaign.yaml", "--out", "run", "--workers", 2)
    assert result.status == 0
    # No terminal here: no bars, no empty lines.
    assert result.stderr == "200 injections on cpu, records in run\n"
    for text in ("conv1", "Relu", "bitflip:bit=any", "[", "Wilson"):
        assert text in result.stdout
    assert RunDirectory.open(Path("run")).recorded == 200

    status = onnxfi("campaign", "status", "run")
    assert status.stdout.startswith(
        "200 of 200 injections recorded (100.0 %)\nThe campaign is done.\n"
    )
    document = json.loads(onnxfi("campaign", "status", "run", "--json").stdout)
    assert (document["recorded"], document["planned"], document["running"]) == (200, 200, None)

    document = json.loads(onnxfi("campaign", "summary", "run", "--json").stdout)
    rows = document["groups"]["target"]
    assert sum(row["injections"] for row in rows) == 200
    outcomes = read_records(Path("run"))["outcome"].to_pylist()
    for outcome in ("masked", "benign", "sdc", "due"):
        counts = [row["per_inference"][outcome]["count"] for row in rows]
        assert sum(counts) == outcomes.count(outcome)
    assert "conv2" in onnxfi("campaign", "summary", "run").stdout
    by_bit = onnxfi("campaign", "summary", "run", "--by", "bit_field", "--rate", "sdc5").stdout
    for text in ("bit field", "exponent", "sdc5", "Whole network", "8 inputs, without labels"):
        assert text in by_bit
    for option, wrong in (("--by", "colour"), ("--rate", "sdc6")):
        mistake = onnxfi("campaign", "summary", "run", option, wrong)
        assert mistake.status == 2
        assert f"{option} must be one of" in mistake.stderr

    planned = onnxfi("campaign", "plan", "campaign.yaml")
    for text in ("conv2", "200 injections, about", "seconds"):
        assert text in planned.stdout
    document = json.loads(onnxfi("campaign", "plan", "campaign.yaml", "--json").stdout)
    assert sum(x["injections"] for x in document["strata"]) == document["injections"] == 200
    assert document["seconds"] > 0

    compared = onnxfi("campaign", "compare", "run", "run")
    assert compared.status == 0
    for text in ("whole network", "mcnemar", "Both campaigns inject the same faults"):
        assert text in compared.stdout
    document = json.loads(onnxfi("campaign", "compare", "run", "run", "--json").stdout)
    assert document["targets"][0]["rates"]["sdc"]["difference"]["value"] == 0
    assert onnxfi("campaign", "compare", "run", "run", "--rate", "sdc6").status == 2

    again = onnxfi("campaign", "resume", "run")
    assert again.status == 0
    assert "conv2" in again.stdout

    report = onnxfi("report", "run")
    assert (report.status, report.stdout) == (0, "run/report.html\n")
    assert "conv2" in Path("run/report.html").read_text(encoding="utf-8")


def test_status_and_report_of_a_campaign_that_ran_nothing(
    onnxfi: Callable[..., Any], work: Path
) -> None:
    from onnxfi.campaign import Campaign

    Campaign.from_yaml("campaign.yaml", out="run").begin()
    assert onnxfi("campaign", "status", "run").stdout.startswith("0 of 200 ")
    for command in (("campaign", "summary"), ("report",)):
        result = onnxfi(*command, "run")
        assert result.status == 2
        assert "onnxfi campaign resume" in result.stderr


def test_error_models(onnxfi: Callable[..., Any]) -> None:
    listed = onnxfi("error-models", "list")
    assert listed.status == 0
    names = json.loads(onnxfi("error-models", "list", "--json").stdout)
    assert {"bitflip", "zero", "random"} <= set(names)
    for name, text in names.items():
        assert name in listed.stdout
        assert text
    shown = onnxfi("error-models", "show", "bitflip:bit=30")
    assert shown.status == 0
    assert "bit: 30" in shown.stdout
    document = json.loads(onnxfi("error-models", "show", "bitflip:bit=30", "--json").stdout)
    assert document["name"] == "bitflip"
    assert document["configuration"]["bit"] == 30


def test_a_fallback_to_the_cpu_is_said_once(
    onnxfi: Callable[..., Any], work: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from onnxfi.runtime import provider

    if provider.cuda_obstacle() is None:
        pytest.skip("CUDA runs here")
    provider._log_fallback.cache_clear()  # noqa: SLF001
    command = ("inject", "lenet.onnx", "--inputs", "x.npz", "--target", "conv1")
    logging.getLogger("onnxfi").setLevel(logging.NOTSET)  # the command itself asks for it
    for _ in range(2):
        assert onnxfi(*command, "--error-model", "zero").status == 0
    assert [x.message[:18] for x in caplog.records] == ["Running on the CPU"]


def test_a_closed_pipe_is_no_error(start: Callable[..., subprocess.Popen[str]], work: Path) -> None:
    for command in (("inspect", "lenet.onnx"), ("inspect", "lenet.onnx", "--json")):
        process = start(*command)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # before anything is written
        assert process.stderr.read() == ""
        process.stderr.close()
        process.wait(60)
