"""Tests campaigns on weights and inputs, and on several targets together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnxfi.campaign import Campaign
from onnxfi.errors import ConfigurationError
from onnxfi.report import write_campaign_report
from onnxfi.run_directory import RunDirectory, read_records
from onnxfi.statistics import summarise
from tests.support.small_graphs import run_overwriting

ZERO = {"name": "zero", "configuration": {"count": 3}}
FLIP = {"name": "bitflip", "configuration": {"bit": 24}}


def run(path: Path) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = read_records(Campaign.from_yaml(path).run().path).to_pylist()
    return records


def image_of(work: Path, row: dict[str, Any]) -> dict[str, np.ndarray]:
    images = np.load(work / "inputs.npz")["images"]
    return {"image": images[row["input_index"] : row["input_index"] + 1]}


def written(row: dict[str, Any], target: str | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """Return what writes a record's values into a tensor: all of them, or those of one target."""

    def write(tensor: np.ndarray) -> np.ndarray:
        changed = tensor.copy()
        of_site = row["target_of_site"] or [target] * len(row["indices"])
        for name, index, value in zip(of_site, row["indices"], row["values"], strict=True):
            if name == target:
                changed.flat[index] = value
        return changed

    return write


@pytest.mark.parametrize("kind", ["weight", "input"])
def test_records_of_a_kind_equal_the_reference_with_the_tensor_overwritten(
    kind: str, work: Path, write: Callable[..., Path]
) -> None:
    out = str(work / "run")
    rows = run(write(targets={"kind": kind}, error_models=[ZERO, FLIP], out=out))
    names = {"weight": {"conv/w", "conv/b", "fc/w", "fc/b"}, "input": {"image"}}[kind]
    assert {row["target"] for row in rows} == names
    assert {row["kind"] for row in rows} == {kind}
    assert all(row["target_of_site"] is None for row in rows)
    proto = onnx.load(work / "model.onnx")
    for row in rows[::5]:
        feeds = image_of(work, row)
        overwrite = written(row, row["target"])
        with np.errstate(all="ignore"):
            faulty, _ = run_overwriting(proto, feeds, row["target"], overwrite)
        scores = faulty["probabilities"][0]
        if row["outcome"] == "due":
            assert not np.isfinite(scores).all()
        else:
            assert row["top1"] == scores.argmax()


@pytest.mark.thorough
def test_inputs_that_share_a_faulty_weight_leave_the_records_as_they_are(
    work: Path, write: Callable[..., Path]
) -> None:
    """However many run together, and wherever a shard ends within the inputs of a fault."""
    found = []
    for number, execution in enumerate(({"lanes": 1, "shard": 1000}, {"lanes": 4, "shard": 37})):
        configuration = {
            "targets": {"kind": "weight"},
            "error_models": [FLIP],
            "injections": {"per_target": 9, "inputs_per_fault": 7},
            "execution": execution,
        }
        found.append(run(write(**configuration, out=str(work / f"run{number}"))))
    assert len(found[0]) == 4 * 9 * 7
    assert found[0] == found[1]


def test_several_targets_are_hit_by_one_injection(work: Path, write: Callable[..., Path]) -> None:
    targets = [{"tensors": ["fc/w"], "error_model": ZERO}, {"ops": ["Relu"]}, {"kind": "input"}]
    path = write(targets=targets, error_models=[FLIP], out=str(work / "run"))
    rows = run(path)
    assert len(rows) == 20
    row = rows[0]
    # The relu lies downstream of the image; the weights of fc depend on nothing.
    assert row["target"] == "fc/w + image + relu"
    assert row["kind"] == "weight + input + activation"
    assert row["op_type"] == "Gemm + Conv + Relu"
    assert row["error_model"] == "zero:count=3 + bitflip:bit=24"
    assert [row["target_of_site"].count(x) for x in ("fc/w", "image", "relu")] == [3, 1, 1]
    assert row["bit"] == [None, None, None, 24, 24]
    opened = RunDirectory.open(work / "run")
    (summary,) = summarise(opened.path, opened.configuration).groups["target"]
    assert (summary.key["target"], summary.injections) == (row["target"], 20)
    assert write_campaign_report(work / "run").exists()

    for row in rows:
        proto = onnx.load(work / "model.onnx")
        (weight,) = (x for x in proto.graph.initializer if x.name == "fc/w")
        faulty_weight = written(row, "fc/w")(numpy_helper.to_array(weight))
        weight.CopyFrom(numpy_helper.from_array(faulty_weight, "fc/w"))
        feeds = {"image": written(row, "image")(image_of(work, row)["image"])}
        with np.errstate(all="ignore"):
            faulty, relu = run_overwriting(proto, feeds, "relu", written(row, "relu"))
            # The flip starts from the value that the faulty image led to.
            index, value = row["indices"][4], np.float32(row["values"][4])
            assert relu is not None
            before = relu.flat[index]
            flipped = (before.view(np.uint32) ^ np.uint32(1 << 24)).view(np.float32)
            np.testing.assert_allclose(value, flipped, rtol=1e-4)
        if row["outcome"] in ("sdc", "benign"):
            assert row["top1"] == faulty["probabilities"][0].argmax()


def test_a_target_may_not_be_chosen_twice(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(targets=[{"ops": ["Conv"]}, {"tensors": ["conv"]}], out=str(tmp_path / "run"))
    with pytest.raises(ConfigurationError, match="'conv' is chosen by two"):
        Campaign.from_yaml(path).begin()


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([{"opps": ["Conv"]}], r"targets\.0\.opps: unknown key .* tensors, .* error_model"),
        ({"kind": "wait"}, r"targets\.kind: .*'activation', 'weight' or 'input'.* got 'wait'"),
        ([], "targets: must not be empty"),
        ([{"error_model": {"name": "zeero"}}], r"targets\.0\.error_model: .* got 'zeero'"),
        (3, "targets: .* got 3"),
    ],
)
def test_mistakes_are_told_with_their_place(
    targets: Any, message: str, write: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Campaign.from_yaml(write(targets=targets, out=str(tmp_path / "run"))).begin()


def test_error_models_may_be_left_out_only_where_every_target_has_its_own(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    path = write(targets=[{"ops": ["Conv"]}], error_models=[], out=str(tmp_path / "run"))
    with pytest.raises(ConfigurationError, match=r"error_models: must be given"):
        Campaign.from_yaml(path).begin()
    targets = [{"ops": ["Conv"], "error_model": ZERO}]
    path = write(targets=targets, error_models=[], out=str(tmp_path / "run"))
    assert len(run(path)) == 20
