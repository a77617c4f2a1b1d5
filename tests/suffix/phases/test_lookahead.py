"""Lookahead against dense runs: a lane is masked if no convolution reads anything of it."""

from unittest import mock

import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.runtime import Session
from onnxfi.suffix import Batch, GoldenTensors, Policy, RunSettings
from onnxfi.suffix.patches import LanePatch, apply_patches
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.lookahead import Lookahead
from onnxfi.suffix.phases.phase import Entry
from onnxfi.suffix.phases.pushed_ahead import PushedAhead
from onnxfi.suffix.trial import Stopwatch
from onnxfi.surgery.extract import extract
from tests.support.phase_cases import Case
from tests.support.phase_contract import MANY, USUAL, PhaseContract, entry_of, graphs
from tests.support.rule_checks import values_of_all_kinds
from tests.support.small_graphs import dense_block, random_inputs, value

COUNT = 200


@graphs(*USUAL, "dense_block", nightly=MANY)
class TestLookahead(PhaseContract):
    """Lookahead, with dense runs of the lanes that it leaves."""

    policy = Policy.force("lookahead")
    takes = frozenset(["dense_block"])

    def open(self, case: Case, settings: RunSettings) -> Entry:
        """Return the phase at the targets."""
        rest = case.rest
        dense = Dense(rest.model, rest.tensors, settings)
        behind = entry_of(rest.model, rest.tensors, dense, depth=1)
        return entry_of(rest.model, rest.tensors, Lookahead(rest.model, behind, settings), dense)


def some_patch(golden: np.ndarray, rng: np.random.Generator) -> LanePatch:
    """Return a patch of a few elements, or of more than are looked at."""
    count = min(golden.size, int(rng.choice([1, 1, 1, 1, 2, 3, 80])))
    place = np.sort(rng.choice(golden.size, count, replace=False))
    slightly = golden.reshape(-1)[place] * np.float32(1.01)
    anything = values_of_all_kinds(rng, count, golden.dtype)
    return LanePatch(place, np.where(rng.random(count) < 0.2, anything, slightly))


@pytest.mark.thorough
@pytest.mark.parametrize("activation", ["Relu", "Clip", "LeakyRelu"])
@pytest.mark.parametrize("batch", [1, 2, "N"])
@pytest.mark.parametrize("target", ["c0", "c1", "c3"])
def test_lanes_of_which_nothing_is_read_are_masked(
    target: str, batch: int | str, activation: str
) -> None:
    proto = dense_block(batch, activation)
    loaded = onnxfi.load(proto)
    with onnxfi.Injector(loaded, target, provider="cpu", threads=1) as injector:
        both = [injector.golden(random_inputs(proto, seed)) for seed in range(2)]
    goldens = [{**both[x % 2].boundary, target: both[x % 2].target} for x in range(COUNT)]
    rng = np.random.default_rng(1)
    of_lanes = {
        lane: {target: some_patch(goldens[lane][target], rng)}
        for lane in range(COUNT)
        if rng.random() < 0.9
    }

    (stage,) = onnxfi.split(loaded, target).stages
    graph = stage.model.graph
    read = [
        y
        for x in graph
        for y in x.inputs[:1]
        if y is not None and x.op_type in ("Conv", "GlobalAveragePool")
    ]
    every = Session(
        extract(stage.model, graph.inputs, [*read, *graph.outputs]), threads=1, merge=False
    )
    few = {lane: x for lane, x in of_lanes.items() if x[target].values.size <= 64}
    masked = PushedAhead(stage.model, [target]).masked(goldens, few)
    for lane, patches in of_lanes.items():
        expected, made = (
            every.run(x) for x in (goldens[lane], apply_patches(goldens[lane], patches))
        )
        nothing_read = all(made[x].tobytes() == y.tobytes() for x, y in expected.items())
        assert (lane in masked) == (nothing_read and lane in few), lane
    assert len(masked) > 2 or activation == "LeakyRelu"


def test_nothing_is_looked_at_where_what_follows_mixes() -> None:
    proto = dense_block(1, "Relu")
    (stage,) = onnxfi.split(onnxfi.load(proto), "r4").stages
    assert not PushedAhead(stage.model, ["r4"]).goes_on
    assert PushedAhead(stage.model, []).masked([{}], {}) == {}


def test_an_output_on_the_way_is_reached() -> None:
    proto = dense_block(1, "Relu")
    proto.graph.output.append(value("j2", None))
    loaded, feeds = onnxfi.load(proto), random_inputs(proto)
    found = []
    for propagation in (True, False):
        with onnxfi.Injector(
            loaded, "c0", provider="cpu", threads=1, propagation=propagation
        ) as injector:
            found.append(list(injector.inject(injector.golden(feeds), BitFlip(), count=60)))
    assert [x.outcome for x in found[0]] == [x.outcome for x in found[1]]
    assert "masked" not in {x.outcome for x in found[0]}


@pytest.mark.parametrize("target", ["c0", "c1", "c2"])
def test_campaigns_see_what_is_masked(target: str) -> None:
    proto = dense_block(1, "Relu")
    loaded, feeds = onnxfi.load(proto), random_inputs(proto)
    found = []
    for propagation in (True, False):
        policy = Policy.force("lookahead")
        with onnxfi.Injector(
            loaded, target, provider="cpu", threads=1, propagation=propagation, policy=policy
        ) as injector:
            found.append(list(injector.inject(injector.golden(feeds), BitFlip(), count=200)))
    for one, other in zip(*found, strict=True):
        assert one.corruptions == other.corruptions
        assert one.outcome == other.outcome
        assert one.outputs["y"].tobytes() == other.outputs["y"].tobytes()
    masked = [x for x in found[0] if x.outcome == "masked"]
    assert len(masked) > 20
    assert sum(x.masked_at is not None for x in masked) > len(masked) / 2


@pytest.mark.parametrize(("seconds", "pays"), [(1e9, True), (1e-9, False)])
def test_lookahead_that_does_not_pay_is_dropped(seconds: float, pays: bool) -> None:
    proto = dense_block(1, "Relu")
    (stage,) = onnxfi.split(onnxfi.load(proto), "c3").stages
    golden = GoldenTensors({"c3": -np.ones((1, 2, 6, 5), np.float32)})
    policy = Policy(runs_before_windows=0)
    lookahead = Lookahead(
        stage.model, Entry(["c3"], ["c3"], [], depth=2), RunSettings(policy=policy)
    )
    patches = [
        {"c3": LanePatch(np.array([lane]), np.array([-1.5], np.float32))} for lane in range(30)
    ]
    batch = Batch(range(30), [golden] * 30, by_lane=patches)
    with mock.patch.object(Stopwatch, "fastest", return_value=seconds):
        wanted = []
        for _ in range(4):
            wanted.append(int(lookahead.wanted(batch).sum()))
            if wanted[-1]:
                advanced = lookahead.run(batch).checked(batch)
                assert len(advanced.done) == 30
                assert all(x.masked_at is not None for x in advanced.done.values())
    assert wanted == [30, 30, 30, 30 if pays else 0]
