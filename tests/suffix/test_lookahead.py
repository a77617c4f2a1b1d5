"""Lookahead against dense runs: a lane is masked if no convolution reads anything of it."""

from unittest import mock

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.runtime import Session
from onnxfi.suffix import LanePatch, Lookahead, Patches, masked_ahead, patched
from onnxfi.suffix.rest import Rest
from onnxfi.surgery.extract import extract
from tests.support.rule_checks import values_of_all_kinds
from tests.support.small_graphs import model, node, random_inputs, value

FIRST, GROWTH, LAYERS = 3, 2, 4
COUNT = 200


def dense_block(batch: int | str, activation: str) -> onnx.ModelProto:
    """A block of DenseNet: every layer reads what all layers before it made."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    limits = " low high" if activation == "Clip" else ""
    weights = {"low": np.float32(0), "high": np.float32(6), "c0_w": normal(FIRST, 2, 1, 1)}
    nodes, made = [node("Conv", "x c0_w", "c0")], "c0"
    for n in range(1, LAYERS + 1):
        channels = FIRST + GROWTH * (n - 1)
        weights |= {f"{x}{n}": normal(channels) / 10 for x in ("bias", "mean")}
        weights |= {f"{x}{n}": np.abs(normal(channels)) for x in ("scale", "var", "factor")}
        weights[f"c{n}_w"] = normal(GROWTH, channels, 3, 3)
        nodes += [
            node("Concat", made, f"j{n}", axis=1),
            node("BatchNormalization", f"j{n} scale{n} bias{n} mean{n} var{n}", f"b{n}"),
            node("Unsqueeze", f"factor{n} axes", f"f{n}"),
            node("Mul", f"b{n} f{n}", f"m{n}"),
            node(activation, f"m{n}{limits}", f"r{n}"),
            node("Conv", f"r{n} c{n}_w", f"c{n}", pads=[1, 1, 1, 1]),
        ]
        made += f" c{n}"
    nodes += [
        node("Concat", made, "j", axis=1),
        node(activation, f"j{limits}", "r"),
        node("GlobalAveragePool", "r", "y"),
    ]
    weights["axes"] = np.array([1, 2])
    return model(nodes, [value("x", [batch, 2, 6, 5])], [value("y", None)], weights)


def some_patch(golden: np.ndarray, rng: np.random.Generator) -> LanePatch:
    """Return a patch of a few elements, or of more than are looked at."""
    count = min(golden.size, int(rng.choice([1, 1, 1, 1, 2, 3, 80])))
    place = np.sort(rng.choice(golden.size, count, replace=False))
    slightly = golden.reshape(-1)[place] * np.float32(1.01)
    anything = values_of_all_kinds(rng, count, golden.dtype)
    return LanePatch(place, np.where(rng.random(count) < 0.2, anything, slightly))


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
    read = [x.inputs[0] for x in graph if x.op_type in ("Conv", "GlobalAveragePool")]
    every = Session(
        extract(stage.model, graph.inputs, [*read, *graph.outputs]), threads=1, merge=False
    )
    masked = Lookahead(stage.model, [target]).masked(goldens, of_lanes)
    for lane, patches in of_lanes.items():
        expected, made = (every.run(x) for x in (goldens[lane], patched(goldens[lane], patches)))
        nothing_read = all(made[x].tobytes() == y.tobytes() for x, y in expected.items())
        looked_at = patches[target].values.size <= 64
        assert (lane in masked) == (nothing_read and looked_at), lane
    assert len(masked) > 2 or activation == "LeakyRelu"


def test_nothing_is_looked_at_where_what_follows_mixes() -> None:
    proto = dense_block(1, "Relu")
    (stage,) = onnxfi.split(onnxfi.load(proto), "r4").stages
    assert not Lookahead(stage.model, ["r4"]).goes_on
    assert Lookahead(stage.model, []).masked([{}], {}) == {}


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
        with (
            mock.patch.object(masked_ahead, "_TRIED", 10**9),  # whatever it takes
            onnxfi.Injector(
                loaded, target, provider="cpu", threads=1, propagation=propagation
            ) as injector,
        ):
            found.append(list(injector.inject(injector.golden(feeds), BitFlip(), count=200)))
    for one, other in zip(*found, strict=True):
        assert one.corruptions == other.corruptions
        assert one.outcome == other.outcome
        assert one.outputs["y"].tobytes() == other.outputs["y"].tobytes()
    masked = [x for x in found[0] if x.outcome == "masked"]
    assert len(masked) > 20
    assert sum(x.masked_at is not None for x in masked) > len(masked) / 2


@pytest.mark.parametrize(("seconds", "pays"), [(1e9, True), (1e-9, False)])
def test_what_does_not_pay_is_given_up(seconds: float, pays: bool) -> None:
    proto = dense_block(1, "Relu")
    (stage,) = onnxfi.split(onnxfi.load(proto), "c3").stages
    golden = {"c3": -np.ones((1, GROWTH, 6, 5), np.float32)}
    ahead = masked_ahead.MaskedAhead(stage.model, ["c3"], seconds=lambda: seconds)
    of_lanes = {lane: {"c3": LanePatch(np.array([lane]), np.float32([-1.5]))} for lane in range(30)}
    found = [ahead.find([golden] * 30, of_lanes) for _ in range(4)]
    assert [len(x) for x in found] == [30, 30, 30, 30 if pays else 0]


def test_nothing_is_left_for_windows() -> None:
    """Where windows are in use, and lookahead tells of every lane that it is masked."""
    proto = dense_block(1, "Relu")
    (stage,) = onnxfi.split(onnxfi.load(proto), "c3").stages
    golden = {"c3": -np.ones((1, GROWTH, 6, 5), np.float32)}
    size = golden["c3"].size
    patches = Patches(np.arange(8) * (size + 1), np.full(8, -1.5, np.float32))
    rest = Rest(stage.model, ["c3"], provider="cpu", threads=1, lanes=1, shortcuts=True)
    with (
        mock.patch("onnxfi.suffix.rest._RUNS_BEFORE_DECIDING", 0),
        mock.patch("onnxfi.suffix.rest.DenseRest.seconds", return_value=1.0),
        mock.patch.object(rest, "_decide", return_value=mock.Mock()) as windowed,
    ):
        found = dict(rest.run([golden] * 8, {"c3": patches}))
    assert [x.masked_at is not None for x in found.values()] == [True] * 8
    assert not windowed.return_value.suited.called
