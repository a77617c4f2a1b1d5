"""Trials: who makes them, how long things take, and which bits are the same."""

import threading
import time
from collections.abc import Callable

import ml_dtypes
import numpy as np
import pytest

from onnxfi.suffix.trial import Adoption, Stopwatch, perturbed, same_bits


def test_one_thread_tries_and_the_others_go_on() -> None:
    adoption, started, go_on = Adoption[str](), threading.Event(), threading.Event()

    def attempt() -> str:
        started.set()
        assert go_on.wait(10)
        return "kept"

    thread = threading.Thread(target=adoption.try_once, args=(attempt,))
    thread.start()
    assert started.wait(10)
    assert adoption.is_open
    assert adoption.try_once(lambda: "another") is None
    go_on.set()
    thread.join()
    assert adoption.try_once(lambda: "another") == "kept"
    assert adoption.state == "kept"


def test_others_may_wait_for_the_trial() -> None:
    adoption, made, found = Adoption[int](), [], []

    def attempt() -> int:
        time.sleep(0.01)
        made.append(1)
        return 7

    def ask() -> None:
        found.append(adoption.try_once(attempt, wait=True))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [7] * 4
    assert made == [1]


def test_a_trial_that_raises_decides_nothing() -> None:
    adoption = Adoption[int]()
    with pytest.raises(ZeroDivisionError):
        adoption.try_once(lambda: 1 // 0)
    assert adoption.state == "undecided"
    assert adoption.try_once(lambda: 3) == 3


@pytest.mark.parametrize(
    ("decide", "state", "kept"),
    [
        (lambda x: x.try_once(lambda: None), "dropped", None),
        (lambda x: x.drop(), "dropped", None),
        (lambda x: x.keep(5), "kept", 5),
    ],
)
def test_decisions_are_final(
    decide: Callable[[Adoption[int]], object], state: str, kept: int | None
) -> None:
    adoption = Adoption[int]()
    decide(adoption)
    assert not adoption.is_open
    assert adoption.try_once(lambda: 9) == kept
    assert adoption.state == state


def test_the_fastest_of_some_runs_counts() -> None:
    stopwatch, now, left = Stopwatch(1), [0.0], [3.0, 1.0, 2.0, 9.0]
    stopwatch.now = lambda: now[0]

    def run() -> None:
        now[0] += left.pop(0)

    assert stopwatch.fastest(run, times=3) == 1.0
    assert left == [9.0]
    assert stopwatch.fastest(run, times=5, seconds=1.0) == 9.0


def test_same_bits() -> None:
    one = np.array([1.0, -0.0, np.nan], np.float32)
    payload = one.copy()
    payload.view(np.uint32)[2] ^= 1
    texts = np.array(["a", "b"], object)
    assert same_bits(one, one.copy())
    assert not same_bits(one, np.array([1.0, 0.0, np.nan], np.float32))
    assert not same_bits(one, payload)
    assert same_bits(one, payload, any_nan=True)
    assert not same_bits(one, one.astype(np.float64), any_nan=True)
    assert not same_bits(one, one[:2])
    assert same_bits([one, texts], [one.copy(), texts.copy()])
    assert not same_bits([one], [one, one])
    assert same_bits(None, None)
    assert not same_bits(None, one)


def test_perturbed_values_differ_in_every_float() -> None:
    rng = np.random.default_rng(0)
    for golden in (np.zeros(50, np.float32), np.linspace(1, 2, 50).astype(np.float16)):
        moved = perturbed(golden, rng)
        assert moved.dtype == golden.dtype
        assert (moved != golden).all()
        assert (perturbed(golden, rng, signed=True) < 0).any()
    assert (perturbed(np.ones(50, np.float32), rng) > 0).all()
    small = np.ones(50, ml_dtypes.float8_e5m2)
    assert (perturbed(small, rng) != small).mean() > 0.5
    indices = np.arange(5)
    assert perturbed(indices, rng) is indices
    assert perturbed(None, rng) is None
    assert np.unique(perturbed(np.zeros(999, np.int8), rng)).size > 100
