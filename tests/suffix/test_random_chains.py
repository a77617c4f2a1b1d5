"""Records do not depend on lanes, propagation or neighbours in a batch, and equal the oracle.

The ordinary run goes through the same graphs each time, the nightly run through many more.
"""

import logging
from collections.abc import Iterable
from unittest import mock

import numpy as np
import pytest

import onnxfi
from onnxfi.suffix import Policy
from onnxfi.suffix.phases.checkpoint import Checkpoint
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.lookahead import Lookahead
from onnxfi.suffix.phases.phase import Phase
from onnxfi.suffix.phases.push import Push
from onnxfi.suffix.phases.windows import Windows
from onnxfi.suffix.policy import PhaseName
from tests.support.overwritten import Overwritten
from tests.support.random_graphs.chain_injections import COUNT, injections
from tests.support.random_graphs.float_chains import float_chain
from tests.support.record_checks import assert_same

SETTINGS = [
    *((1, True), (2, True), (8, True), ("auto", True)),
    *((2, False), (8, False), ("auto", False)),
]
GRAPHS, ALL = 12, 2_000
FORCED: dict[PhaseName, type[Phase]] = {
    "whole": Dense,
    "push": Push,
    "lookahead": Lookahead,
    "windows": Windows,
    "checkpoint": Checkpoint,
}
FORCED_SEEDS = range(13)  # each phase takes lanes of at least one of these graphs
# Optimised sessions add in another order around these (blocks of channels, SkipLayerNormalization,
# elements at other places), so the unoptimised oracle has other last bits.
_REORDERED = frozenset({"Conv", "LayerNormalization", "Transpose"})
# Windows may not read a mean that their own changes reach.
_OTHERS = [124]


def check(seed: int) -> None:
    chain = float_chain(seed)
    model, target, feeds = onnxfi.load(chain.proto), chain.target, chain.feeds
    expected, goldens = injections(model, target, feeds, 1, False)
    oracle = Overwritten(chain.proto, target)
    exactly = _REORDERED.isdisjoint(x.op_type for x in chain.proto.graph.node)
    for number, injection in enumerate(expected):
        one = number // COUNT
        oracle.check(injection, feeds[one], goldens[one], exactly=exactly)
    order = np.random.default_rng(seed).permutation(len(SETTINGS))
    for lanes, propagation in [SETTINGS[x] for x in order[:3]]:
        got, _ = injections(model, target, feeds, lanes, propagation)
        assert_same(got, expected)
    alone, _ = injections(model, target, feeds[:1], *SETTINGS[order[0]])
    assert_same(alone, expected[:COUNT])  # without the neighbours


def check_forced(phase: PhaseName, seeds: Iterable[int]) -> None:
    """Compare a forced phase with dense runs, and check that some graph uses the phase."""
    taken = FORCED[phase]
    with mock.patch.object(taken, "run", autospec=True, side_effect=taken.run) as run:
        for seed in seeds:
            chain = float_chain(seed)
            model, target, feeds = onnxfi.load(chain.proto), chain.target, chain.feeds
            got, _ = injections(model, target, feeds, "auto", True, Policy.force(phase))
            expected, _ = injections(model, target, feeds, 1, False)
            assert_same(got, expected)
    assert run.called


@pytest.mark.thorough
@pytest.mark.parametrize("phase", FORCED)
def test_forced_phases(phase: PhaseName, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    check_forced(phase, FORCED_SEEDS)


@pytest.mark.nightly
@pytest.mark.parametrize("phase", FORCED)
def test_many_forced_phases(phase: PhaseName) -> None:
    check_forced(phase, range(ALL // 10))


@pytest.mark.parametrize("seed", [*range(GRAPHS), *_OTHERS])
def test_chains(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    check(seed)


@pytest.mark.nightly
def test_many_chains() -> None:
    for seed in range(GRAPHS, ALL):
        check(seed)
