"""Tests searches for dangerous faults against all faults."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.campaign import SearchResult, search
from onnxfi.campaign.searching.ranking import Ranking
from onnxfi.configuration import Configuration
from onnxfi.error_models.values import flip_bits
from onnxfi.errors import ConfigurationError


def configuration(path: Path) -> Configuration:
    return Configuration.from_yaml(path)


@pytest.fixture
def path(write: Callable[..., Path]) -> Path:
    """Give a configuration of the flips of one tensor, with one input."""
    return write(
        inputs={"file": "inputs.npz", "tensors": {"image": "images"}, "limit": 1},
        targets={"tensors": ["conv"]},
        error_models=["bitflip"],
    )


def keys(found: SearchResult) -> set[tuple[str, tuple[int, ...], int | None]]:
    return {(x.target, x.index, x.bit) for x in found.faults}


def test_a_tenth_of_the_runs_finds_most_faults(path: Path) -> None:
    every = search(configuration(path), budget=10**9)
    assert (every.whole, every.runs, every.inputs) == (True, every.candidates, 1)
    truth = keys(every)
    assert len(truth) == len(every.faults)  # none is found twice
    assert 0.005 < len(truth) / every.candidates < 0.06
    some = search(configuration(path), budget=every.candidates // 10)
    assert some.runs == every.candidates // 10
    assert keys(some) <= truth
    assert len(some.faults) >= 0.8 * len(truth)
    assert keys(search(configuration(path), budget=every.candidates // 10)) == keys(some)


def test_faults_say_what_was_flipped(path: Path) -> None:
    found = search(configuration(path), budget=200)
    assert [x.run for x in found.faults] == sorted(x.run for x in found.faults)
    for fault in found.faults[:5]:
        assert fault.bit is not None
        before = flip_bits(fault.corruption.values, np.array([fault.bit]))
        change = abs(float(fault.corruption.values[0]) - float(before[0]))
        assert fault.score == pytest.approx(np.log2(change), abs=1e-3)


@pytest.mark.thorough
def test_other_error_models_are_sampled(path: Path, write: Callable[..., Path]) -> None:
    path = write(error_models=["random:low=-9,high=9"], targets={"tensors": ["conv"]})
    found = search(configuration(path), budget=300)
    assert (found.whole, found.checks, found.runs) == (False, 0, 300)
    assert found.faults
    assert found.faults[0].bit is None


def test_targets_together_are_refused(write: Callable[..., Path]) -> None:
    path = write(targets=[{"tensors": ["conv"]}, {"tensors": ["pool"]}], error_models=["zero"])
    with pytest.raises(ConfigurationError, match="one target at a time"):
        search(configuration(path), budget=5)


@pytest.mark.parametrize("seed", range(4))
def test_the_ranking_runs_each_fault_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = [rng.normal(size=200), rng.normal(size=31)]
    groups = [rng.integers(0, 5, 200), rng.integers(7, 9, 31)]
    kin: list[Any] = [rng.integers(0, 40, 200), None]
    ranking = Ranking(scores, groups, kin, rng=rng)
    seen: list[tuple[int, int]] = []
    while chosen := ranking.next(25):
        assert sum(x.members.size for x in chosen) <= 25
        for x in chosen:
            seen += [(x.number, int(member)) for member in x.members]
            hit = rng.random(x.members.size) < 0.3
            ranking.add(x, hit, ~hit)
    assert sorted(seen) == [(0, x) for x in range(200)] + [(1, x) for x in range(31)]


def test_kin_of_a_fault_that_is_too_severe_do_not_wait() -> None:
    """A flip that ends as due says nothing of milder ones, which may be sdc."""
    scores, kin = np.array([3.0, 2.0, 1.0]), np.zeros(3, np.int64)
    ranking = Ranking([scores], [np.arange(3)], [kin], rng=np.random.default_rng(0))
    (first,) = ranking.next(1)
    assert first.members.tolist() == [0]
    ranking.add(first, np.array([False]), np.array([False]))
    (second,) = ranking.next(1)
    assert (second.group, second.members.tolist()) == (1, [1])
    assert ranking.checks == 0


def test_kin_of_a_fault_without_effect_wait() -> None:
    """Only the severest flip of each value is tried, until nothing else is left."""
    scores, kin = np.tile([1.0, 2.0, 3.0], 20), np.repeat(np.arange(20), 3)
    groups = np.tile([1, 2, 3], 20)
    ranking = Ranking([scores], [groups], [kin], rng=np.random.default_rng(0))
    first: list[int] = []
    while len(first) < 20:
        for x in ranking.next(20 - len(first)):
            first += x.members.tolist()
            ranking.add(x, np.zeros(x.members.size, bool), np.ones(x.members.size, bool))
    assert np.mean(scores[first] == 3) > 0.5
