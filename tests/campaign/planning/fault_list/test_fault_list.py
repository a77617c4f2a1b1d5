"""Running fault lists that someone else made, and comparing them with published counts."""

import csv
import json
from importlib import resources
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml

from onnxfi.campaign import Campaign, agree, replay
from onnxfi.configuration import Configuration
from onnxfi.demo import prepare
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import export_faults
from tests.support.small_campaign import INPUTS, fill, make_document

HEADER = ("Injection", "Layer", "TensorIndex", "Bit")


def write(path: Path, rows: list[tuple[Any, ...]], header: tuple[str, ...] = HEADER) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def run(folder: Path, out: str = "run", **injections: Any) -> Any:
    document = make_document(
        targets={"kind": "weight"},
        error_models=["bitflip"],
        injections={"list": "faults.csv", "inputs_per_fault": "all", **injections},
        out=out,
    )
    (folder / "campaign.yaml").write_text(yaml.safe_dump(document))
    return Campaign.from_yaml(folder / "campaign.yaml").run()


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a list and its finished campaign in run; do not write to run."""
    folder = fill(tmp_path_factory.mktemp("listed"))
    rows = [(0, "fc/w", "(3, 2)", 30), (1, "conv/w", "(3, 0, 2, 1)", 30), (2, "fc/w", 4, 2)]
    write(folder / "faults.csv", rows)
    run(folder)
    return folder


def test_records_hold_the_fault_and_all_columns_of_the_list(listed: Path) -> None:
    records = Campaign.open(listed / "run").run().records().to_pylist()
    assert len(records) == 3 * INPUTS
    expected = {1: ("fc/w", 3 * 5 + 2, 30), 2: ("conv/w", 34, 30), 3: ("fc/w", 4, 2)}
    for x in records:
        assert (x["target"], x["indices"][0], x["bit"][0]) == expected[x["list_row"]]
        assert json.loads(x["listed"])["Injection"] == str(x["list_row"] - 1)


def test_an_injection_of_a_list_replays(listed: Path) -> None:
    assert replay(listed / "run", INPUTS + 1).same


def test_the_exported_list_runs_again_with_the_same_outcomes(listed: Path, tmp_path: Path) -> None:
    folder = fill(tmp_path)
    assert export_faults(listed / "run", folder / "faults.csv") == 3
    again = run(folder).records()
    first = Campaign.open(listed / "run").run().records()
    for name in ("target", "indices", "bit", "values", "input_index", "outcome"):
        assert again[name].to_pylist() == first[name].to_pylist()
    found = agree(folder / "run", folder / "faults.csv")
    assert (found.share, found.only_here, found.only_published) == (1, 0, 0)
    assert agree(listed / "run", folder / "faults.csv").agreeing_in_all == 3


def test_agree_finds_the_fault_that_differs(listed: Path, tmp_path: Path) -> None:
    counts = ("n_injections", "masked", "non_critical", "critical")
    rows: list[tuple[Any, ...]] = []
    for row, (name, index, bit) in enumerate(
        [("fc/w", "(3, 2)", 30), ("conv/w", "(3, 0, 2, 1)", 30), ("fc/w", "4", 2)], 1
    ):
        records = Campaign.open(listed / "run").run().records().to_pylist()
        of = [x["outcome"] for x in records if x["list_row"] == row]
        masked, benign = of.count("masked"), of.count("benign")
        rows.append((row - 1, name, index, bit, len(of), masked, benign, len(of) - masked - benign))
    changed = [2, 0, 0] if rows[2][5] < INPUTS - 2 else [-2, 0, 2]
    if changed[0] > 0:
        changed[1 if rows[2][6] >= 2 else 2] = -2
    last = (*rows[2][:5], *(x + y for x, y in zip(rows[2][5:], changed, strict=True)))
    path = write(tmp_path / "published.csv", [rows[0], rows[1], last], HEADER + counts)
    found = agree(listed / "run", path)
    assert (found.agreeing_in_all, len(found.faults)) == (2, 3)
    assert [(x.index, x.difference) for x in found.worst()] == [((4,), 2)]
    assert agree(listed / "run", path, tolerance=2).agreeing_in_all == 3


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("0", "nothing", "3", "1"), "row 2: the model has no weight of the name 'nothing'"),
        (("0", "fc/w", "(36, 0)", "1"), "row 2: the index (36, 0) lies outside of 'fc/w'"),
        (("0", "fc/w", "x", "1"), "row 2: TensorIndex must be a flat index"),
        (("0", "fc/w", "3", "32"), "row 2: "),
        (("0", "fc/w", "3", "1.5"), "row 2: Bit must be the number of a bit"),
        (("0", "fc/w", "3"), "row 2: has another number of fields"),
    ],
)
def test_a_bad_row_is_named(work: Path, row: tuple[str, ...], message: str) -> None:
    write(work / "faults.csv", [(0, "fc/w", 3, 1), row])
    with pytest.raises(ConfigurationError) as caught:
        run(work)
    assert message in str(caught.value)


def test_a_missing_column_is_named(work: Path) -> None:
    write(work / "faults.csv", [(0, "fc/w", 3, 1)], ("n", "Tensor", "TensorIndex", "Bit"))
    with pytest.raises(ConfigurationError, match="has no column Layer"):
        run(work)
    assert len(run(work, columns={"target": "Tensor"})) == INPUTS


def test_another_error_model_is_refused(work: Path) -> None:
    write(work / "faults.csv", [(0, "fc/w", 3, 1)])
    document = make_document(error_models=["zero"], injections={"list": "faults.csv"})
    (work / "campaign.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigurationError, match="leave out error_models, got zero"):
        Campaign.from_yaml(work / "campaign.yaml").run()


def test_indices_of_keras_layers_hit_the_same_weights(tmp_path: Path) -> None:
    demo = prepare(tmp_path)
    rows = [(0, "conv1", "(2, 1, 0, 3)", 0), (1, "conv2", "(2, 1, 5, 9)", 0), (2, "dense1", 77, 0)]
    write(tmp_path / "faults.csv", rows)
    document = {
        "model": demo.model.name,
        "inputs": {"file": "digits.npz", "limit": 1},
        "targets": {"kind": "weight"},
        "injections": {"list": "faults.csv"},
    }
    planned = Configuration.from_document(document, "test", folder=tmp_path)
    records = Campaign(planned, out=tmp_path / "run").run().records().to_pylist()
    with h5py.File(str(resources.files("onnxfi.demo") / "assets" / "lenet_digits.h5")) as file:
        kernels = {
            layer: np.asarray(file[f"model_weights/{layer}/lenet_digits/{layer}/kernel"])
            for layer in ("conv1", "conv2", "dense1")
        }
    found = {x["list_row"]: np.float32(x["values"][0]) for x in records}
    wanted = (
        kernels["conv1"][2, 1, 0, 3],
        kernels["conv2"][2, 1, 5, 9],
        kernels["dense1"].flat[77],
    )
    for row, value in enumerate(wanted, 1):
        assert found[row].view(np.uint32) == value.view(np.uint32) ^ 1
