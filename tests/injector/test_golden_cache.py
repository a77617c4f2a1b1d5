"""The golden runs that are kept."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from onnxfi.injector import Golden
from onnxfi.injector.golden_cache import GoldenCache
from onnxfi.suffix import GoldenTensors


def golden(elements: int) -> Golden:
    values = {"x": np.zeros(elements, np.uint8)}
    return Golden(values, {}, {}, {}, GoldenTensors(values))


def test_what_was_asked_for_last_is_kept() -> None:
    cache: GoldenCache[Any] = GoldenCache(memory=250)
    made: list[Any] = []

    def ask(key: str) -> Golden:
        def make() -> Golden:
            made.append(key)
            return golden(100)

        found: Golden = cache.get(key, make)
        return found

    first = ask("a")
    assert ask("a") is first
    ask("b")
    ask("a")
    ask("c")  # b goes
    ask("a")
    ask("b")
    assert made == ["a", "b", "c", "b"]


def test_one_is_kept_whatever_it_takes() -> None:
    cache: GoldenCache[Any] = GoldenCache(memory=1)
    first = cache.get("a", lambda: golden(100))
    assert cache.get("a", lambda: golden(100)) is first


def test_what_is_added_later_counts() -> None:
    cache: GoldenCache[Any] = GoldenCache(memory=250)
    first = cache.get("a", lambda: golden(100))
    first.tensors.recall(cache, lambda _: {"y": np.zeros(200, np.uint8)})
    second = cache.get("b", lambda: golden(100))
    assert cache.get("b", lambda: golden(100)) is second
    assert cache.get("a", lambda: golden(100)) is not first


def test_what_is_not_wanted_goes_and_counts_no_more() -> None:
    cache: GoldenCache[Any] = GoldenCache(memory=250)
    made: list[Any] = []
    for key in ("a", "b"):
        cache.get(key, lambda: golden(100))
    cache.keep(lambda key: key == "b")
    cache.get("c", lambda: golden(100))  # there is room again
    for key in ("b", "a"):

        def make(key: str = key) -> Golden:
            made.append(key)
            return golden(100)

        cache.get(key, make)
    assert made == ["a"]


def test_threads_that_ask_at_once_share_what_one_makes() -> None:
    cache: GoldenCache[Any] = GoldenCache(memory=250)
    made: list[Any] = []

    def make() -> Golden:
        made.append(None)
        time.sleep(0.1)  # the others come meanwhile
        return golden(100)

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: cache.get("a", make), range(4)))
    assert len(made) == 1
    assert all(x is found[0] for x in found)


def test_what_could_not_be_made_is_made_when_asked_for_again() -> None:
    cache: GoldenCache[Any] = GoldenCache(memory=250)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: golden(1 // 0))
    assert cache.get("a", lambda: golden(7)).nbytes == 7
