"""Propagation and lanes change no bit of any injection."""

from typing import Any, get_args
from unittest import mock

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.error_models import BitFlip, ErrorModel, RandomValue, SpatialModel, Zero
from onnxfi.injector.injection_batch import InjectionBatch
from onnxfi.runtime import Session
from onnxfi.suffix import Policy, RunSettings
from onnxfi.suffix.lanes import Lanes
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.phases import windows as windows_phase
from onnxfi.suffix.policy import PhaseName
from onnxfi.suffix.windows import NoWindowsError
from tests.support.models.light_models import LIGHT_MODELS, densified
from tests.support.record_checks import assert_same
from tests.support.small_graphs import (
    SMALL_GRAPHS,
    names_of,
    node,
    random_inputs,
    rounded_in_the_middle,
    shape_of,
    value,
)
from tests.support.small_graphs import model as small_model
from tests.support.tiers import rest_by_night

PLAIN = {"propagation": False, "lanes": 1}
FAST = [{"lanes": 1}, {"lanes": 3}, {"propagation": False, "lanes": 4}, {}]
# Lanes, windows and checkpoints are decided on after 16.
COUNT = 20
ERROR_MODELS: list[ErrorModel] = [BitFlip(), RandomValue(-2.0, 2.0), Zero(fraction=0.5)]


def injections(
    model: onnxfi.Model,
    target: str,
    feeds: dict[str, np.ndarray],
    count: int,
    **how: object,
) -> list[onnxfi.Injection]:
    how = {"provider": "cpu", "threads": 1, "limits": None} | how  # no processes of their own
    with onnxfi.Injector(model, target, **how) as injector:  # type: ignore[arg-type]
        golden = injector.golden(feeds)
        return [x for em in ERROR_MODELS for x in injector.inject(golden, em, count=count)]


def float_targets(model: onnxfi.Model) -> list[onnxfi.Target]:
    return [x for x in model.targets() if x.dtype == np.float32 and x.tensor != "scales"]


@pytest.mark.parametrize("graph", SMALL_GRAPHS)
def test_small_graphs(graph: str) -> None:
    proto = SMALL_GRAPHS[graph]()
    model, feeds = onnxfi.load(proto), random_inputs(proto)
    for target in float_targets(model):
        expected = injections(model, target.tensor, feeds, COUNT, **PLAIN)
        for how in FAST:
            assert_same(injections(model, target.tensor, feeds, COUNT, **how), expected)


@pytest.mark.thorough
@pytest.mark.parametrize("phase", get_args(PhaseName))
@pytest.mark.parametrize("graph", SMALL_GRAPHS)
def test_forced_phases(graph: str, phase: PhaseName) -> None:
    proto = SMALL_GRAPHS[graph]()
    model, feeds = onnxfi.load(proto), random_inputs(proto)
    for target in float_targets(model):
        expected = injections(model, target.tensor, feeds, COUNT, **PLAIN)
        forced = injections(model, target.tensor, feeds, COUNT, policy=Policy.force(phase))
        assert_same(forced, expected)


@pytest.mark.parametrize("lanes", [1, 4, "auto"])
def test_what_is_golden_at_a_checkpoint_goes_no_farther(lanes: int | str) -> None:
    proto = rounded_in_the_middle()
    model, feeds = onnxfi.load(proto), random_inputs(proto)
    expected = injections(model, "x", feeds, 100, **PLAIN)
    got = injections(model, "x", feeds, 100, lanes=lanes, policy=Policy.force("checkpoint"))
    assert_same(got, expected)
    seen = {x.masked_at for x in got if x.outcome == "masked"}
    assert "moved" in seen
    late = [x for x in got[50:] if x.outcome == "masked" and x.masked_at is None]
    assert not late  # all that is masked is seen, once there is a checkpoint


@pytest.mark.thorough
def test_golden_runs_and_whole_tensors_once_windows_took_over() -> None:
    """The dense session is closed then: golden runs do without, and large corruptions open it."""
    proto = densified("light_squeezenet")
    model = onnxfi.load(proto)
    target = model.targets(op="Conv", kind="activation")[3].tensor
    first, second = (random_inputs(proto, seed) for seed in (0, 1))
    made = []
    for how in ({"lanes": 1}, PLAIN):
        with onnxfi.Injector(model, target, provider="cpu", threads=1, **how) as injector:  # type: ignore[arg-type]
            goldens = [injector.golden(first)]
            found = [*injector.inject(goldens[0], BitFlip(), count=50)]
            goldens.append(injector.golden(second))
            for golden in goldens:
                found += injector.inject(golden, Zero(fraction=0.9), count=2)
                found += injector.inject(golden, BitFlip(), count=20)
            made.append(found)
    assert_same(*made)


@pytest.mark.thorough
def test_few_injections_try_nothing() -> None:
    proto = densified("light_squeezenet")
    model, feeds = onnxfi.load(proto), random_inputs(proto)
    target = model.targets(op="Conv", kind="activation")[3].tensor
    with mock.patch.object(windows_phase, "find_pieces", side_effect=NoWindowsError) as windows:
        injections(model, target, feeds, 40, expected=120)
        assert not windows.called
        injections(model, target, feeds, 40)
        assert windows.called


@pytest.mark.thorough
@pytest.mark.parametrize("graph", SMALL_GRAPHS)
def test_inputs_share_lanes(graph: str) -> None:
    """Few faults of each of several inputs, of which two are the same."""
    proto = SMALL_GRAPHS[graph]()
    model = onnxfi.load(proto)
    inputs = [random_inputs(proto, seed=seed) for seed in (0, 1, 2, 0)]
    counts = (2, 5, 1, 3)
    for target in float_targets(model):

        def inject(how: dict[str, Any], target: str = target.tensor) -> list[onnxfi.Injection]:
            settings: dict[str, Any] = {"provider": "cpu", "threads": 1, "limits": None} | how
            with onnxfi.Injector(model, target, **settings) as injector:
                batches = [
                    InjectionBatch(
                        injector.golden(feeds), 10 * number, range(number, number + count)
                    )
                    for number, (feeds, count) in enumerate(zip(inputs, counts, strict=True))
                ]
                return [
                    injection
                    for error_model in ERROR_MODELS
                    for part in injector.inject_all(batches, error_model, seed=3)
                    for injection in part
                ]

        expected = inject(PLAIN)
        assert [x.id for x in expected[:11]] == [0, 1, *range(10, 15), 20, *range(30, 33)]
        for how in FAST:
            assert_same(inject(how), expected)


@pytest.mark.parametrize("weight", ["c1_w", "fc_w"])
def test_inputs_share_a_faulty_weight(weight: str) -> None:
    """Also with golden runs of two sizes, and faults that not all of them meet."""
    model = onnxfi.load(weighted_classifier())
    rng = np.random.default_rng(0)
    sizes = (1, 1, 2, 1, 1, 2)
    inputs = [{"x": rng.standard_normal((n, 1, 6, 6)).astype(np.float32)} for n in sizes]
    met = (range(5), range(5), range(5), range(2, 5), range(3), range(5))
    found = []
    for lanes in (1, 3, "auto"):
        with (
            onnxfi.Injector(model, weight, provider="cpu", threads=1, lanes=lanes) as injector,
            mock.patch.object(Session, "run", autospec=True, side_effect=Session.run) as running,
        ):
            batches = [
                InjectionBatch(injector.golden(feeds), 10 * number, faults)
                for number, (feeds, faults) in enumerate(zip(inputs, met, strict=True))
            ]
            blocks = list(injector.inject_all(batches, Zero(fraction=0.5), seed=1))
        found.append([x for block in blocks for x in block])
        assert [x.id for x in found[-1]] == [
            10 * n + i for n, faults in enumerate(met) for i in range(len(faults))
        ]
        feeds = [x.args[1] for x in running.call_args_list]
        sizes_run = {len(x[name]) for x in feeds for name in ("x", "flat") if name in x}
        if lanes != "auto" and weight == "c1_w":  # a MatMul of several rows has other bits
            assert (3 in sizes_run) == (lanes == 3)
    assert len({x.outcome for x in found[0]}) > 1
    assert_same(found[1], found[0])
    assert_same(found[2], found[0])


def weighted_classifier() -> onnx.ModelProto:
    rng = np.random.default_rng(1)
    weights = {
        "c1_w": rng.standard_normal((5, 1, 3, 3)).astype(np.float32),
        "fc_w": rng.standard_normal((80, 4)).astype(np.float32),
    }
    nodes = [
        node("Conv", "x c1_w", "c1"),
        node("Relu", "c1", "r1"),
        node("Flatten", "r1", "flat"),
        node("MatMul", "flat fc_w", "y"),
    ]
    return small_model(nodes, [value("x", ["N", 1, 6, 6])], [value("y", ["N", 4])], weights)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name",
    rest_by_night(["light_squeezenet", "light_shufflenet", "light_resnet50"], ["light_shufflenet"]),
)
def test_architectures(name: str) -> None:
    """Models with a fixed batch of one; lanes need their shapes lifted."""
    model = onnxfi.load(densified(name))
    (name_of_input,) = names_of(model.graph.inputs)
    image = np.random.default_rng(1).standard_normal(shape_of(model)).astype(np.float32)
    feeds = {name_of_input: image}
    convolutions = model.targets(kind="activation", op="Conv")
    for target in convolutions[-8:-7]:
        expected = injections(model, target.tensor, feeds, 6, **PLAIN)
        assert_same(injections(model, target.tensor, feeds, 6, lanes=4), expected)


@pytest.mark.nightly
@pytest.mark.parametrize("name", LIGHT_MODELS)
def test_thousands_of_injections(name: str) -> None:
    """Windows, lanes and pushes in real architectures, as a campaign uses them."""
    model = onnxfi.load(densified(name))
    (name_of_input,) = names_of(model.graph.inputs)
    image = np.random.default_rng(1).standard_normal(shape_of(model)).astype(np.float32)
    feeds = {name_of_input: image}
    convolutions = model.targets(kind="activation", op="Conv")
    error_models = (BitFlip(), SpatialModel(model="conv"))
    for target in convolutions[:: max(1, len(convolutions) // 6)]:
        how = {"provider": "cpu", "threads": 1}
        with (
            onnxfi.Injector(model, target, **how, **PLAIN) as plain,  # type: ignore[arg-type]
            onnxfi.Injector(model, target, **how) as fast,  # type: ignore[arg-type]
        ):
            before, after = plain.golden(feeds), fast.golden(feeds)
            for error_model in error_models:
                expected = plain.inject(before, error_model, count=100)
                for one, other in zip(
                    fast.inject(after, error_model, count=100), expected, strict=True
                ):
                    assert_same([one], [other])


@pytest.mark.parametrize("on_device", [False, True])
def test_lanes_are_used_and_share_a_batch(on_device: bool) -> None:
    """Where lanes mix, one lane; where they do not, as many as asked for."""
    proto = SMALL_GRAPHS["skips"]()
    (stage,) = onnxfi.split(onnxfi.load(proto), "cat").stages
    lanes = Lanes(stage.model, ["cat"], RunSettings(threads=1, lanes=4), on_device=on_device)
    cat = np.random.default_rng(0).standard_normal((1, 10, 6, 6)).astype(np.float32)
    patches = [{"cat": LanePatch(np.array([i]), np.array([9.0], np.float32))} for i in range(6)]
    outputs = list(lanes.run([{"cat": cat}] * 6, patches))
    assert lanes.count == 4
    for patch, output in zip(patches, outputs, strict=True):
        corrupted = patch["cat"].applied(cat)
        assert output is not None
        assert output["y"].tobytes() == lanes.run_one({"cat": corrupted})["y"].tobytes()


def test_a_model_that_mixes_lanes_gets_one() -> None:
    proto = small_model(
        [
            node("Sigmoid", "x", "a"),
            node("ReduceMean", "a", "m", axes=[0]),
            node("Mul", "a m", "y"),
        ],
        [value("x", ["N", 3])],
        [value("y", ["N", 3])],
    )
    lanes = Lanes(onnxfi.load(proto), ["x"], RunSettings(threads=1, lanes=4))
    patches = [{"x": LanePatch(np.array([0]), np.array([i], np.float32))} for i in range(6)]
    list(lanes.run([{"x": np.ones((1, 3), np.float32)}] * 6, patches))
    assert lanes.count == 1
