"""Tests checks of campaigns against limits and baselines."""

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics import ComparedGroup, Comparison, Rate, check_campaign, summarise
from onnxfi.statistics.checking import holm, rises
from onnxfi.statistics.comparison import ComparedRate
from onnxfi.statistics.difference import difference, mcnemar_p, two_proportion_p


def network_rates(run: Path) -> dict[str, Any]:
    found = summarise(run, RunDirectory.open(run).configuration)
    return {x.error_model: x.per_inference["sdc"] for x in found.network}


def test_a_limit_holds_where_the_upper_end_does(finished: Path) -> None:
    rates = network_rates(finished)
    highest = max(x.high for x in rates.values())
    assert check_campaign(finished, max_sdc=highest).passed
    for error_model, rate in rates.items():
        for limit, verdict in (
            (rate.high, "passed"),
            (rate.share, "failed"),
            ((rate.share + rate.high) / 2, "undecided"),
        ):
            done = check_campaign(finished, max_sdc=limit)
            (found,) = [x for x in done.findings if x.name == f"sdc under {error_model}"]
            assert found.verdict == verdict
            assert (found.more is not None) == (verdict == "undecided")


def test_the_further_injections_settle_it(finished: Path) -> None:
    """With as many more of the same rate, a simple proportion passes its limit."""
    share, n = 0.02, 1000
    rate, limit = Rate.of(20, n), 0.025
    more = n * (((rate.high - rate.share) / (limit - rate.share)) ** 2 - 1)
    larger = round(n + more)
    assert Rate.of(round(share * larger), larger).high <= limit * 1.01


def test_a_campaign_did_not_rise_above_itself(finished: Path) -> None:
    done = check_campaign(finished, baseline=finished)
    assert done.passed
    assert {x.name for x in done.findings} == {
        f"rise of sdc under {x}" for x in network_rates(finished)
    }


def test_a_rise_is_found() -> None:
    def group(target: str | None, before: int, after: int) -> ComparedGroup:
        first, second = Rate.of(before, 400), Rate.of(after, 400)
        change, p = difference(first, second), two_proportion_p(first, second)
        rates = {"sdc": ComparedRate(first, second, change, p, "two-proportion")}
        return ComparedGroup(target, target, "bitflip", rates)

    targets = [group("conv", 5, 60), group("pool", 40, 5), group("fc", 20, 24)]
    network = [group(None, 65, 72)]
    (found,) = rises(Comparison(True, targets, (), (), network), "runs/main")
    assert found.verdict == "failed"
    assert "since runs/main: significant at conv; conv from 1.2 %" in found.sentence
    assert "corrected for 4 comparisons" in found.sentence
    (found,) = rises(Comparison(True, targets[1:], (), (), network), "runs/main")
    assert found.verdict == "passed"


@pytest.mark.parametrize(
    ("limits", "said"),
    [({}, "nothing to check"), ({"max_sdc": 3.0}, r"share from 0 to 1, got 3\.0")],
)
def test_what_cannot_be_checked(finished: Path, limits: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        check_campaign(finished, **limits)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_holm_rejects_what_closed_testing_does(p_values: list[float]) -> None:
    """By its definition: each intersection of hypotheses is tested by Bonferroni's rule."""
    places = range(len(p_values))
    rejected = holm(p_values, alpha=0.05)
    for place in places:
        subsets = {
            frozenset((place, *some[:count]))
            for some in permutations(places)
            for count in range(len(p_values))
        }
        closed = all(min(p_values[x] for x in s) <= 0.05 / len(s) for s in subsets)
        assert rejected[place] == closed


@pytest.mark.thorough
def test_false_alarms_are_rare_and_real_rises_are_found() -> None:
    """Ten targets, 400 faults each, compared fault by fault as `_rises` does."""
    rng = np.random.default_rng(0)

    def alarms(rise: float, repetitions: int = 400) -> float:
        found = 0
        for _ in range(repetitions):
            p = []
            for target in range(10):
                up, down = rng.binomial(400, [0.01 + rise * (target == 0), 0.01]).tolist()
                both = mcnemar_p(down, up)
                p.append(both / 2 if up > down else 1 - both / 2)
            found += any(holm(p, alpha=0.05))
        return found / repetitions

    assert alarms(0.0) <= 0.07  # 5 %, and three standard errors
    assert alarms(0.08) > 0.9
