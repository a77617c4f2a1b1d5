"""Faults that reach trip counts and sizes end as due, and all others run as without limits."""

import subprocess
from collections.abc import Iterator

import numpy as np
import onnx
import pytest
from onnx import helper

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.errors import LimitError
from onnxfi.injector.target_lanes import lanes_of_target
from onnxfi.runtime.limits import Limits
from tests.support.small_graphs import BOOL, INT64, model, node, value, weights
from tests.support.written import Written

# Fresh memory takes seconds on some virtual machines: the short limit is for Loops alone.
LIMITS = Limits(seconds=20, memory=100)
SHORT = Limits(seconds=0.2, memory=100)


def positions() -> onnx.ModelProto:
    """The length of a Range, and the rounds of a Loop, come from the input's shape."""
    body = helper.make_graph(
        [node("Identity", "go", "passed"), node("Add", "carried half", "next")],
        "body",
        [value("i", [], INT64), value("go", [], BOOL), value("carried", [])],
        [value("passed", [], BOOL), value("next", [])],
    )
    return model(
        [
            node("Shape", "x", "s"),
            node("Gather", "s axis", "length"),
            node("Range", "zero length axis", "r"),
            node("ReduceSum", "r", "sum", keepdims=0),
            node("Cast", "sum", "f", to=1),
            node("Identity", "length", "rounds"),
            node("Loop", "rounds - f", "counted", body=body),
            node("Add", "x counted", "shifted"),
            node("Relu", "shifted", "y"),
        ],
        [value("x", ["N", "T"])],
        [value("y", ["N", "T"])],
        {"axis": np.array(1), "zero": np.array(0), "half": np.array(0.5, np.float32)},
    )


X = {"x": weights(1, 6)}


@pytest.fixture(scope="module")
def at_length() -> Iterator[onnxfi.Injector]:
    loaded = onnxfi.load(positions())
    with onnxfi.Injector(loaded, "length", provider="cpu", threads=1, limits=LIMITS) as injector:
        yield injector


def inject_bit(injector: onnxfi.Injector, bit: int) -> onnxfi.Injection:
    (injection,) = injector.inject(injector.golden(X), BitFlip(bit=bit))
    return injection


@pytest.mark.parametrize("bit", [25, 40, 61])
def test_sizes_that_ask_for_more_memory_than_the_limit(
    at_length: onnxfi.Injector, bit: int
) -> None:
    injection = inject_bit(at_length, bit)
    assert (injection.outcome, injection.due_reason) == ("due", "memory")
    assert injection.outputs == {}


def test_small_flips_run_on_as_without_limits(at_length: onnxfi.Injector) -> None:
    loaded = onnxfi.load(positions())
    with onnxfi.Injector(loaded, "length", provider="cpu", threads=1, limits=None) as free:
        for bit in (0, 4, 9):
            limited, plain = (inject_bit(x, bit) for x in (at_length, free))
            assert limited.outcome == plain.outcome != "due"
            assert limited.due_reason is plain.due_reason is None
            assert limited.outputs["y"].tobytes() == plain.outputs["y"].tobytes()


@pytest.mark.thorough
def test_rounds_that_take_too_long() -> None:
    loaded = onnxfi.load(positions())
    with onnxfi.Injector(loaded, "rounds", provider="cpu", threads=1, limits=SHORT) as injector:
        golden = injector.golden(X)
        found = [next(injector.inject(golden, BitFlip(bit=bit))) for bit in (3, 45, 4, 63)]
        assert [x.due_reason for x in found] == [None, "timeout", None, None]
        with pytest.raises(LimitError) as raised:
            injector.resume(golden, np.array(1 << 45))
        assert raised.value.reason == "timeout"
        assert injector.resume(golden, np.array(6))["y"].tobytes() == golden.outputs["y"].tobytes()


def test_arrays_that_change_between_two_calls(at_length: onnxfi.Injector) -> None:
    golden = at_length.golden(X)
    length = np.array(6)
    first = at_length.resume(golden, length)["y"]
    assert first.tobytes() == golden.outputs["y"].tobytes()
    length[...] = 9
    assert at_length.resume(golden, length)["y"].tobytes() != first.tobytes()


@pytest.mark.thorough
def test_several_targets_one_after_the_other() -> None:
    loaded = onnxfi.load(positions())
    targets = ["length", "shifted"]
    with onnxfi.Injector(loaded, targets, provider="cpu", threads=1, limits=LIMITS) as injector:
        golden = injector.golden(X)
        models = [BitFlip(bit=40), BitFlip(bit=1)]
        (injection,) = injector.inject(golden, models)
        assert (injection.outcome, injection.due_reason) == ("due", "memory")
        assert injection.targets == ("length",)
        (injection,) = injector.inject(golden, [BitFlip(bit=2), BitFlip(bit=1)])
        assert injection.targets == ("length", "shifted")
        assert injection.due_reason is None


def test_targets_that_reach_no_size_need_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*args: object, **options: object) -> None:
        raise AssertionError("a child was started")

    monkeypatch.setattr(subprocess, "Popen", start)
    loaded = onnxfi.load(positions())
    for target in ("x", "shifted", "f"):
        with onnxfi.Injector(loaded, target, provider="cpu", limits=LIMITS) as injector:
            assert len(list(injector.inject(injector.golden(X), BitFlip(), count=3))) == 3


def test_what_lanes_are_told() -> None:
    loaded = onnxfi.load(positions())
    decision = lanes_of_target(loaded, "length", [X], provider="cpu")
    assert (decision.lanes, "how much runs" in str(decision.reason)) == (1, True)


def test_an_injection_does_not_depend_on_those_before(at_length: onnxfi.Injector) -> None:
    bits = (5, 45, 3, 61, 25, 7)
    forth = {bit: inject_bit(at_length, bit) for bit in bits}
    back = {bit: inject_bit(at_length, bit) for bit in reversed(bits)}
    for bit in bits:
        assert forth[bit].due_reason == back[bit].due_reason == ("memory" if bit > 24 else None)
        if forth[bit].outputs:
            assert forth[bit].outputs["y"].tobytes() == back[bit].outputs["y"].tobytes()


def test_pushed_corruptions_have_the_same_outputs() -> None:
    """A selection decides a size, behind operators that corruptions are pushed through."""
    proto = model(
        [
            node("Relu", "x", "r"),
            node("NonZero", "r", "n"),
            node("Shape", "n", "s"),
            node("ConstantOfShape", "s", "c"),
            node("ReduceSum", "c", "sum", keepdims=0),
            node("ReduceMax", "r", "largest", keepdims=0),
            node("Add", "sum largest", "y"),
        ],
        [value("x", [1, 2, 6, 6])],
        [value("y", [])],
    )
    loaded = onnxfi.load(proto)
    inputs = {"x": weights(1, 2, 6, 6)}
    found = []
    for options in ({"limits": LIMITS}, {"limits": None}, {"limits": None, "propagation": False}):
        with onnxfi.Injector(loaded, "x", provider="cpu", threads=1, **options) as injector:
            injections = injector.inject(injector.golden(inputs), BitFlip(bit=31), count=30)
            found.append([(x.outcome, float(x.outputs["y"])) for x in injections])
    assert found[0] == found[1] == found[2]
    assert {x for x, _ in found[0]} == {"masked", "benign"}


def test_an_empty_corruption_is_masked(at_length: onnxfi.Injector) -> None:
    (injection,) = at_length.inject(at_length.golden(X), Written([], []))
    assert injection.outcome == "masked"
