"""Tests campaigns that plan by other rules than injections per target."""

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.campaign import Campaign
from onnxfi.campaign.inputs import read_inputs
from onnxfi.campaign.planning.make_plan import make_plan
from onnxfi.campaign.planning.plan import Plan
from onnxfi.campaign.planning.sample_size import sample_size
from onnxfi.configuration import Configuration
from onnxfi.errors import ConfigurationError
from onnxfi.graph import load
from onnxfi.run_directory import RunDirectory, read_records
from onnxfi.statistics import summarise

FLIP = {"name": "bitflip"}
# Bits of conv (1, 4, 6, 6), relu, pool (1, 4, 3, 3), scores (1, 5) in float32.
BITS = [144 * 32, 144 * 32, 36 * 32, 5 * 32]


def plan_of(path: Path) -> Plan:
    configuration = Configuration.from_yaml(path)
    model = load(configuration.model)
    return make_plan(model, read_inputs(model, configuration.inputs), configuration)


def rows_of(path: Path, out: Path) -> list[dict[str, Any]]:
    Campaign.from_yaml(path, out=out).run()
    rows: list[dict[str, Any]] = read_records(out).to_pylist()
    return rows


def test_an_exhaustive_campaign_flips_every_bit_once(
    work: Path, write: Callable[..., Path]
) -> None:
    path = write(targets={"tensors": ["fc/b"]}, error_models=[FLIP], injections="exhaustive")
    rows = rows_of(path, work / "run")
    assert [(row["indices"][0], row["bit"][0]) for row in rows] == [
        (element, bit) for element in range(5) for bit in range(32)
    ]
    golden = load(work / "model.onnx").graph.initializers["fc/b"].const_value
    assert golden is not None
    bits = golden.numpy().view(np.uint32)
    for row in rows:
        expected = (bits[row["indices"][0]] ^ np.uint32(1 << row["bit"][0])).view(np.float32)
        assert np.array_equal(np.float32(row["values"][0]), expected, equal_nan=True)
    assert {row["input_index"] for row in rows} == set(range(12))


def test_an_exhaustive_campaign_keeps_to_the_region_and_the_field(
    work: Path, write: Callable[..., Path]
) -> None:
    configuration = {"bit": "exponent", "region": {"sites": [4, 1]}}
    path = write(
        targets={"tensors": ["fc/b", "conv/b"]},
        error_models=[{"name": "bitflip", "configuration": configuration}],
        injections={"exhaustive": True},
    )
    with pytest.raises(Exception, match="4"):  # conv/b has 4 elements
        plan_of(path)
    path = write(
        targets={"tensors": ["fc/b"]},
        error_models=[{"name": "bitflip", "configuration": configuration}],
        injections={"exhaustive": True, "inputs_per_fault": 2},
    )
    hit = Counter((row["indices"][0], row["bit"][0]) for row in rows_of(path, work / "run"))
    assert hit == {(element, bit): 2 for element in (1, 4) for bit in range(23, 31)}


@pytest.mark.parametrize(
    "error_model",
    [{"name": "zero"}, {"name": "bitflip", "configuration": {"count": 2}}],
)
def test_an_exhaustive_campaign_needs_single_flips(
    write: Callable[..., Path], error_model: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match="exhaustive campaign needs"):
        plan_of(write(error_models=[error_model], injections="exhaustive"))


@pytest.mark.thorough
def test_a_fault_meets_several_inputs_at_the_same_sites(
    work: Path, write: Callable[..., Path]
) -> None:
    targets = {"ops": ["Conv"]}
    path = write(targets=targets, injections={"per_target": 10, "inputs_per_fault": 4})
    rows = rows_of(path, work / "run")
    assert len(rows) == 3 * 10 * 4
    faults: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        faults[row["fault_id"]].append(row)
    assert sorted(faults) == list(range(30))
    for of_fault in faults.values():
        assert len({row["input_index"] for row in of_fault}) == 4
        assert len({tuple(row["indices"]) for row in of_fault}) == 1
        assert len({str(row["bit"]) for row in of_fault}) == 1
    opened = RunDirectory.open(work / "run")
    found = summarise(opened.path, opened.configuration)
    assert (found.injections, found.faults) == (120, 30)
    assert [x.faults for x in found.groups["target"]] == [10] * 3
    # Each fault is drawn as it is where it meets one input.
    alone = rows_of(write(targets=targets, injections={"per_target": 10}), work / "alone")
    sites = {row["fault_id"]: row["indices"] for row in rows}
    assert [row["indices"] for row in alone] == [sites[row["fault_id"]] for row in alone]


def test_allocations(write: Callable[..., Path]) -> None:
    def faults(**injections: Any) -> list[int]:
        return list(plan_of(write(error_models=[FLIP], injections=injections)).faults)

    assert plan_of(write(error_models=[FLIP])).sizes == BITS
    assert faults(total=10) == [3, 3, 2, 2]
    proportional = faults(total=1000, allocation="proportional")
    assert sum(proportional) == 1000
    exact = [1000 * x / sum(BITS) for x in BITS]
    assert all(abs(x - y) < 1 for x, y in zip(proportional, exact, strict=True))
    assert faults(per_target=250, allocation="proportional") == proportional
    uniform = faults(total=1000, allocation="uniform")
    assert uniform == faults(total=1000, allocation="uniform")
    assert sum(uniform) == 1000 != max(uniform)


def test_margins_size_each_stratum(write: Callable[..., Path]) -> None:
    plan = plan_of(
        write(error_models=[FLIP, {"name": "zero"}], injections={"margin": 0.05, "p": 0.2})
    )
    expected = []
    for bits in BITS:
        # Each fault meets one of 12 inputs.
        expected.append(sample_size(12 * bits, margin=0.05, confidence=0.95, p=0.2))
        expected.append(sample_size(None, margin=0.05, confidence=0.95, p=0.2))
    assert plan.faults == expected
    everywhere = plan_of(
        write(error_models=[FLIP], injections={"margin": 0.05, "inputs_per_fault": "all"})
    )
    assert everywhere.inputs_per_fault == 12
    assert everywhere.faults[3] == sample_size(BITS[3], margin=0.05, confidence=0.95)


@pytest.mark.parametrize(
    ("injections", "message"),
    [
        ({"per_target": 5, "margin": 0.1}, "per_target and margin"),
        ({"margin": 0.1, "allocation": "uniform"}, "allocation shares a number"),
        ({"margin": 0.5}, "injections.margin"),
        (
            {"until": {"confidence": 0.9}},
            "until needs one of margin and relative",
        ),
        ({"inputs_per_fault": 0}, "injections.inputs_per_fault: must be 'all' or a whole number"),
        ({"inputs_per_fault": "some"}, "must be 'all' or a whole number of at least 1, got 'some'"),
        ("everything", "injections"),
    ],
)
def test_contradictions_are_told(write: Callable[..., Path], injections: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Configuration.from_yaml(write(injections=injections))
    with pytest.raises(ConfigurationError, match="at most the number of inputs, 12, got 13"):
        plan_of(write(injections={"inputs_per_fault": 13}))


def test_the_configuration_survives_being_written(write: Callable[..., Path]) -> None:
    for injections in (
        "exhaustive",
        {"margin": 0.1, "confidence": 0.9},
        {"until": {"margin": 0.1}},
        {"total": 7, "allocation": "uniform", "inputs_per_fault": "all"},
    ):
        read = Configuration.from_yaml(write(error_models=[FLIP], injections=injections))
        again = write().with_name("again.yaml")
        again.write_text(read.to_yaml())
        assert Configuration.from_yaml(again).injections == read.injections


def test_another_metric_decides_and_has_columns(work: Path, write: Callable[..., Path]) -> None:
    metric = {"name": "regression", "configuration": {"relative": 0.5}}
    targets = {"ops": ["Conv"]}
    rows = rows_of(write(targets=targets, metric=metric), work / "run")
    plain = rows_of(write(targets=targets), work / "plain")
    assert {"max_absolute_error", "mean_absolute_error", "max_relative_error"} <= set(rows[0])
    assert "top1" not in rows[0]
    assert {row["correct"] for row in rows} == {None}
    for row, other in zip(rows, plain, strict=True):
        assert row["indices"] == other["indices"]
        if row["outcome"] not in ("due", "masked"):
            assert row["outcome"] == ("sdc" if row["max_relative_error"] > 0.5 else "benign")
    opened = RunDirectory.open(work / "run")
    found = summarise(opened.path, opened.configuration)
    assert all(group.accuracy is None for group in found.groups["target"])
    assert set(found.network[0].per_inference) == {"masked", "benign", "sdc", "due"}
    with pytest.raises(ConfigurationError, match=r"line .*, metric: .*did you mean 'regression'"):
        Configuration.from_yaml(write(metric={"name": "regresion"}))
