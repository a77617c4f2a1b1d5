"""Tests what explains the outcomes of a campaign."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxfi.campaign import Campaign
from onnxfi.run_directory import read_records
from onnxfi.statistics import Driver, describe_drivers, find_drivers
from onnxfi.statistics.drivers import explained_variance


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=8, max_size=80))
def test_the_share_is_that_of_an_analysis_of_variance(rows: list[tuple[int, bool]]) -> None:
    """Sums of squares by loops over the groups."""
    levels = np.array([x for x, _ in rows])
    values = np.array([float(y) for _, y in rows])
    count, found = explained_variance(levels, values, np.ones(len(rows)))
    groups = [values[levels == x] for x in sorted(set(levels.tolist()))]
    assert count == len(groups)
    total = sum((x - values.mean()) ** 2 for x in values)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups)
    if total < 1e-9 or len(rows) == len(groups):
        assert found == 0
        return
    mean_square = within / (len(rows) - len(groups))
    expected = (total - within - (len(groups) - 1) * mean_square) / total
    assert found == pytest.approx(max(0.0, expected), abs=1e-9)


def test_a_whole_weight_counts_as_that_many_rows() -> None:
    rng = np.random.default_rng(0)
    levels, weights = rng.integers(0, 3, 400), rng.integers(1, 5, 400)
    values = (rng.random(400) < 0.2 * levels).astype(float)
    _, weighted = explained_variance(levels, values, weights.astype(float))
    _, repeated = explained_variance(
        np.repeat(levels, weights), np.repeat(values, weights), np.ones(int(weights.sum()))
    )
    assert weighted == pytest.approx(repeated, abs=0.01)


def test_chance_explains_nothing_and_a_cause_everything() -> None:
    rng = np.random.default_rng(1)
    levels = rng.integers(0, 30, 3000)
    assert explained_variance(levels, rng.integers(0, 2, 3000) * 1.0, np.ones(3000))[1] < 0.02
    assert explained_variance(levels, (levels > 9) * 1.0, np.ones(3000))[1] == pytest.approx(1)


@pytest.mark.thorough
def test_drivers_of_a_campaign(work: Path, write: Callable[..., Path]) -> None:
    path = write(error_models=["bitflip", "zero"], injections={"per_target": 150})
    run = Campaign.from_yaml(path, out=work / "run").run().path
    found = find_drivers(run)
    by_factor = {x.factor: x for x in found if x.error_model == "bitflip"}
    assert {"target", "bit", "direction", "severity", "input"} >= set(by_factor)
    rows = [x for x in read_records(run).to_pylist() if x["error_model"] == "bitflip"]
    levels = np.array([x["bit"][0] for x in rows])
    wrong = np.array([float(x["outcome"] == "sdc") for x in rows])
    count, share = explained_variance(levels, wrong, np.ones(len(rows)))
    assert (by_factor["bit"].levels, by_factor["bit"].faults) == (count, len(rows))
    assert by_factor["bit"].explained == pytest.approx(share)
    assert {x.factor for x in found if x.error_model == "zero"} <= {"target", "input"}
    shares: list[Any] = [x.explained for x in found if x.error_model == "bitflip"]
    assert shares == sorted(shares, reverse=True)


def test_a_sentence_says_where_to_look() -> None:
    assert describe_drivers(
        [
            Driver("bitflip", "severity", 20, 100, 0.41),
            Driver("bitflip", "bit", 32, 100, 0.2),
            Driver("zero", "target", 3, 100, 0.001),
        ]
    ) == [
        "bitflip: look at the severity first, which explains 41 % of the variance.",
        "zero: nothing of this kind explains more than 1 % of the variance.",
    ]
