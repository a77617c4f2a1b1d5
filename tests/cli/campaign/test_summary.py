"""``onnxfi campaign summary``."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from onnxfi.run_directory import read_records
from onnxfi.run_directory.record_files import about, read_file, record_files, write_records
from onnxfi.storage import open_storage
from tests.support.small_graphs import model, node, value

# Of two of the run's ten files each; the first are of conv1.
TOLD = ('{"relu1": 13, "": 1}', '{"relu1": 2, "pool1": 1}', "{}", None)


@pytest.fixture
def noting(tmp_path: Path, finished: Path) -> Callable[..., Path]:
    """Give a function that copies a run directory, its files saying where they were masked."""

    def note(*of_files: str | None) -> Path:
        run = Path(shutil.copytree(finished, tmp_path / "run"))
        storage = open_storage(run)
        for name, said in zip(record_files(storage), of_files, strict=True):
            table = read_file(storage, name)
            metadata = None if said is None else {"onnxfi.masked_at": said}
            run_id = {"run": about(table.schema)["run"]}
            write_records(table.replace_schema_metadata(metadata), storage, name, about=run_id)
        return run

    return note


def words(text: str) -> str:
    """Return a table's text with single blanks."""
    return " ".join(text.split())


def test_shares_are_told(onnxfi: Callable[..., Any], noting: Callable[..., Path]) -> None:
    run = noting(*TOLD, *["{}"] * 6)
    printed = words(onnxfi("campaign", "summary", run).stdout)
    assert "Where injections were masked" in printed
    expected = "relu1 (Relu) 37.5, pool1 (MaxPool) 2.5, only at the outputs 2.5"
    assert f"conv1 {expected}" in printed
    assert "The masked locations of 20 of 200 injections are unknown" in printed
    (first, second, *_) = json.loads(onnxfi("campaign", "summary", run, "--json").stdout)["masking"]
    assert (first["target"], first["injections"], first["not_known"]) == ("conv1", 40, 0)
    assert (second["target"], second["injections"], second["not_known"]) == ("relu1", 20, 20)
    assert first["masked_at"] == [
        {"tensor": "relu1", "op_type": "Relu", "count": 15, "share": 0.375},
        {"tensor": "pool1", "op_type": "MaxPool", "count": 1, "share": 0.025},
        {"tensor": None, "op_type": None, "count": 1, "share": 0.025},
    ]


def test_without_propagation_there_is_nothing_to_tell(
    onnxfi: Callable[..., Any], noting: Callable[..., Path]
) -> None:
    result = onnxfi("campaign", "summary", noting(*['{"": 20}'] * 10))
    assert result.status == 0
    assert "were masked" not in result.stdout


def test_the_report_tells(onnxfi: Callable[..., Any], noting: Callable[..., Path]) -> None:
    pytest.importorskip("plotly")
    run = noting(*TOLD, *["{}"] * 6)
    assert onnxfi("report", run).status == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Where injections were masked" in page
    assert "MaxPool</td>" in page


def test_the_summary_says_why(onnxfi: Callable[..., Any], tmp_path: Path) -> None:
    proto = model([node("Add", "x x", "y")], [value("x", ["N", 2])], [value("y", ["N", 2])])
    onnx.save(proto, tmp_path / "m.onnx")
    np.savez(tmp_path / "x.npz", x=np.ones((3, 2), np.float32))
    path = tmp_path / "campaign.yaml"
    path.write_text(
        """
model: m.onnx
inputs: {file: x.npz}
targets: {kind: input}
error_models: [{name: nan}, {name: inf}, {name: zero}]
injections: {per_target: 5}
execution: {provider: cpu, workers: 1}
"""
    )
    printed = onnxfi("campaign", "run", path, "--out", tmp_path / "run").stdout
    assert "Why injections were due" in printed
    found = json.loads(onnxfi("campaign", "summary", tmp_path / "run", "--json").stdout)
    assert [
        (x["target"], x["error_model"], x["injections"], x["reasons"]) for x in found["due"]
    ] == [
        ("x", "nan", 5, {"nan": 5}),
        ("x", "inf", 5, {"inf": 5}),
    ]


def test_the_summary_counts_the_outcomes(onnxfi: Callable[..., Any], finished: Path) -> None:
    document = json.loads(onnxfi("campaign", "summary", finished, "--json").stdout)
    rows = document["groups"]["target"]
    assert sum(row["injections"] for row in rows) == 200
    outcomes = read_records(finished)["outcome"].to_pylist()
    for outcome in ("masked", "benign", "sdc", "due"):
        counts = [row["per_inference"][outcome]["count"] for row in rows]
        assert sum(counts) == outcomes.count(outcome)
    assert "conv2" in onnxfi("campaign", "summary", finished).stdout


def test_the_summary_groups_and_selects_rates(onnxfi: Callable[..., Any], finished: Path) -> None:
    options = ("--by", "bit_field", "--rate", "sdc5")
    printed = onnxfi("campaign", "summary", finished, *options).stdout
    for text in ("by bit field", "exponent", "sdc5", "8 inputs without labels"):
        assert text in printed
    for text in ("Whole network", "conv1", "masked"):  # --by prints nothing else
        assert text not in printed
    document = json.loads(
        onnxfi("campaign", "summary", finished, "--by", "bit", "--by", "layer", "--json").stdout
    )
    assert list(document["groups"]) == ["bit", "layer"]
    bits = [x["key"]["bit"] for x in document["groups"]["bit"]]
    assert bits == sorted(bits)
    for option, wrong in (("--by", "colour"), ("--rate", "sdc6")):
        mistake = onnxfi("campaign", "summary", finished, option, wrong)
        assert mistake.status == 2
        assert f"{option} must be one of" in mistake.stderr
    mistake = onnxfi("campaign", "summary", finished, "--by", "layr")
    assert "got 'layr' (did you mean 'layer'?)." in " ".join(mistake.stderr.split())


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a run directory with long names and with error models of very different rates."""
    folder = tmp_path_factory.mktemp("pair")
    names = [f"mobilenet/block_{k}_expand/separable_conv2d_{k}/depthwise/BiasAdd" for k in (9, 10)]
    nodes = [
        node("Relu", "x", names[0]),
        node("Identity", names[0], names[1]),
        node("Softmax", names[1], "y"),
    ]
    proto = model(nodes, [value("x", ["N", 4])], [value("y", ["N", 4])])
    onnx.save(proto, folder / "m.onnx")
    np.savez(folder / "x.npz", x=np.diag(np.arange(5, 9)).astype(np.float32))
    (folder / "campaign.yaml").write_text(
        f"""
model: m.onnx
inputs: {{file: x.npz}}
targets: {{tensors: {names}}}
error_models:
- {{name: bitflip, configuration: {{bit: 0}}}}
- {{name: constant, configuration: {{value: 50}}}}
injections: {{per_target: 60}}
execution: {{provider: cpu, workers: 1}}
"""
    )
    from onnxfi.campaign import Campaign

    Campaign.from_yaml(folder / "campaign.yaml", out=folder / "run").run()
    return folder / "run"


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize(
    "command", ["summary", "summary --by target", "status", "compare", "plan"], ids=str
)
def test_tables_fit_and_name_everything(
    onnxfi: Callable[..., Any],
    pair: Path,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    command: str,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    name, *options = command.split()
    place = pair.parent / "campaign.yaml" if name == "plan" else pair
    others = [pair] if name == "compare" else []
    monkeypatch.chdir(pair.parent)
    result = onnxfi("campaign", name, place.name, *(x.name for x in others), *options)
    assert result.status == 0
    printed = result.stdout
    lines = [x for x in printed.split("\n") if not x.endswith(".")]  # no sentences
    assert max(map(len, lines)) <= width
    for model_name in ("error model: bitflip:bit=0", "error model: constant:value=50"):
        assert model_name in printed
    short = {x for x in words(printed).split() if "…" in x}
    for k in (9, 10):
        name = f"mobilenet/block_{k}_expand/separable_conv2d_{k}/depthwise/BiasAdd"
        forms = {x for x in short if all(part in name for part in x.split("…"))}
        assert name in printed.replace("\n", "") or forms


def test_error_models_are_never_pooled(onnxfi: Callable[..., Any], pair: Path) -> None:
    document = json.loads(onnxfi("campaign", "summary", pair, "--json").stdout)
    for groups in document["groups"].values():
        for group in groups:
            sdc = group["per_inference"]["sdc"]["share"]
            assert sdc == 0 if group["key"]["error_model"] == "bitflip:bit=0" else sdc > 0.5


def test_drivers(onnxfi: Callable[..., Any], finished: Path) -> None:
    done = onnxfi("campaign", "summary", finished, "--drivers")
    assert done.status == 0
    assert "Drivers of sdc" in done.stdout
    document = json.loads(onnxfi("campaign", "summary", finished, "--drivers", "--json").stdout)
    assert {x["factor"] for x in document} >= {"target", "bit"}
