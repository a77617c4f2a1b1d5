"""Tests threads that run shards."""

import threading
from concurrent.futures import CancelledError

import pytest

from onnxfi.campaign import ShardOutcomes
from onnxfi.campaign.running.local.shard_threads import THREAD_NAME, ShardThreads
from onnxfi.cli.main import ABANDONED
from onnxfi.errors import ConfigurationError
from onnxfi.injector.user_code.calls import calling, naming_calls
from onnxfi.run_directory import Shard

SHARDS = [Shard(x, 1, 0) for x in range(8)]


def outcomes(shard: Shard) -> ShardOutcomes:
    return ShardOutcomes(shard, "t", "e", {}, 0.0)


def test_shards_are_run_and_errors_passed_on() -> None:
    def run(shard: Shard) -> ShardOutcomes:
        if shard.first == 3:
            raise SystemExit(4)
        return outcomes(shard)

    threads = ShardThreads(3, run)
    futures = [threads.submit(x) for x in SHARDS]
    for shard, future in zip(SHARDS, futures, strict=True):
        if shard.first == 3:
            assert isinstance(future.exception(), SystemExit)
        else:
            assert future.result().shard == shard
    assert threads.end(within=10) == []
    assert not [x for x in threading.enumerate() if x.name.startswith(THREAD_NAME)]


def test_a_thread_that_does_not_return_is_abandoned() -> None:
    release, begun = threading.Event(), threading.Event()

    def run(shard: Shard) -> ShardOutcomes:
        with naming_calls(lambda subject: f"Injection {subject}"), calling("the metric m:f", 7):
            begun.set()
            release.wait()
        return outcomes(shard)

    threads = ShardThreads(1, run)
    running, queued = (threads.submit(x) for x in SHARDS[:2])
    begun.wait()
    (sentence,) = threads.end(within=0.01)
    assert sentence.startswith("Injection 7: the metric m:f has been running for ")
    assert not running.done()
    with pytest.raises(CancelledError):
        queued.result(timeout=10)
    (left,) = (x for x in threading.enumerate() if x.name.startswith(THREAD_NAME))
    assert left.daemon
    release.set()
    left.join(10)


def test_the_program_knows_the_names_of_the_threads() -> None:
    assert ABANDONED == THREAD_NAME


@pytest.mark.parametrize("possible", [0, 2])
def test_threads_that_cannot_be_started(possible: int, monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = threading.Thread.start, 0

    def fail_later(thread: threading.Thread) -> None:
        nonlocal started
        started += 1
        if started > possible:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", fail_later)
    if not possible:
        with pytest.raises(ConfigurationError, match=r"No thread can be started: can't start"):
            ShardThreads(4, outcomes)
        return
    threads = ShardThreads(4, outcomes)
    assert [threads.submit(x).result().shard for x in SHARDS] == SHARDS
    assert threads.end(within=10) == []
