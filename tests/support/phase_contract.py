"""The contract of phases: each, with dense runs behind it, gives the bits of dense runs alone."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal
from unittest import mock

import pytest

import onnxfi
from onnxfi.suffix import Batch, LaneResult, Policy, RunSettings
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.phase import Entry, Phase
from onnxfi.suffix.phases.region import PushRegion
from onnxfi.suffix.route import Route
from onnxfi.suffix.suffix import run_from
from onnxfi.suffix.trial import same_bits
from tests.support.models.light_models import LIGHT_MODELS
from tests.support.phase_cases import RANDOM, Case, find_cases
from tests.support.small_graphs import SMALL_GRAPHS


def graphs(*usual: str, nightly: Sequence[str] = ()) -> pytest.MarkDecorator:
    """Return the mark that runs the contract on some graphs, and nightly on more."""
    others = [pytest.param(x, marks=pytest.mark.nightly) for x in nightly if x not in usual]
    return pytest.mark.parametrize("graph", [*usual, *others])


#: Graphs for phases that take any model.
USUAL = (*SMALL_GRAPHS, "two_targets", "rounded", "random_0", "random_1", "random_2", "random_3")
MANY = (*(f"random_{seed}" for seed in range(RANDOM)), *LIGHT_MODELS)


class PhaseContract(ABC):
    """Tests of one phase; a test class for a phase inherits it and names its graphs.

    Attributes:
        policy: the thresholds.
        lanes: the most lanes of dense runs.
        takes: graphs of which the phase must take lanes.
    """

    policy: ClassVar[Policy] = Policy()
    lanes: ClassVar[int | Literal["auto"]] = 1
    takes: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def open(self, case: Case, settings: RunSettings) -> Entry:
        """Return an entry at the targets: the phase, and then phases that run densely."""

    def test_lanes_have_the_bits_of_dense_runs(self, graph: str) -> None:
        """Every lane leaves once, with the bits of a dense run."""
        taken = 0
        for case in find_cases(graph):
            entry = self._open(case)
            for batch in case.batches():
                results, of_phase = _follow(entry, batch)
                taken += of_phase
                _check(case, batch, results)
        assert taken or graph not in self.takes

    def test_dense_lanes_are_left_to_whole_tensors(self, graph: str) -> None:
        """Only phases that compute whole tensors take dense lanes."""
        for case in find_cases(graph):
            entry = self._open(case)
            for batch in case.batches():
                dense = batch.densely()
                results, of_phase = _follow(entry, dense)
                assert entry.phases[0].computes_whole_tensors or not of_phase
                _check(case, dense, results)

    def test_whole_golden_runs_have_their_bits(self, graph: str) -> None:
        """A golden run on whole tensors gives the golden tensors."""
        for case in find_cases(graph):
            entry = self._open(case)
            for golden in case.goldens:
                made = entry.run_whole(golden.values)
                for name, array in made.items():
                    expected = golden.values.get(name)
                    assert expected is None or same_bits(array, expected, any_nan=True), name

    def _open(self, case: Case) -> Entry:
        return self.open(case, RunSettings(threads=1, lanes=self.lanes, policy=self.policy))


def _follow(entry: Entry, batch: Batch) -> tuple[dict[int, LaneResult], int]:
    """Return the result of each lane, and how many lanes the first phase took."""
    first = entry.phases[0]
    with mock.patch.object(first, "run", wraps=first.run) as run:
        results = run_from(entry, [batch], most_lanes=64)
    return results, sum(len(some) for (some,), _ in run.call_args_list)


def _check(case: Case, batch: Batch, results: dict[int, LaneResult]) -> None:
    """Assert that every lane has the bits of a dense run, and is masked where it says so."""
    assert sorted(results) == sorted(batch.lanes)
    for position, lane in enumerate(batch.lanes):
        result, golden = results[lane], batch.goldens[position].values
        values = batch.values(position)
        assert result.outputs is not None
        for name, array in case.run(values).items():
            if name in case.targets and name not in result.outputs:
                continue  # it is not behind the entry
            got = result.outputs.get(name, golden[name])
            assert same_bits(got, array, any_nan=True), (case.targets, name, position)
        if result.masked_at is not None:
            assert not result.outputs
            before, after = (case.tensor(result.masked_at, x) for x in (golden, values))
            assert same_bits(before, after), (case.targets, result.masked_at, position)


def entry_of(model: onnxfi.Model, tensors: Sequence[str], *phases: Phase, depth: int = 0) -> Entry:
    """Return the entry of a model with some phases."""
    inputs = [x.name or "" for x in model.graph.inputs]
    return Entry(tensors, inputs, phases, depth=depth)


def find_region(case: Case, settings: RunSettings) -> PushRegion:
    """Return the push region that a route uses: one whose end no fusion crosses."""
    route = Route(case.stage, settings)
    route.run_golden(case.goldens[0].values)
    return route.region


def behind_region(region: PushRegion, settings: RunSettings) -> Entry | None:
    """Return the entry behind a push region, from which lanes run densely."""
    if not region.behind.graph.outputs:
        return None
    return opening_dense_entries(settings)(region.behind, region.entry)


def opening_dense_entries(
    settings: RunSettings,
) -> Callable[[onnxfi.Model, Sequence[str]], Entry]:
    """Return what makes the entry of a remaining model, from which lanes run densely."""
    return lambda model, tensors: entry_of(model, tensors, Dense(model, tensors, settings), depth=1)
