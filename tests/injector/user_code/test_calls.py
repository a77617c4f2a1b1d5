"""Tests what is known of the user's code that runs."""

import logging
import os
import threading
from contextvars import copy_context

import pytest

from onnxfi.injector.user_code import calls
from onnxfi.injector.user_code.exits import surviving_exits


def test_a_call_that_takes_long_is_reported_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(calls, "_LONG", 0.02)
    monkeypatch.setattr(calls, "_PAUSE", 0.005)
    context, release = copy_context(), threading.Event()

    def call() -> None:
        with calls.naming_calls(lambda subject: f"Injection {subject}"):
            with calls.calling("the metric m:f", 3):
                pass  # a short one is not reported
            with calls.calling("the metric m:f", 4):
                release.wait()

    thread = threading.Thread(target=context.run, args=[call])
    thread.start()
    with caplog.at_level(logging.WARNING, "onnxfi"), calls.watching_calls([context]):
        while not caplog.messages:
            threading.Event().wait(0.005)
        threading.Event().wait(0.05)
    release.set()
    thread.join()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("Injection 4: the metric m:f has been running for ")
    assert calls.describe_call(context) is None


def test_an_interrupt_gets_a_note() -> None:
    with pytest.raises(KeyboardInterrupt) as caught, calls.calling("the metric m:f", None):
        raise KeyboardInterrupt
    assert caught.value.__notes__[0].startswith("The metric m:f has been running for ")


def test_only_exits_of_the_user_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    with surviving_exits():
        with pytest.raises(SystemExit, match="3"), calls.calling("the metric m:f", None):
            os._exit(3)
        os._exit(4)
        with calls.calling("the metric m:f", None), monkeypatch.context() as forked:
            forked.setattr(os, "getpid", lambda: -1)
            os._exit(5)
    os._exit(6)
    assert ended == [4, 5, 6]
