"""Injections into hardened models: answers are judged without the alarms, which are exact."""

import json

import numpy as np
import onnx
import pytest
from onnx import helper

import onnxfi
from onnxfi.errors import ModelFormatError
from onnxfi.graph import ALARMS_KEY
from tests.support.overwritten import Overwritten
from tests.support.small_campaign import make_classifier

IMAGES = np.random.default_rng(1).normal(size=(20, 1, 8, 8)).astype(np.float32)
FEEDS = [{"image": x[np.newaxis]} for x in IMAGES]


@pytest.fixture(scope="module")
def hardened() -> onnxfi.Hardened:
    plain = onnxfi.load(make_classifier())
    profile = onnxfi.profile(plain, ["relu", "pool"], FEEDS[:10])
    return onnxfi.harden(
        plain,
        ranger=profile,
        abft=["conv", "gemm"],
        on_alarm="zero",
        inputs=FEEDS[:10],
        false_alarms=0.1,
    )


@pytest.mark.parametrize("target", ["conv", "relu", "pool", "scores", "conv/abft/apart"])
@pytest.mark.parametrize("lanes", [1, 8])
def test_alarms_are_those_of_the_overwritten_model(
    hardened: onnxfi.Hardened, target: str, lanes: int
) -> None:
    proto = onnx.load_from_string(
        onnxfi.onnx_ir.ir.serde.serialize_model(hardened.model.ir_model).SerializeToString()
    )
    oracle = Overwritten(proto, target)
    alarms = hardened.model.alarms
    seen = set()
    with onnxfi.Injector(
        hardened.model, target, provider="cpu", threads=1, lanes=lanes
    ) as injector:
        for feeds in FEEDS[:2]:
            golden = injector.golden(feeds)
            assert {*golden.alarms} == {*alarms}
            assert not {*golden.outputs} & {*alarms}
            for injection in injector.inject(golden, "bitflip", count=60, seed=3):
                value = injection.corruption.apply(golden.target)
                expected = oracle.run(feeds, value)
                raised = [bool(expected[x].any()) for x in alarms]
                assert [bool(injection.alarms[x].any()) for x in alarms] == raised
                assert injection.flagged == any(raised)
                assert not {*injection.outputs} & {*alarms}
                seen.add(injection.flagged)
    assert True in seen


def test_a_fault_that_only_raises_an_alarm_is_masked() -> None:
    """The checksum's weights reach nothing but the alarm."""
    plain = onnxfi.load(make_classifier())
    hardened = onnxfi.harden(plain, abft=["conv"], inputs=FEEDS[:10], false_alarms=0.1)
    with onnxfi.Injector(hardened.model, "conv/abft/weights", provider="cpu") as injector:
        golden = injector.golden(FEEDS[0])
        found = list(injector.inject(golden, "bitflip:bit=30", count=30))
    assert {x.outcome for x in found} == {"masked"}
    assert any(x.flagged for x in found)


def test_a_model_without_alarms_flags_nothing() -> None:
    with onnxfi.Injector(onnxfi.load(make_classifier()), "conv", provider="cpu") as injector:
        golden = injector.golden(FEEDS[0])
        (injection,) = injector.inject(golden, "bitflip")
    assert (injection.flagged, dict(injection.alarms), dict(golden.alarms)) == (None, {}, {})


def test_alarms_of_targets_hit_together(hardened: onnxfi.Hardened) -> None:
    with onnxfi.Injector(hardened.model, ["conv", "scores"], provider="cpu") as injector:
        golden = injector.golden(FEEDS[0])
        found = list(injector.inject(golden, "bitflip:bit=30", count=20))
    assert all(x.flagged for x in found)
    assert {len(x.alarms) for x in found} == {len(hardened.model.alarms)}


@pytest.mark.parametrize("text", ["nonsense", '["probabilities"]', '["other"]', "3", "[[]]"])
def test_metadata_that_lists_no_alarms_is_refused(text: str) -> None:
    proto = make_classifier()
    helper.set_model_props(proto, {ALARMS_KEY: text})
    with pytest.raises(ModelFormatError, match="must be a JSON list of Boolean outputs"):
        assert onnxfi.load(proto).alarms


def test_the_metadata_names_all_alarms(hardened: onnxfi.Hardened) -> None:
    properties = hardened.model.ir_model.metadata_props
    assert json.loads(properties[ALARMS_KEY]) == list(hardened.alarms)
