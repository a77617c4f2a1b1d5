"""Faults in sequences, against running whole sequences again, unoptimised and not split."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import onnxfi
from onnxfi.errors import InputError
from onnxfi.injector import Golden
from onnxfi.sequence import Lifetime, SequenceInjector
from onnxfi.sequence.step_runner import StepRunner
from onnxfi.suffix import same_bits
from tests.sequence.whole_sequences import Brute, made, value

STEPS, SIZE = 8, 6
INT = TensorProto.INT64


def recurrent(seed: int = 0) -> onnx.ModelProto:
    """Make h' = tanh(x U + h W), y = relu(h' V): faults in relu's input may be masked at once."""
    rng = np.random.default_rng(seed)
    weights = {
        name: rng.normal(0, 0.5, shape).astype(np.float32)
        for name, shape in {"U": (4, SIZE), "W": (SIZE, SIZE), "V": (SIZE, 3)}.items()
    }
    node = helper.make_node
    nodes = [
        node("MatMul", ["x", "U"], ["a"]),
        node("MatMul", ["h", "W"], ["b"]),
        node("Add", ["a", "b"], ["s"]),
        node("Tanh", ["s"], ["h_out"]),
        node("MatMul", ["h_out", "V"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    return made(
        nodes,
        [value("x", ["N", 4]), value("h", ["N", SIZE])],
        [value("y", ["N", 3]), value("h_out", ["N", SIZE])],
        weights,
    )


def decoder(seed: int = 0) -> onnx.ModelProto:
    """Make a decoder of one attention head with a growing cache of keys and values."""
    rng = np.random.default_rng(seed)
    names = ("E", "Q", "K", "V", "O")
    weights = {
        x: rng.normal(0, 0.7, (11, SIZE) if x == "E" else (SIZE, 11) if x == "O" else (SIZE, SIZE))
        for x in names
    }
    node = helper.make_node
    nodes = [
        node("Gather", ["E", "tokens"], ["e"]),
        *(node("MatMul", ["e", x], [x.lower()]) for x in "QKV"),
        node("Concat", ["past.0.key", "k"], ["present.0.key"], axis=1),
        node("Concat", ["past.0.value", "v"], ["present.0.value"], axis=1),
        node("Transpose", ["present.0.key"], ["kt"], perm=[0, 2, 1]),
        node("MatMul", ["q", "kt"], ["scores"]),
        node("Softmax", ["scores"], ["p"], axis=-1),
        node("MatMul", ["p", "present.0.value"], ["mix"]),
        node("Add", ["mix", "e"], ["r"]),
        node("MatMul", ["r", "O"], ["logits"]),
    ]
    cache = ["N", "past", SIZE]
    return made(
        nodes,
        [
            value("tokens", ["N", 1], INT),
            value("past.0.key", cache),
            value("past.0.value", cache),
        ],
        [
            value("logits", ["N", 1, 11]),
            value("present.0.key", ["N", "all", SIZE]),
            value("present.0.value", ["N", "all", SIZE]),
        ],
        {name: x.astype(np.float32) for name, x in weights.items()},
    )


FRAMES = np.random.default_rng(1).normal(size=(STEPS, 1, 4)).astype(np.float32)
INPUTS = [{"x": x} for x in FRAMES]


@pytest.mark.parametrize("target", ["s", "h_out", "z", "a", "W"])
@pytest.mark.parametrize("kind", ["transient", "permanent"])
def test_a_recurrent_network(target: str, kind: Any) -> None:
    proto = recurrent()
    brute = Brute(proto, target)
    with SequenceInjector(onnxfi.load(proto), target, state={"h_out": "h"}) as injector:
        golden = injector.golden(INPUTS)
        found = list(injector.inject(golden, "bitflip", count=25, seed=2, lifetime=Lifetime(kind)))
    assert len({x.step for x in found}) > 4
    for injection in found:
        state = np.zeros((1, SIZE), np.float32)
        assert (kind == "permanent") or injection.steps_run <= STEPS - injection.step
        for step in range(STEPS):
            active = step == injection.step or (kind == "permanent" and step > injection.step)
            drawn = injection.corruption
            if target != "W" and step > injection.step and active:
                again = np.random.default_rng(np.random.SeedSequence(2, spawn_key=(injection.id,)))
                model = onnxfi.error_models.load("bitflip")
                corrupt = lambda x: model.sample(x, channel_axis=1, rng=again).apply(x)  # noqa: B023, E731
            else:
                weight = onnxfi.load(proto).graph.initializers.get(target)
                stored = None if weight is None else weight.const_value
                corrupt = lambda x: drawn.apply(  # noqa: B023, E731
                    stored.numpy() if stored is not None and x is None else x  # noqa: B023
                )
            outputs = brute.step({"x": FRAMES[step], "h": state}, corrupt if active else None)
            state = outputs["h_out"]
            np.testing.assert_allclose(
                injection.outputs[step]["y"], outputs["y"], rtol=2e-4, atol=1e-5
            )


@pytest.mark.parametrize("target", ["s", "z", "y"])
@pytest.mark.parametrize(
    "lifetime",
    [Lifetime(), Lifetime("until", steps=3), Lifetime("intermittent", duty=0.5)],
    ids=lambda x: x.kind,
)
def test_ending_early_changes_nothing(target: str, lifetime: Lifetime) -> None:
    with SequenceInjector(onnxfi.load(recurrent()), target, state={"h_out": "h"}) as injector:
        golden = injector.golden(INPUTS)
        runs = [
            list(
                injector.inject(
                    golden, "bitflip", count=60, seed=3, lifetime=lifetime, early_exit=early
                )
            )
            for early in (True, False)
        ]
    ended = 0
    for short, whole in zip(*runs, strict=True):
        assert short.outcomes == whole.outcomes
        assert short.step == whole.step
        for one, other in zip(short.outputs, whole.outputs, strict=True):
            assert all(same_bits(one[name], other[name]) for name in other)
        assert whole.steps_run == STEPS - whole.step
        ended += short.steps_run < whole.steps_run
        if short.masked_at_step is not None:
            assert {*whole.outcomes[short.masked_at_step + 1 :]} <= {"masked"}
    assert ended


def test_greedy_decoding_with_a_cache() -> None:
    proto = decoder()
    brute = Brute(proto, "r")
    given: list[dict[str, np.ndarray]] = [{"tokens": np.array([[x]])} for x in (3, 1, 4)]
    given += [{}] * 6
    with SequenceInjector(
        onnxfi.load(proto),
        "r",
        state={"present.*": "past.*"},
        feedback={"logits": "tokens"},
    ) as injector:
        golden = injector.golden(given)
        assert golden.feeds[-1]["past.0.key"].shape == (1, 8, SIZE)
        found = list(injector.inject(golden, "bitflip:bit=exponent", count=30, seed=5))
    diverged = 0
    for injection in found:
        cache = {f"past.0.{x}": np.zeros((1, 0, SIZE), np.float32) for x in ("key", "value")}
        token = np.zeros((1, 1), np.int64)
        for step in range(len(given)):
            token = given[step].get("tokens", token)
            corrupt = injection.corruption.apply if step == injection.step else None
            outputs = brute.step({"tokens": token, **cache}, corrupt)
            cache = {f"past.0.{x}": outputs[f"present.0.{x}"] for x in ("key", "value")}
            logits = injection.outputs[step]["logits"]
            np.testing.assert_allclose(logits, outputs["logits"], rtol=1e-4, atol=1e-4)
            token = np.nan_to_num(outputs["logits"], nan=-np.inf)[:, -1].argmax(-1)[:, None]
        diverged += injection.first_wrong_step is not None
    assert 0 < diverged < 30


def test_the_whole_prompt_without_a_cache() -> None:
    """A fault in the last step equals one behind a prompt that is run from scratch."""
    proto = decoder(1)
    prompt = [2, 7, 1, 8]
    with SequenceInjector(
        onnxfi.load(proto), "mix", state={"present.*": "past.*"}, feedback={"logits": "tokens"}
    ) as injector:
        golden = injector.golden([{"tokens": np.array([[x]])} for x in prompt])
        found = list(injector.inject(golden, "bitflip:bit=29", step=3, count=10))
    weights = {x.name: numpy_helper.to_array(x) for x in proto.graph.initializer}
    e = weights["E"][prompt]
    q, k, v = (e @ weights[x] for x in "QKV")
    scores = np.exp(q @ k.T)[-1]
    mix = (scores / scores.sum()) @ v
    for injection in found:
        wrong = injection.corruption.apply(mix.reshape(1, 1, SIZE).astype(np.float32))
        changed = injection.corruption.indices
        wrong.reshape(-1)[changed] = injection.corruption.values
        expected = (wrong.reshape(-1) + e[-1]) @ weights["O"]
        got = injection.outputs[3]["logits"].reshape(-1)
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)


def test_outcomes_name_the_steps() -> None:
    with SequenceInjector(onnxfi.load(recurrent()), "s", state={"h_out": "h"}) as injector:
        golden = injector.golden(INPUTS)
        assert len(golden) == STEPS
        for injection in injector.inject(golden, "nan", step=2, count=3):
            assert injection.outcome == "due"
            assert injection.first_wrong_step == 2
            assert injection.outcomes[:2] == ("masked", "masked")
            assert all(x is not None for x in injection.outputs)
        again = list(injector.inject(golden, "bitflip", count=5, seed=9, first_id=3))
        whole = list(injector.inject(golden, "bitflip", count=8, seed=9))
        for one, other in zip(again, whole[3:], strict=True):
            assert (one.id, one.step, one.corruption) == (other.id, other.step, other.corruption)


@pytest.mark.parametrize("memory", [0, 100, 300, 1000])
def test_memory_bounds_change_nothing(memory: int) -> None:
    found: list[list[Any]] = []
    for kept in (memory, 1 << 30):
        with SequenceInjector(
            onnxfi.load(recurrent()), "s", state={"h_out": "h"}, memory=kept
        ) as injector:
            golden = injector.golden(INPUTS)
            found.append([x.outcomes for x in injector.inject(golden, "bitflip", count=30)])
            found.append([x["h_out"].tobytes() for x in golden.outputs])
            found.append([golden.feeds[x]["h"].tobytes() for x in reversed(range(STEPS))])
    assert found[:3] == found[3:]


def test_states_are_kept_at_intervals_within_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 4 * (4 + SIZE)  # bytes of the inputs of a step
    ran: list[int] = []
    run = StepRunner.golden

    def golden_step(self: StepRunner, number: int, step: int, feeds: Any) -> Golden:
        ran.append(step)
        return run(self, number, step, feeds)

    with SequenceInjector(
        onnxfi.load(recurrent()), "s", state={"h_out": "h"}, memory=4 * size
    ) as injector:
        golden = injector.golden(INPUTS)
        monkeypatch.setattr(StepRunner, "golden", golden_step)
        assert golden.feeds[6]["h"].shape == (1, SIZE)
        assert ran == []  # steps 0, 2, 4 and 6 are kept
        assert golden.feeds[5]["h"].shape == (1, SIZE)
        assert ran == [4]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"h_oot": "h"}, "did you mean 'h_out'"),
        ({"h_out": "g"}, "must be an input"),
        ({"present.*": "past.*"}, "none fits 'present"),
        ({"h_*": "h"}, "one \\* on both sides"),
        ({"h_out": "h", "y": "h"}, "fed by several"),
    ],
)
def test_states_that_do_not_fit_are_refused(state: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        SequenceInjector(onnxfi.load(recurrent()), "s", state=state)


def test_what_makes_no_sense_is_refused() -> None:
    with SequenceInjector(onnxfi.load(recurrent()), "s", state={"h_out": "h"}) as injector:
        with pytest.raises(InputError, match="at least one step"):
            injector.golden([])
        golden = injector.golden(INPUTS)
        with pytest.raises(InputError, match="steps 0 to 7 of the sequence, got 8"):
            list(injector.inject(golden, "bitflip", step=8))
    wrong: list[dict[str, Any]] = [
        {"kind": "forever"},
        {"kind": "until"},
        {"kind": "until", "steps": 0},
        {"duty": 0.5},
    ]
    for arguments in wrong:
        with pytest.raises(InputError):
            Lifetime(**arguments)
    with pytest.raises(InputError, match="duty must be above 0"):
        Lifetime("intermittent", duty=0)
