"""Tests comparisons of campaigns."""

import itertools
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxfi.campaign import Campaign
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import read_records
from onnxfi.statistics import Rate
from onnxfi.statistics.comparison import Comparison, compare
from onnxfi.statistics.difference import (
    difference,
    interval_p,
    mcnemar_p,
    paired_difference,
    two_proportion_p,
)


# R. G. Newcombe, Stat. Med. 17 (1998), 873-890, table II, method 10 (there p1 - p2).
@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_known_differences(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    found = difference(Rate.of(*second), Rate.of(*first))
    assert found.value == pytest.approx(first[0] / first[1] - second[0] / second[1])
    assert (found.low, found.high) == pytest.approx((low, high), abs=5.1e-5)


# R. G. Newcombe, Stat. Med. 17 (1998), 2635-2650, table III, method 10; and by hand, with
# 1 - sqrt(2) * 0.06641, since the two Wilson intervals are 6.641 % wide and the faults all differ.
@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [((36, 12, 2, 0), 0.0569, 0.3404), ((0, 54, 0, 0), 0.9061, 1.0)],
)
def test_known_paired_differences(
    cells: tuple[int, int, int, int], low: float, high: float
) -> None:
    both, only_after, only_before, neither = cells
    found = paired_difference(
        both=both, only_before=only_before, only_after=only_after, neither=neither
    )
    assert found.value == pytest.approx((only_after - only_before) / sum(cells))
    assert (found.low, found.high) == pytest.approx((low, high), abs=5.1e-5)


def test_two_proportions_are_the_chi_square_test() -> None:
    # 2x2 table without continuity correction: chi^2 = n (ad - bc)^2 / (products of the margins).
    a, b, c, d = 15, 85, 30, 70
    chi = 200 * (a * d - b * c) ** 2 / ((a + b) * (c + d) * (a + c) * (b + d))
    expected = math.erfc(math.sqrt(chi / 2))
    assert two_proportion_p(Rate.of(15, 100), Rate.of(30, 100)) == pytest.approx(expected)
    assert two_proportion_p(Rate.of(0, 100), Rate.of(0, 50)) == 1.0
    assert two_proportion_p(Rate.of(0, 0), Rate.of(5, 10)) == 1.0
    # Close to it where both are simple proportions.
    assert interval_p(Rate.of(15, 100), Rate.of(30, 100)) == pytest.approx(expected, rel=0.3)


@given(st.integers(0, 12), st.integers(0, 12))
def test_mcnemar_counts_the_faults_that_differ(before: int, after: int) -> None:
    differing = before + after
    as_extreme = [
        abs(sum(signs)) >= abs(after - before)
        for signs in itertools.product((-1, 1), repeat=min(differing, 10))
    ]
    p = mcnemar_p(before, after)
    assert p == mcnemar_p(after, before)
    if differing <= 10:
        assert p == pytest.approx(sum(as_extreme) / len(as_extreme))
    assert mcnemar_p(600, 500) == pytest.approx(math.erfc(100 / math.sqrt(1100) / math.sqrt(2)))


@pytest.fixture
def plain_and_hardened(work: Path, write: Callable[..., Path]) -> tuple[Path, Path]:
    """Give two campaigns with the same faults, the second on a model that clips after its Relu."""
    path = write(
        targets={"ops": ["Conv", "Relu"]},
        error_models=[{"name": "random"}],
        injections={"per_target": 30},
    )
    plain, hardened = work / "plain", work / "hardened"
    Campaign.from_yaml(path, out=plain).run()
    model = onnx.load(work / "model.onnx")
    graph = model.graph
    graph.initializer.extend(
        [
            onnx.numpy_helper.from_array(np.array(0, np.float32), "low"),
            onnx.numpy_helper.from_array(np.array(0.5, np.float32), "high"),
        ]
    )
    place = [x.name for x in graph.node].index("pool")
    graph.node[place].input[0] = "clipped"
    graph.node.insert(place, onnx.helper.make_node("Clip", ["relu", "low", "high"], ["clipped"]))
    onnx.save(model, work / "model.onnx")
    Campaign.from_yaml(path, out=hardened).run()
    return plain, hardened


def group_of(found: Comparison, target: str, error_model: str) -> Any:
    (group,) = [x for x in found.targets if (x.target, x.error_model) == (target, error_model)]
    return group


def test_the_same_faults_are_compared_with_themselves(
    plain_and_hardened: tuple[Path, Path],
) -> None:
    before, after = (read_records(x).to_pylist() for x in plain_and_hardened)
    found = compare(*plain_and_hardened)
    assert found.paired
    assert (found.only_before, found.only_after) == ([], [])
    assert len(found.targets) == 2
    for group in found.targets:
        pairs = Counter(
            (x["outcome"] == "sdc", y["outcome"] == "sdc")
            for x, y in zip(before, after, strict=True)
            if (x["target"], x["error_model"]) == (group.target, group.error_model)
        )
        rate = group.rates["sdc"]
        assert rate.test == "mcnemar"
        assert rate.before.share == (pairs[True, True] + pairs[True, False]) / 30
        assert rate.after.share == (pairs[True, True] + pairs[False, True]) / 30
        assert rate.difference.value == pytest.approx(rate.after.share - rate.before.share)
        assert rate.p == mcnemar_p(pairs[True, False], pairs[False, True])
    assert any(x.rates["masked"].p < 0.5 for x in found.targets)
    (network,) = found.network
    assert network.rates["sdc"].test == "intervals"
    assert set(network.rates) >= {"masked", "sdc", "due", "sdc5"}


def test_a_campaign_does_not_differ_from_itself(finished: Path) -> None:
    found = compare(finished, finished)
    for group in (*found.targets, *found.network):
        for rate in group.rates.values():
            assert rate.difference.value == 0
            assert rate.difference.low <= 0 <= rate.difference.high
            assert rate.p == 1.0


def test_other_faults_are_independent_samples(
    work: Path, write: Callable[..., Path], finished: Path
) -> None:
    path = write(seed=4, targets={"ops": ["Conv", "Softmax"]})
    other = Campaign.from_yaml(path, out=work / "other").run().path
    found = compare(finished, other)
    assert not found.paired
    assert {x.target for x in found.targets} == {"conv"}
    assert {x.target for x in found.only_before} == {"relu", "pool", "scores"}
    assert {x.target for x in found.only_after} == {"probabilities"}
    models = {x.error_model for x in found.targets}
    assert len(found.only_before) == 3 * len(models)
    assert len(found.only_after) == len(models) > 1
    rate = group_of(found, "conv", "random").rates["sdc"]
    assert rate.test == "two-proportion"
    assert rate.p == two_proportion_p(rate.before, rate.after)


def test_campaigns_without_a_common_target_are_refused(
    work: Path, write: Callable[..., Path], finished: Path
) -> None:
    path = write(targets={"ops": ["Softmax"]}, error_models=["bitflip"])
    other = Campaign.from_yaml(path, out=work / "other").run().path
    with pytest.raises(ConfigurationError, match=r"in common.*other hits probabilities with"):
        compare(finished, other)


@pytest.mark.thorough
def test_faults_with_several_inputs_are_paired_as_faults(
    work: Path, write: Callable[..., Path]
) -> None:
    changes = {
        "targets": {"ops": ["Conv"]},
        "error_models": [{"name": "random"}],
        "injections": {"per_target": 8, "inputs_per_fault": 3},
    }
    runs = [Campaign.from_yaml(write(**changes), out=work / name).run().path for name in "ab"]
    runs.append(Campaign.from_yaml(write(**changes, seed=9), out=work / "c").run().path)
    rate = group_of(compare(runs[0], runs[1]), "conv", "random").rates["sdc"]
    assert (rate.test, rate.before.total) == ("mcnemar", 8)
    rate = group_of(compare(runs[0], runs[2]), "conv", "random").rates["sdc"]
    assert (rate.test, rate.before.total) == ("intervals", 24)
