"""Splits of random graphs: every tensor alone, and several at once.

The ordinary run goes through the same graphs each time, the nightly run through thousands of new
ones. With ``-s`` both print how many graphs and faulty runs these were, and what was in them.
"""

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

import onnxfi
from onnxfi.errors import TargetNotFoundError
from tests.support.graph_facts import features
from tests.support.random_graphs.checks import check_split, faults_in
from tests.support.random_graphs.strategy import RandomGraph, random_graphs

ORDINARY = settings(max_examples=60, derandomize=True, database=None, deadline=None)
NIGHTLY = settings(ORDINARY, max_examples=3000, derandomize=False, print_blob=True)
INJECTIONS = 3
NIGHTLY_SEED = random.SystemRandom().randrange(2**32)

ForAll = Callable[[st.SearchStrategy[Any], Callable[[Any], None]], None]


@pytest.fixture(params=["ordinary", pytest.param("nightly", marks=pytest.mark.nightly)])
def for_all(request: pytest.FixtureRequest) -> ForAll:
    """Return what runs a check on examples of a strategy."""

    def run(strategy: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
        @given(strategy)
        def test(example: Any) -> None:
            check(example)

        if request.param == "ordinary":
            ORDINARY(test)()
        else:
            print(f"\n{request.node.name}: seed {NIGHTLY_SEED}")  # noqa: T201  # seen if it fails
            seed(NIGHTLY_SEED)(NIGHTLY(test))()

    return run


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    counter: Counter[str] = Counter()
    yield counter
    print(f"\n{request.node.name}: {dict(counter)}")  # noqa: T201  # seen with -s


@st.composite
def graphs_and_targets(draw: st.DrawFn, fewest: int) -> tuple[RandomGraph, list[str]]:
    graph = draw(random_graphs())
    names = st.sampled_from(list(graph.tensors))
    return graph, draw(st.lists(names, min_size=fewest, max_size=4, unique=True))


@pytest.mark.thorough
def test_every_tensor_alone(for_all: ForAll, counts: Counter[str]) -> None:
    def check(graph: RandomGraph) -> None:
        model = onnxfi.load(graph.proto)
        before = ir.serde.serialize_model(model.ir_model).SerializeToString(deterministic=True)
        counts.update(graphs=1, tensors=len(graph.tensors))
        counts.update({name: int(there) for name, there in features(graph.proto).items()})
        for name in model.deciding:
            with pytest.raises(TargetNotFoundError, match="inlined"):
                model.target(name)
        if model.deciding:  # a branch was inlined: the other one is not read any more
            return
        for name in graph.tensors:
            assert model.target(name).kind == graph.kind(name)
            counts["faulty runs"] += check_split(graph, onnxfi.split(model, name), [name])
        after = ir.serde.serialize_model(model.ir_model).SerializeToString(deterministic=True)
        assert before == after

    for_all(random_graphs(), check)
    # In enough graphs, each feature occurs.
    assert min(counts.values()) >= counts["graphs"] // 500, counts


@pytest.mark.thorough
def test_several_tensors_at_once(for_all: ForAll, counts: Counter[str]) -> None:
    def check(example: tuple[RandomGraph, list[str]]) -> None:
        graph, names = example
        model = onnxfi.load(graph.proto)
        if model.deciding:
            return
        split = onnxfi.split(model, names)
        faulty = check_split(graph, split, names)
        counts.update({"graphs": 1, "faulty runs": faulty, f"{len(split.stages)} stages": 1})

    for_all(graphs_and_targets(fewest=2), check)
    assert counts["2 stages"]


@pytest.mark.thorough
def test_injections_in_onnx_runtime(
    for_all: ForAll, counts: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, logger="onnxfi")  # most graphs have dead ends, and it says so

    def check(example: tuple[RandomGraph, list[str]]) -> None:
        graph, names = example
        model = onnxfi.load(graph.proto)
        if model.deciding:
            return
        counts["graphs"] += 1
        how = {"provider": "cpu", "lanes": 2, "threads": 1, "limits": None}
        with onnxfi.Injector(model, names, **how) as injector:  # type: ignore[arg-type]
            golden = injector.golden(graph.feeds)
            assert_equal(golden.outputs, graph.golden, graph.outputs)
            assert_equal(golden.targets, graph.golden, names)
            faults = faults_in(graph, names)
            if not faults:
                return
            mirrors: list[Any] = [*faults.values()]
            for injection in injector.inject(golden, mirrors, count=INJECTIONS):
                # The same sites, but what is written there is worked out anew.
                overwrites = {
                    name: replace(faults[name], sites=corruption.indices)
                    for name, corruption in zip(
                        injection.targets, injection.corruptions, strict=True
                    )
                }
                faulty = graph.run(overwrites)
                assert_equal(injection.outputs, faulty, graph.outputs)
                resumed = injector.resume(golden, {name: faulty[name] for name in names})
                assert_equal(resumed, faulty, graph.outputs)
                if any(np.any(faulty[x] != graph.golden[x]) for x in graph.outputs):
                    assert injection.outcome != "masked"
                counts.update(["faulty runs", injection.outcome])

    for_all(graphs_and_targets(fewest=1), check)
    assert counts["masked"] < counts["faulty runs"]


def assert_equal(
    got: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], names: list[str]
) -> None:
    """Assert that there are these names and equal values; only a zero may have another sign."""
    assert set(got) == set(names)
    for name in names:
        np.testing.assert_array_equal(got[name], expected[name], err_msg=name, strict=True)
