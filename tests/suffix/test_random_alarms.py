"""Alarms are outputs like any other: in random graphs they equal the oracle's in every phase.

An alarm is put on some tensors of a random chain. It may see a corruption that is masked behind it,
or read a tensor in which nothing is left of the fault.
"""

import json
import logging
from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import onnxfi
from onnxfi.graph import ALARMS_KEY
from onnxfi.suffix import DEFAULT_POLICY, Policy
from tests.support.overwritten import Overwritten
from tests.support.random_graphs.chain_injections import COUNT, injections
from tests.support.random_graphs.float_chains import FloatChain, float_chain

GRAPHS, ALL = 8, 1_000
LANES: list[int | str] = [2, 8, "auto"]
POLICIES = [
    DEFAULT_POLICY,
    *(Policy.force(x) for x in ("whole", "push", "lookahead", "windows", "checkpoint")),
]
# A value may have other last bits in the unoptimised oracle (see test_random_chains), so an alarm
# whose value is this near to its threshold is not compared with it.
NEAR = 1e-3


def alarmed(chain: FloatChain, rng: np.random.Generator) -> onnx.ModelProto:
    """Return the chain with alarms: whether an element of a sample is above a threshold, or NaN."""
    proto = onnx.ModelProto()
    proto.CopyFrom(chain.proto)
    made = [x.output[0] for x in proto.graph.node]
    watched = sorted({*rng.choice(made, 2), chain.target})
    names = []
    for name in watched:
        alarm, peak = f"alarm:test:{name}", f"{name}/peak"
        threshold = np.array(np.exp2(rng.integers(0, 12)) * 1.37, np.float32)
        proto.graph.initializer.append(numpy_helper.from_array(threshold, f"{name}/threshold"))
        proto.graph.node.extend(
            [
                helper.make_node("Abs", [name], [f"{name}/abs"]),
                helper.make_node("Flatten", [f"{name}/abs"], [f"{name}/flat"], axis=1),
                helper.make_node("ReduceMax", [f"{name}/flat", "last"], [peak], keepdims=0),
                helper.make_node("LessOrEqual", [peak, f"{name}/threshold"], [f"{name}/fine"]),
                helper.make_node("Not", [f"{name}/fine"], [alarm]),
            ]
        )
        proto.graph.output.append(helper.make_tensor_value_info(alarm, onnx.TensorProto.BOOL, None))
        names.append(alarm)
    proto.graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "last"))
    helper.set_model_props(proto, {ALARMS_KEY: json.dumps(names)})
    return proto


def check(seed: int) -> Counter[str]:
    """Compare with the oracle, and every other way of running with the first one."""
    chain, rng = float_chain(seed), np.random.default_rng(seed)
    proto = alarmed(chain, rng)
    model = onnxfi.load(proto)
    expected, goldens = injections(model, chain.target, chain.feeds, 1, False)
    seen: Counter[str] = Counter()
    shown = onnx.ModelProto()
    shown.CopyFrom(proto)
    peaks = [f"{x.removeprefix('alarm:test:')}/peak" for x in model.alarms]
    shown.graph.output.extend(
        helper.make_tensor_value_info(x, onnx.TensorProto.FLOAT, None) for x in peaks
    )
    thresholds = {x.name: numpy_helper.to_array(x) for x in proto.graph.initializer}
    oracle = Overwritten(shown, chain.target)
    for number, injection in enumerate(expected):
        one = number // COUNT
        value = injection.corruption.apply(goldens[one])
        outputs = oracle.run(chain.feeds[one], value)
        for alarm, peak in zip(model.alarms, peaks, strict=True):
            threshold = float(thresholds[peak.replace("/peak", "/threshold")])
            if np.isclose(outputs[peak], threshold, rtol=NEAR, atol=0).all():
                continue
            assert injection.alarms[alarm].tolist() == outputs[alarm].tolist(), (alarm, number)
        assert injection.flagged == any(x.any() for x in injection.alarms.values())
        seen[f"{injection.outcome}, {'flagged' if injection.flagged else 'not flagged'}"] += 1
    for policy in rng.permutation(len(POLICIES))[:3]:
        lanes = LANES[rng.integers(3)]
        got, _ = injections(model, chain.target, chain.feeds, lanes, True, POLICIES[policy])
        for mine, other in zip(got, expected, strict=True):
            assert (mine.outcome, mine.flagged) == (other.outcome, other.flagged), mine.id
            assert {k: x.tolist() for k, x in mine.alarms.items()} == {
                k: x.tolist() for k, x in other.alarms.items()
            }
    return seen


def test_alarms_of_random_chains(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    seen: Counter[str] = Counter()
    for seed in range(GRAPHS):
        seen += check(seed)
    assert seen["masked, flagged"], seen
    assert seen["sdc, not flagged"], seen
    assert seen["sdc, flagged"], seen


@pytest.mark.nightly
def test_many_alarms_of_random_chains(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    for seed in range(GRAPHS, ALL):
        check(seed)
