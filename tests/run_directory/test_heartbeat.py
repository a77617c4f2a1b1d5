"""Tests the signs of life of a running campaign."""

import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import heartbeat
from onnxfi.run_directory.heartbeat import (
    GONE_AFTER,
    Claim,
    Heartbeat,
    SignOfLife,
    read_sign_of_life,
)
from onnxfi.storage import LocalStorage, RemoteStorage


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


def write_sign(storage: LocalStorage | RemoteStorage, host: str, age: float = 0.0) -> None:
    """Write the sign of life of another process."""
    at = time.time() - age
    sign = SignOfLife(host, 1, began=at, at=at, done=0, token="other")
    storage.write("running.json", json.dumps(asdict(sign)).encode())


@pytest.fixture(params=["local", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Give an empty storage of each kind."""
    if request.param == "local":
        yield LocalStorage(tmp_path)
        return
    fsspec = pytest.importorskip("fsspec")
    yield RemoteStorage("memory://claims/run")
    fsspec.filesystem("memory").store.clear()


def test_a_second_machine_is_refused(storage: Any) -> None:
    write_sign(storage, "elsewhere")
    with pytest.raises(ConfigurationError, match="in use by process 1 on elsewhere"):
        Heartbeat(storage).__enter__()
    assert storage.read("running.json")  # the sign of the other


def test_a_second_claim_in_the_same_process_is_refused(storage: Any) -> None:
    with Heartbeat(storage), pytest.raises(ConfigurationError, match="in use by process"):
        Heartbeat(storage).__enter__()
    with Claim(storage):
        pass


def test_the_claim_of_a_dead_machine_is_taken_over(
    storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_SETTLING_SECONDS", 0.01)
    monkeypatch.setattr(heartbeat, "_LISTENING_SECONDS", 0.01)
    write_sign(storage, "elsewhere", age=GONE_AFTER + 1)
    with Claim(storage) as claim:
        claim.check()
    assert not storage.exists("running.json")


def test_of_two_machines_that_take_over_one_gives_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = LocalStorage(tmp_path)
    write_sign(storage, "elsewhere", age=GONE_AFTER + 1)
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:  # it has heard nothing, and written its own sign
            write_sign(storage, "third")

    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(ConfigurationError, match="in use by process 1 on third"):
        Claim(storage).__enter__()
    assert json.loads(storage.read("running.json"))["host"] == "third"


@pytest.mark.parametrize("age", [GONE_AFTER + 1, -3600.0])
def test_a_machine_whose_clock_differs_is_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: float
) -> None:
    """Clocks jump, and differ between machines; a running process writes new signs."""
    storage = LocalStorage(tmp_path)
    write_sign(storage, "elsewhere", age=age)
    monkeypatch.setattr(time, "sleep", lambda _: write_sign(storage, "elsewhere", age=age - 5))
    with pytest.raises(ConfigurationError, match="in use by process 1 on elsewhere"):
        Claim(storage).__enter__()
    assert storage.exists("running.json")


def test_a_clock_that_is_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, now = LocalStorage(tmp_path), time.time()
    with Heartbeat(storage) as beating:
        beating.add(5)
        monkeypatch.setattr(time, "time", lambda: now - 86_400)
        beating.write(5)
        sign = read_sign_of_life(storage)
        assert sign is not None
        assert (sign.running, sign.rate) == (True, 0.0)
        monkeypatch.setattr(time, "time", lambda: now + 86_400)
        beating.write(5)
        sign = read_sign_of_life(storage)
        assert sign is not None
        assert sign.running
    # A sign from the future, of a machine that died before its clock was set back.
    monkeypatch.setattr(time, "time", lambda: now)
    assert not SignOfLife("elsewhere", 1, now, now + 3600, 5).running


def test_a_heartbeat_that_dies_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)
    beating = Heartbeat(LocalStorage(tmp_path))

    def fail() -> None:
        raise MemoryError

    with beating:
        monkeypatch.setattr(beating, "check", fail)
        beating._thread.join(10)  # noqa: SLF001
        with pytest.raises(ConfigurationError, match=r"The thread that claims .* died"):
            beating.add(1)


def test_a_run_that_was_taken_over_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_EVERY_SECONDS", 0.01)
    storage = LocalStorage(tmp_path)
    with Heartbeat(storage) as beating:
        write_sign(storage, "elsewhere")
        while not beating.is_lost:
            time.sleep(0.01)
        with pytest.raises(ConfigurationError, match="on elsewhere"):
            beating.add(1)
    assert storage.exists("running.json")  # it is the other's


def test_a_killed_process_of_this_machine_frees_the_run_at_once(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from onnxfi.run_directory import Heartbeat\n"
        "from onnxfi.storage import LocalStorage, RemoteStorage\n"
        "with Heartbeat(LocalStorage(Path(sys.argv[1]))):\n"
        "    print('begun', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        with pytest.raises(ConfigurationError, match=f"in use by process {child.pid}"):
            Heartbeat(LocalStorage(tmp_path)).__enter__()
        child.kill()
    with Heartbeat(LocalStorage(tmp_path)):
        pass


def test_one_of_many_creates_a_file(storage: Any) -> None:
    with ThreadPoolExecutor(8) as threads:
        wrote = list(threads.map(lambda k: storage.create("a/x", b"%d" % k), range(8)))
    assert sum(wrote) == 1
    assert storage.read("a/x") == b"%d" % wrote.index(True)
