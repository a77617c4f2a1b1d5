"""Tests the signs of life of a running campaign."""

import os
import platform
import time
from pathlib import Path

import pytest

from onnxfi.errors import ConfigurationError
from onnxfi.run_directory.heartbeat import (
    GONE_AFTER,
    Heartbeat,
    SignOfLife,
    read_sign_of_life,
)
from onnxfi.storage import LocalStorage


def test_a_sign_is_there_during_the_block(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    with Heartbeat(storage):
        sign = read_sign_of_life(storage)
        assert sign is not None
        assert sign.running
        assert sign.process == os.getpid()
    assert read_sign_of_life(storage) is None


def test_old_signs_and_dead_processes_count_as_gone() -> None:
    now = time.time()
    assert not SignOfLife("elsewhere", 1, now - 60, now - GONE_AFTER - 1, 5).running
    assert SignOfLife("elsewhere", 1, now - 60, now, 5).running
    assert SignOfLife("elsewhere", 1, now - 60, now, 120).rate == pytest.approx(2)
    assert not SignOfLife(platform.node(), 2**22 + 1, now, now, 0).running  # no such process


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    now = time.time()
    storage.write(
        "running.json",
        b'{"host": "elsewhere", "process": 1, "began": %f, "at": %f, "done": 0}' % (now, now),
    )
    with pytest.raises(ConfigurationError, match="is being run by process 1 on elsewhere"):
        Heartbeat(storage)
