"""Faulty runs replay the random numbers of their golden run."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

import onnxfi
from onnxfi.error_models import load
from onnxfi.errors import InputError
from tests.support.models.noisy_models import (
    MODELS,
    drawn_in_a_body,
    dropout,
    linear,
    normal,
    normal_like,
    with_frozen_noise,
)
from tests.support.small_graphs import BOOL, FLOAT, INT64, node, weights

_X = weights(2, 8, seed=7)


@pytest.mark.thorough
@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("setting", [{}, {"propagation": False}, {"lanes": 5}])
def test_outputs_are_those_of_the_model_with_constant_noise(
    make: Callable[[], onnx.ModelProto], setting: dict[str, Any]
) -> None:
    proto = make()
    with onnxfi.Injector(onnxfi.load(proto), "h", provider="cpu", **setting) as injector:
        golden = injector.golden({"x": _X})
        noise = {name: golden.values[name] for name in ("n", "m", "p") if name in golden.boundary}
        assert "n" in noise
        oracle = with_frozen_noise(proto, noise, "h")
        for injection in injector.inject(golden, load("bitflip"), count=40, seed=3):
            corrupted = injector.corrupted(golden, injection)["h"]
            np.testing.assert_array_equal(injection.outputs["y"], oracle(_X, corrupted))
    np.testing.assert_array_equal(golden.outputs["y"], oracle(_X, golden.target))


@pytest.mark.parametrize("ratio", [0.3, None])
@pytest.mark.parametrize("training", [True, None])
def test_masks_of_dropout_are_replayed(ratio: float | None, training: bool | None) -> None:
    proto = dropout(ratio=ratio, training=training)
    inputs = {"x": _X} if training else {"x": _X, "training": np.array(True)}
    with onnxfi.Injector(onnxfi.load(proto), "h", provider="cpu") as injector:
        golden = injector.golden(inputs)
        mask = golden.values["m"]
        assert 0 < mask.mean() < 1
        divisor = np.float32(1) - np.float32(0.5 if ratio is None else ratio)
        for injection in injector.inject(golden, load("bitflip"), count=40, seed=3):
            with np.errstate(all="ignore"):
                dropped = injector.corrupted(golden, injection)["h"] * mask / divisor
            expected = np.where(mask, dropped @ weights(8, 8, seed=1), dropped)
            np.testing.assert_allclose(injection.outputs["y"], expected, rtol=1e-4, atol=1e-4)


def test_dropout_computes_what_onnx_runtime_does() -> None:
    proto = dropout()
    proto.graph.node[1].attribute.append(onnx.helper.make_attribute("seed", 5))
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    with onnxfi.Injector(onnxfi.load(proto), "d", provider="cpu") as injector:
        np.testing.assert_array_equal(
            injector.golden({"x": _X}).outputs["y"], session.run(["y"], {"x": _X})[0]
        )


def test_dropout_that_is_switched_off_draws_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with onnxfi.Injector(onnxfi.load(dropout(training=False)), "h", provider="cpu") as injector:
        injector.golden({"x": _X})
    assert not caplog.records


@pytest.mark.parametrize("make", MODELS)
def test_the_same_seed_and_input_have_the_same_noise(make: Callable[[], onnx.ModelProto]) -> None:
    model = onnxfi.load(make())
    goldens = []
    for target in ("h", "y", "h"):
        with onnxfi.Injector(model, target, provider="cpu") as injector:
            injector.golden({"x": -_X})  # the noise of one input does not depend on others
            goldens.append(injector.golden({"x": _X}))
            goldens.append(injector.golden({"x": _X}))
            other = injector.golden({"x": _X}, seed=1)
    for golden in goldens:
        np.testing.assert_array_equal(golden.outputs["y"], goldens[0].outputs["y"])
    assert not np.array_equal(other.outputs["y"], goldens[0].outputs["y"])
    assert other.values["n"].tobytes() != goldens[0].values["n"].tobytes()


def test_nodes_draw_different_numbers_and_those_with_a_seed_the_same() -> None:
    proto = normal()
    with onnxfi.Injector(onnxfi.load(proto), "h", provider="cpu") as injector:
        golden = injector.golden({"x": _X})
    assert not np.array_equal(golden.values["n"], golden.values["m"])
    for each in proto.graph.node[1:3]:
        each.attribute.append(onnx.helper.make_attribute("seed", 3.0))
    with onnxfi.Injector(onnxfi.load(proto), "h", provider="cpu") as injector:
        golden, other = injector.golden({"x": _X}), injector.golden({"x": -_X}, seed=1)
    for name in ("n", "m"):
        np.testing.assert_array_equal(golden.values[name], other.values["n"])


def test_noise_itself_can_be_the_target() -> None:
    with onnxfi.Injector(onnxfi.load(normal_like()), ["h", "n"], provider="cpu") as injector:
        golden = injector.golden({"x": _X})
        corrupted = {"h": golden.targets["h"] * 2, "n": golden.targets["n"] * 3}
        y = injector.resume(golden, corrupted)["y"]
    np.testing.assert_array_equal(y, corrupted["h"] + corrupted["n"])


def test_noise_between_two_targets() -> None:
    with onnxfi.Injector(onnxfi.load(normal_like()), ["h", "y"], provider="cpu") as injector:
        golden = injector.golden({"x": _X})
        expected = golden.targets["h"] + golden.boundary["n"]
    np.testing.assert_array_equal(golden.outputs["y"], expected)


def test_the_operators_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    with onnxfi.Injector(onnxfi.load(drawn_in_a_body()), "h", provider="cpu") as injector:
        injector.golden({"x": _X})
        injector.golden({"x": -_X})
    (record,) = caplog.records
    assert "'node_n' (Loop with RandomNormalLike)" in record.getMessage()


@pytest.mark.parametrize(
    ("nodes", "named"),
    [
        (
            [node("Sigmoid", "h", "p"), node("Bernoulli", "p", "n"), node("Mul", "h n", "y")],
            r"the distribution of 'node_n' \(Bernoulli\)",
        ),
        (
            [
                node("Multinomial", "h", "n", sample_size=8),
                node("Cast", "n", "c", to=FLOAT),
                node("Add", "h c", "y"),
            ],
            r"the distribution of 'node_n' \(Multinomial\)",
        ),
        (
            [
                node("NonZero", "h", "places"),
                node("RandomNormalLike", "places", "n", dtype=FLOAT),
                node("ReduceSum", "n", "sum"),
                node("Add", "h sum", "y"),
            ],
            r"the shape of 'node_n' \(RandomNormalLike\)",
        ),
        (
            [
                node("ReduceMax", "h", "top", keepdims=0),
                node("Cast", "top", "length", to=INT64),
                node("Unsqueeze", "length zero", "shape"),
                node("ConstantOfShape", "shape", "zeros"),
                node("Dropout", "zeros - on", "n"),
                node("ReduceSum", "n", "sum"),
                node("Add", "h sum", "y"),
            ],
            r"the shape of 'node_n' \(Dropout\)",
        ),
        (
            [
                node("ReduceMax", "h", "top", keepdims=0),
                node("Sigmoid", "top", "ratio"),
                node("Dropout", "h ratio on", "y"),
            ],
            r"the distribution of 'node_y' \(Dropout\)",
        ),
        (
            [
                node("ReduceMax", "h", "top", keepdims=0),
                node("Cast", "top", "training", to=BOOL),
                node("Dropout", "h - training", "y"),
            ],
            r"the distribution of 'node_y' \(Dropout\)",
        ),
    ],
)
def test_noise_that_depends_on_the_fault_is_refused(
    nodes: list[onnx.NodeProto], named: str
) -> None:
    model = onnxfi.load(linear(nodes, zero=np.array([0]), on=np.array(True)))
    with pytest.raises(InputError, match=f"Faults in h would change {named}"):
        onnxfi.Injector(model, "h", provider="cpu")
    onnxfi.Injector(model, "y", provider="cpu").close()


def test_a_weight_that_switches_the_training_mode_on_is_refused() -> None:
    model = onnxfi.load(dropout(training=False))
    with pytest.raises(InputError, match="the distribution of 'node_d'"):
        onnxfi.Injector(model, "training", provider="cpu")


def test_noise_under_no_known_name_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxfi.graph.noise.STANDARD", frozenset())
    injector = onnxfi.Injector(onnxfi.load(normal_like()), "h", provider="cpu")
    with pytest.raises(InputError, match=r"they differ from 'y' \(Add\) on"):
        injector.golden({"x": _X})
