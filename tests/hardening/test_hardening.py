"""Ranges, copies and stored checksums, on the demo network."""

from collections.abc import Sequence
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper, numpy_helper

import onnxfi
from onnxfi.demo import prepare, split_digits
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.hardening import cost, fingerprint, fitting_inputs, harden
from tests.hardening.test_checksums import run
from tests.support.small_graphs import chain

Feeds = list[dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def lenet(tmp_path_factory: pytest.TempPathFactory) -> onnxfi.Model:
    folder = tmp_path_factory.mktemp("demo")
    prepare(folder)
    return onnxfi.load(folder / "lenet.onnx")


@pytest.fixture(scope="module")
def training() -> Feeds:
    return [{"image": x[np.newaxis]} for x in split_digits().training_images[:200]]


@pytest.fixture(scope="module")
def held_out() -> np.ndarray:
    return split_digits().held_out_images


@pytest.fixture(scope="module")
def profile(lenet: onnxfi.Model, training: Feeds) -> onnxfi.Profile:
    return onnxfi.profile(lenet, lenet.targets(kind="activation"), training)


def injected(
    model: onnxfi.Model, target: str, image: np.ndarray, error_model: str, count: int = 300
) -> list[onnxfi.Injection]:
    with onnxfi.Injector(model, target, provider="cpu") as injector:
        golden = injector.golden({"image": image[np.newaxis]})
        return list(injector.inject(golden, error_model, count=count))


def answers(injections: Sequence[onnxfi.Injection], output: str) -> list[int]:
    scores = [np.nan_to_num(x.outputs[output], nan=-np.inf) for x in injections]
    return [int(x.argmax()) for x in scores]


def raised(injection: onnxfi.Injection) -> bool:
    assert injection.flagged is not None
    return injection.flagged


@pytest.mark.parametrize("on_alarm", [None, "clip", "zero", "flag"])
def test_ranger(
    lenet: onnxfi.Model,
    profile: onnxfi.Profile,
    held_out: np.ndarray,
    on_alarm: Any,
) -> None:
    hardened = harden(lenet, ranger=profile, on_alarm=on_alarm)
    assert hardened.protected["ranger"][:2] == ["relu1", "pool1"]
    assert len(hardened.alarms) == (0 if on_alarm is None else len(hardened.protected["ranger"]))
    output = lenet.graph.outputs[0].name or ""
    image = held_out[0]
    golden = int(run(lenet, image[np.newaxis])[output].argmax())
    plain = injected(lenet, "conv1", image, "bitflip:bit=30")
    bounded = injected(hardened.model, "conv1", image, "bitflip:bit=30")
    wrong = np.array([answers(x, output) for x in (plain, bounded)]) != golden
    cured, broken = int((wrong[0] & ~wrong[1]).sum()), int((wrong[1] & ~wrong[0]).sum())
    if on_alarm == "flag":
        np.testing.assert_array_equal(wrong[0], wrong[1])
        changed = np.array([x.outcome == "sdc" for x in bounded])
        assert changed.sum() > 20
        assert all(raised(x) for x, y in zip(bounded, changed, strict=True) if y)
        return
    # McNemar's exact test, one-sided.
    n = cured + broken
    assert sum(comb(n, k) for k in range(cured, n + 1)) / 2**n < 1e-6


def test_ranger_changes_no_answer(
    lenet: onnxfi.Model, profile: onnxfi.Profile, held_out: np.ndarray
) -> None:
    hardened = harden(lenet, ranger=profile)
    output = lenet.graph.outputs[0].name or ""
    before, after = (run(x, held_out)[output].argmax(axis=1) for x in (lenet, hardened.model))
    assert (before == after).mean() > 0.995


def test_clip_bounds_every_activation(lenet: onnxfi.Model, profile: onnxfi.Profile) -> None:
    hardened = harden(lenet, clip=profile)
    plain = {x.tensor for x in lenet.targets(kind="activation")}
    assert {*hardened.protected["clip"]} == plain - {x.name for x in lenet.graph.outputs}


@pytest.mark.parametrize(("operators", "tensors"), [(["conv"], 2), (["conv", "gemm"], 4)])
def test_false_alarms(
    lenet: onnxfi.Model, training: Feeds, held_out: np.ndarray, operators: list[str], tensors: int
) -> None:
    hardened = harden(lenet, abft=operators, inputs=training, false_alarms=0.05)
    assert len(hardened.alarms) == tensors
    found = run(hardened.model, held_out)
    any_alarm = np.any([found[x] for x in hardened.alarms], axis=0)
    assert any_alarm.shape == (len(held_out),)
    assert any_alarm.mean() < 0.05


def test_recomputing_undoes_a_fault(lenet: onnxfi.Model, training: Feeds) -> None:
    hardened = harden(lenet, abft=["conv"], inputs=training, on_alarm="recompute")
    image = training[0]["image"][0]
    for injection in injected(hardened.model, "conv1", image, "bitflip:bit=30", 40):
        assert injection.outcome in ("masked", "benign")
        assert raised(injection)


def test_a_duplicate_sees_every_flip(lenet: onnxfi.Model, held_out: np.ndarray) -> None:
    hardened = harden(lenet, duplicate=["conv2"], on_alarm="zero")
    found = injected(hardened.model, "conv2", held_out[1], "bitflip", 100)
    assert all(raised(x) for x in found)
    assert not any(x.any() for k, x in run(hardened.model, held_out).items() if "alarm" in k)


@pytest.mark.parametrize("weights", ["weights", "weights:conv2"])
@pytest.mark.parametrize("protection", ["tmr", "parity"])
def test_weights_keep_their_order(lenet: onnxfi.Model, protection: str, weights: str) -> None:
    # Faults are drawn by the number of the target, so campaigns on both models hit the same bits.
    hardened = harden(lenet, **{protection: [weights]}).model  # type: ignore[arg-type]
    plain = [x.tensor for x in lenet.targets(kind="weight")]
    assert plain == [x.tensor for x in hardened.targets(kind="weight") if x.tensor in plain]


@pytest.mark.parametrize("protection", ["tmr", "parity"])
def test_faults_in_weights_are_seen(
    lenet: onnxfi.Model, held_out: np.ndarray, protection: str
) -> None:
    hardened = harden(lenet, **{protection: ["weights:conv2"]})  # type: ignore[arg-type]
    (kernel, bias) = hardened.protected[protection]
    assert (kernel, bias) == ("conv2/kernel", "conv2/bias")
    after = run(hardened.model, held_out)
    assert not any(after[x].any() for x in hardened.alarms)
    output = lenet.graph.outputs[0].name or ""
    before = run(lenet, held_out)[output]
    np.testing.assert_allclose(after[output], before, rtol=1e-4, atol=1e-5)
    for injection in injected(hardened.model, kernel, held_out[0], "bitflip", 200):
        assert raised(injection)
        if protection == "tmr":
            golden = injection.outputs[output]
            assert np.argmax(golden) == before[0].argmax()


def test_a_fault_in_a_copy_changes_no_answer(lenet: onnxfi.Model, held_out: np.ndarray) -> None:
    hardened = harden(lenet, tmr=["weights:conv2"])
    for copy in ("second", "third"):
        name = f"conv2/kernel/tmr/{copy}"
        for injection in injected(hardened.model, name, held_out[0], "bitflip:bit=30", 50):
            assert raised(injection)
            assert injection.outcome in ("masked", "benign")


def test_a_fault_in_a_checksum_raises_an_alarm_only(lenet: onnxfi.Model, training: Feeds) -> None:
    hardened = harden(lenet, abft=["conv"], inputs=training)
    image = training[0]["image"][0]
    found = injected(hardened.model, "conv1/abft/weights", image, "bitflip:bit=30", 50)
    output = lenet.graph.outputs[0].name or ""
    assert len({*answers(found, output)}) == 1
    assert sum(raised(x) for x in found) > 40


def test_all_together_keep_the_names(
    lenet: onnxfi.Model, profile: onnxfi.Profile, training: Feeds, tmp_path: Path
) -> None:
    made = harden(
        lenet,
        ranger=profile,
        abft=["conv", "gemm"],
        duplicate=["conv2"],
        tmr=["weights"],
        parity=["weights"],
        inputs=training,
    )
    made.model.save(tmp_path / "h.onnx")
    again = onnxfi.load(tmp_path / "h.onnx")
    assert again.alarms == tuple(made.alarms)
    names = {x.tensor for x in again.targets()}
    assert {x.tensor for x in lenet.targets()} <= names
    before, after = cost(lenet), cost(again)
    assert after.flops > before.flops
    assert after.parameters > 3 * before.parameters
    with pytest.raises(InputError, match="must not be hardened already"):
        harden(again, parity=["weights"])


def test_what_cannot_be_done_is_refused(lenet: onnxfi.Model, profile: onnxfi.Profile) -> None:
    with pytest.raises(InputError, match="at least one protection"):
        harden(lenet)
    with pytest.raises(InputError, match="tmr cannot clip"):
        harden(lenet, tmr=["weights"], on_alarm="clip")
    with pytest.raises(InputError, match="give weights or weights:LAYER, got 'conv2'"):
        harden(lenet, tmr=["conv2"])
    with pytest.raises(InputError, match="must read weights, and the MaxPool"):
        harden(lenet, duplicate=["pool1"])
    with pytest.raises(InputError, match="holds none"):
        harden(lenet, ranger=onnxfi.Profile(1, {}))
    old = chain()
    old.opset_import[0].version = 8
    with pytest.raises(ModelFormatError, match="opset 9 or later, got 8"):
        harden(onnxfi.load(old), ranger=profile)


def test_a_duplicate_in_a_quantised_model_raises_no_false_alarm() -> None:
    rng = np.random.default_rng(0)
    scale, zero = np.array(0.02, np.float32), np.array(0, np.int8)
    weights: dict[str, np.ndarray] = {
        "w": rng.integers(-127, 128, (16, 8, 3, 3)).astype(np.int8),
        "b": rng.integers(-2000, 2000, 16).astype(np.int32),
        "scale": scale,
        "zero": zero,
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "scale", "zero"], ["xd"]),
        helper.make_node("DequantizeLinear", ["w", "scale", "zero"], ["wd"]),
        helper.make_node("DequantizeLinear", ["b", "scale"], ["bd"]),
        helper.make_node("Conv", ["xd", "wd", "bd"], ["y"]),
        helper.make_node("QuantizeLinear", ["y", "scale", "zero"], ["yq"]),
        helper.make_node("DequantizeLinear", ["yq", "scale", "zero"], ["z"]),
    ]
    graph = helper.make_graph(
        nodes,
        "quantised",
        [helper.make_tensor_value_info("x", 1, ["N", 8, 10, 10])],
        [helper.make_tensor_value_info("z", 1, ["N", 16, 8, 8])],
        [numpy_helper.from_array(v, k) for k, v in weights.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    hardened = harden(onnxfi.load(proto), duplicate=["y"])
    x = rng.normal(size=(20, 8, 10, 10)).astype(np.float32)
    (alarm,) = hardened.alarms
    assert not run(hardened.model, x)[alarm].any()
    with onnxfi.Injector(hardened.model, "y", provider="cpu") as injector:
        golden = injector.golden({"x": x[:1]})
        assert all(raised(found) for found in injector.inject(golden, "bitflip", count=40))


def test_inputs_that_set_ranges_are_named(
    lenet: onnxfi.Model,
    profile: onnxfi.Profile,
    training: Feeds,
    held_out: np.ndarray,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert len({*profile.fingerprints}) == len(training)
    profile.save(tmp_path / "profile.json")
    assert onnxfi.Profile.load(tmp_path / "profile.json").fingerprints == profile.fingerprints
    ranger = harden(lenet, ranger=profile).model
    assert fitting_inputs(ranger) == {fingerprint(x) for x in training}
    abft = harden(lenet, abft=["conv"], inputs=training[:150], false_alarms=0.1).model
    assert len(fitting_inputs(abft)) == 150
    images = np.concatenate([training[3]["image"], held_out[:2], training[4]["image"]])
    for name, each, expected in (("ranger", ranger, 2), ("plain", lenet, 0)):
        each.save(tmp_path / f"{name}.onnx")
        caplog.clear()
        onnxfi.Campaign(
            model=tmp_path / f"{name}.onnx",
            inputs={"image": images},
            targets=["conv1"],
            error_models=["bitflip"],
            injections=4,
            out=tmp_path / name,
        ).begin()
        said = [x.message for x in caplog.records if "ranges or thresholds" in x.message]
        assert len(said) == (expected > 0)
        assert all(x.startswith("2 of 4 inputs") for x in said)
