"""Sessions in a child process, whose runs end when they take too much."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

import onnxfi
from onnxfi.errors import InputError, LimitError, ModelFormatError
from onnxfi.runtime import Session
from onnxfi.runtime.limited_session import LimitedSession
from onnxfi.runtime.limits import Limits, Taken
from tests.support.small_graphs import BOOL, INT64, model, node, value, weights


def counting() -> onnx.ModelProto:
    """Adds up the first ``n`` whole numbers, and runs ``rounds`` rounds of a Loop."""
    body = helper.make_graph(
        [node("Identity", "go", "passed"), node("Add", "carried one", "next")],
        "body",
        [value("i", [], INT64), value("go", [], BOOL), value("carried", [], INT64)],
        [value("passed", [], BOOL), value("next", [], INT64)],
    )
    return model(
        [
            node("Range", "zero n one", "r"),
            node("ReduceSum", "r", "sum", keepdims=0),
            node("Loop", "rounds - zero", "counted", body=body),
            node("MatMul", "x w", "y"),
        ],
        [value("n", [], INT64), value("rounds", [], INT64), value("x", ["N", 40])],
        [value("sum", [], INT64), value("counted", [], INT64), value("y", ["N", 40])],
        {"zero": np.array(0), "one": np.array(1), "w": weights(40, 40)},
    )


X = weights(3, 40, seed=1)


def feeds(n: int = 4, rounds: int = 3, x: np.ndarray = X) -> dict[str, np.ndarray]:
    return {"n": np.array(n), "rounds": np.array(rounds), "x": x}


@pytest.fixture(scope="module")
def session() -> Iterator[LimitedSession]:
    # Fresh memory takes seconds on some virtual machines: the time limit is for the Loop alone.
    limits = Limits(seconds=20, memory=100)
    limited = LimitedSession(onnxfi.load(counting()), provider="cpu", threads=1, limits=limits)
    yield limited
    limited.close()


def test_outputs_are_those_of_a_session(session: LimitedSession) -> None:
    plain = Session(onnxfi.load(counting()), threads=1)
    for values in (feeds(), feeds(n=7), feeds(x=X[:2]), feeds(rounds=9, x=2 * X)):
        expected = plain.run(values)
        for made in (session.run_golden(values), session.run(values)):
            assert made.keys() == expected.keys()
            assert all(made[name].tobytes() == x.tobytes() for name, x in expected.items())


@pytest.mark.parametrize("n", [1 << 25, 1 << 40, 1 << 62])
def test_memory(session: LimitedSession, n: int) -> None:
    with pytest.raises(LimitError) as raised:
        session.run(feeds(n=n))
    assert raised.value.reason == "memory"
    assert session.run(feeds())["sum"] == 6


def test_outputs_that_take_more_than_half_of_the_memory(session: LimitedSession) -> None:
    with pytest.raises(LimitError) as raised:
        session.run(feeds(x=np.ones((350_000, 40), np.float32)))  # 53 MiB
    assert raised.value.reason == "memory"


def test_time() -> None:
    limits = Limits(seconds=0.2, memory=100)
    session = LimitedSession(onnxfi.load(counting()), provider="cpu", threads=1, limits=limits)
    with pytest.raises(LimitError) as raised:
        session.run(feeds(rounds=1 << 40))
    assert raised.value.reason == "timeout"
    assert session.run(feeds())["counted"] == 3
    session.close()


def test_refused_inputs(session: LimitedSession) -> None:
    with pytest.raises(InputError) as raised:
        session.run(feeds(x=X[:, :-1]))
    assert not isinstance(raised.value, LimitError)
    assert session.run(feeds())["sum"] == 6


def test_threads_have_a_child_each(session: LimitedSession) -> None:
    with ThreadPoolExecutor(2) as pool:
        sums = pool.map(lambda n: int(session.run(feeds(n=n))["sum"]), range(20))
    assert list(sums) == [n * (n - 1) // 2 for n in range(20)]


def test_a_child_that_something_else_ended_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*args: Any, **options: Any) -> "subprocess.Popen[bytes]":
        started.append(popen(*args, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    loaded = onnxfi.load(counting())
    session = LimitedSession(loaded, provider="cpu", threads=1, limits=Limits())
    (child,) = started
    child.kill()
    assert session.run(feeds())["sum"] == 6
    assert len(started) == 2
    session.close()
    assert started[-1].poll() is not None


def test_a_model_that_onnx_runtime_refuses() -> None:
    proto = model([node("Relu", "x", "y")], [value("x", [2])], [value("y", [2])])
    proto.graph.node[0].domain = "nowhere"
    proto.opset_import.add(domain="nowhere", version=1)
    with pytest.raises(ModelFormatError, match="must be able to run"):
        LimitedSession(onnxfi.load(proto), provider="cpu", threads=1, limits=Limits())


_SCRIPT = """
import os, signal, subprocess, sys, threading, time, onnxfi, numpy as np
from onnxfi.runtime.limited_session import LimitedSession
from onnxfi.runtime.limits import Limits
started, popen = [], subprocess.Popen
subprocess.Popen = lambda *args, **options: started.append(popen(*args, **options)) or started[-1]
model = onnxfi.load(sys.argv[1])
session = LimitedSession(model, provider="cpu", threads=1, limits=Limits(seconds=None))
feeds = {"n": np.array(1), "rounds": np.array(1 << 40), "x": np.ones((1, 40), np.float32)}
threading.Thread(target=session.run, args=(feeds,), daemon=True).start()
time.sleep(0.2)
(child,) = started
print(child.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.thorough
def test_children_end_with_a_process_that_is_killed(tmp_path: Path) -> None:
    """The script is killed in the middle of a run; it has no guard, which no child needs."""
    path = tmp_path / "m.onnx"
    onnx.save(counting(), path)
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT)
    run = subprocess.run([sys.executable, script, path], stdout=subprocess.PIPE, check=False)
    assert run.returncode == -signal.SIGKILL
    child = int(run.stdout)
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        signal.sigtimedwait([], 0.05)
    os.kill(child, signal.SIGKILL)
    raise AssertionError("the child outlived its parent")


def test_limits_are_multiples_of_the_golden_run() -> None:
    assert Limits().allowed() == Limits(2.0, 1200).allowed()
    assert Limits().allowed(Taken(2.0, 1000.0)) == Limits(100.0, 8000).allowed()
    assert Limits(7, None).allowed(Taken(2.0, 1000.0)) == Limits(7, None).allowed()


def test_the_first_golden_run_is_measured() -> None:
    loaded = onnxfi.load(counting())
    session = LimitedSession(loaded, provider="cpu", threads=1, limits=Limits())
    session.run_golden(feeds(n=25_000_000))  # 191 MiB
    first = session.allowed
    assert 8 * 190 < (first.memory or 0) < 8 * 210
    session.run_golden(feeds())
    assert session.allowed == first
    session.close()
