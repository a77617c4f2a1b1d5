"""Propagation and lanes change no bit of any injection."""

import numpy as np
import pytest
from light_models import LIGHT_MODELS, densified
from small_graphs import SMALL_GRAPHS, random_inputs

import onnxfi
from onnxfi.error_models import BitFlip, ErrorModel, RandomValue, SpatialModel, Zero
from onnxfi.injector.blocks import Meeting
from onnxfi.propagation import LanePatch

PLAIN = {"propagation": False, "lanes": 1}
FAST = [{"lanes": 1}, {"lanes": 3}, {"propagation": False, "lanes": 4}, {}]
ERROR_MODELS: list[ErrorModel] = [BitFlip(), RandomValue(-2.0, 2.0), Zero(fraction=0.5)]


def injections(
    model: onnxfi.Model,
    target: str,
    feeds: dict[str, np.ndarray],
    count: int,
    **how: object,
) -> list[onnxfi.Injection]:
    with onnxfi.Injector(model, target, provider="cpu", threads=1, **how) as injector:  # type: ignore[arg-type]
        golden = injector.golden(feeds)
        return [x for em in ERROR_MODELS for x in injector.inject(golden, em, count=count)]


def assert_same(got: list[onnxfi.Injection], expected: list[onnxfi.Injection]) -> None:
    for one, other in zip(got, expected, strict=True):
        assert one.corruptions == other.corruptions
        assert one.outcome == other.outcome
        assert one.outputs.keys() == other.outputs.keys()
        for name, array in other.outputs.items():
            assert one.outputs[name].tobytes() == array.tobytes(), (name, one.id)


@pytest.mark.parametrize("graph", SMALL_GRAPHS)
def test_small_graphs(graph: str) -> None:
    proto = SMALL_GRAPHS[graph]()
    model, feeds = onnxfi.load(proto), random_inputs(proto)
    for target in model.targets():
        if target.dtype != np.float32 or target.tensor == "scales":
            continue
        expected = injections(model, target.tensor, feeds, 30, **PLAIN)
        for how in FAST:
            assert_same(injections(model, target.tensor, feeds, 30, **how), expected)


@pytest.mark.parametrize("graph", SMALL_GRAPHS)
def test_inputs_share_lanes(graph: str) -> None:
    """Few faults of each of several inputs, of which two are the same."""
    proto = SMALL_GRAPHS[graph]()
    model = onnxfi.load(proto)
    inputs = [random_inputs(proto, seed=seed) for seed in (0, 1, 2, 0)]
    counts = (2, 5, 1, 3)
    for target in model.targets():
        if target.dtype != np.float32 or target.tensor == "scales":
            continue

        def inject(how: dict[str, object], target: str = target.tensor) -> list[onnxfi.Injection]:
            with onnxfi.Injector(model, target, provider="cpu", threads=1, **how) as injector:  # type: ignore[arg-type]
                meetings = [
                    Meeting(injector.golden(feeds), 10 * number, range(number, number + count))
                    for number, (feeds, count) in enumerate(zip(inputs, counts, strict=True))
                ]
                return [
                    injection
                    for error_model in ERROR_MODELS
                    for part in injector.inject_all(meetings, error_model, seed=3)
                    for injection in part
                ]

        expected = inject(PLAIN)
        assert [x.id for x in expected[:11]] == [0, 1, *range(10, 15), 20, *range(30, 33)]
        for how in FAST:
            assert_same(inject(how), expected)


@pytest.mark.parametrize("name", ["light_squeezenet", "light_shufflenet", "light_resnet50"])
def test_architectures(name: str) -> None:
    """Models with a fixed batch of one; lanes need their shapes lifted."""
    model = onnxfi.load(densified(name))
    (graph_input,) = model.graph.inputs
    shape = graph_input.shape.numpy()
    feeds = {graph_input.name: np.random.default_rng(1).standard_normal(shape).astype(np.float32)}
    convolutions = model.targets(kind="activation", op="Conv")
    for target in convolutions[-8:-7]:
        expected = injections(model, target.tensor, feeds, 6, **PLAIN)
        assert_same(injections(model, target.tensor, feeds, 6, lanes=4), expected)


@pytest.mark.nightly
@pytest.mark.parametrize("name", LIGHT_MODELS)
def test_thousands_of_injections(name: str) -> None:
    """Windows, lanes and pushes in real architectures, as a campaign uses them."""
    model = onnxfi.load(densified(name))
    (graph_input,) = model.graph.inputs
    shape = graph_input.shape.numpy()
    feeds = {graph_input.name: np.random.default_rng(1).standard_normal(shape).astype(np.float32)}
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
    from onnxfi.injector.lanes import Lanes

    proto = SMALL_GRAPHS["skips"]()
    (stage,) = onnxfi.split(onnxfi.load(proto), "cat").stages
    lanes = Lanes(stage.model, ["cat"], provider="cpu", threads=1, lanes=4, on_device=on_device)
    cat = np.random.default_rng(0).standard_normal((1, 10, 6, 6)).astype(np.float32)
    patches = [{"cat": LanePatch(np.array([i]), np.float32([9.0]))} for i in range(6)]
    outputs = list(lanes.run([{"cat": cat}] * 6, patches))
    assert lanes.count == 4
    for patch, output in zip(patches, outputs, strict=True):
        corrupted = patch["cat"].applied(cat)
        assert output is not None
        assert output["y"].tobytes() == lanes.run_one({"cat": corrupted})["y"].tobytes()


def test_a_model_that_mixes_lanes_gets_one() -> None:
    from small_graphs import model, node, value

    from onnxfi.injector.lanes import Lanes

    proto = model(
        [
            node("Sigmoid", "x", "a"),
            node("ReduceMean", "a", "m", axes=[0]),
            node("Mul", "a m", "y"),
        ],
        [value("x", ["N", 3])],
        [value("y", ["N", 3])],
    )
    lanes = Lanes(onnxfi.load(proto), ["x"], provider="cpu", threads=1, lanes=4)
    patches = [{"x": LanePatch(np.array([0]), np.float32([i]))} for i in range(6)]
    list(lanes.run([{"x": np.ones((1, 3), np.float32)}] * 6, patches))
    assert lanes.count == 1
