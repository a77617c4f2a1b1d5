"""Tests campaigns on a Dask cluster, and with other executors."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from onnxfi.campaign import Campaign
from onnxfi.campaign.running.cluster import dask_executor
from onnxfi.campaign.running.run_shards import ShardOutcomes
from onnxfi.errors import ConfigurationError, MissingExtraError
from onnxfi.run_directory import RunDirectory, read_records

ROOT = Path(__file__).parents[3]
_SCHEDULER = "from distributed.cli.dask_scheduler import main; main()"
_WORKER = "from distributed.cli.dask_worker import main; main()"


def rows_of(place: str | Path) -> str:
    """Return the records as text, in which a NaN equals a NaN."""
    return repr(read_records(place).to_pylist())


@pytest.mark.thorough
def test_threads_of_the_caller_record_the_same(work: Path, finished: Path) -> None:
    campaign = Campaign.from_yaml(work / "campaign.yaml", out=work / "run").begin()
    shards: list[ShardOutcomes] = []
    with ThreadPoolExecutor(3) as executor:
        campaign.run(executor, workers=lambda: 5, on_shard=shards.append)
    assert rows_of(work / "run") == rows_of(finished)
    assert sum(x.shard.count for x in shards) == campaign.injections


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.live
@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_a_process_that_dies_loses_no_finished_shard(work: Path, finished: Path) -> None:
    campaign = Campaign.from_yaml(work / "campaign.yaml", out=work / "run").begin()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:

        def kill_one(count: int) -> None:
            if count and len(campaign.directory.files()) > 3:
                executor.submit(_die)

        with pytest.raises(ConfigurationError, match="campaign resume") as caught:
            campaign.run(executor, on_injections=kill_one)
    assert isinstance(caught.value.__cause__, BrokenExecutor)
    assert 3 < len(campaign.directory.files()) < 36
    Campaign.open(work / "run").run()
    assert rows_of(work / "run") == rows_of(finished)


class _Counting(ThreadPoolExecutor):
    """Counts the shards that were handed over and are not done."""

    most = 0
    waiting = 0

    def submit(self, *arguments: Any, **keywords: Any) -> Future[Any]:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        future = super().submit(*arguments, **keywords)
        future.add_done_callback(self._done)
        return future

    def _done(self, future: Future[Any]) -> None:
        self.waiting -= 1


def test_a_plan_of_a_thousand_million_injections_starts_at_once(
    write: Callable[..., Path], work: Path
) -> None:
    path = write(injections={"per_target": 10**9}, execution={"provider": "cpu", "shard": 10})
    campaign = Campaign.from_yaml(path, out=work / "run").begin()
    assert campaign.injections == 12 * 10**9

    def interrupt(shard: Any) -> None:
        raise KeyboardInterrupt

    with _Counting(1) as executor, pytest.raises(KeyboardInterrupt):
        campaign.run(executor, workers=lambda: 2, on_shard=interrupt)
    assert executor.most == 4  # two ahead for each worker, not a hundred million
    assert 0 < campaign.directory.recorded <= 40


def test_a_cluster_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match="distributed"), dask_executor("tcp://x:1"):
        pass


@pytest.mark.live
def test_a_cluster_needs_a_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("onnxfi.campaign.running.cluster._CONNECT_SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:1", "nonsense"):
        with (
            pytest.raises(ConfigurationError, match="No Dask scheduler answers at"),
            dask_executor(address),
        ):
            pass


@pytest.mark.live
def test_a_shard_that_ends_several_workers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "Client", MagicMock())
    last = SimpleNamespace(address="tcp://10.0.0.2:1")
    with (
        pytest.raises(ConfigurationError, match=r"tcp://10\.0\.0\.2:1.*campaign resume"),
        dask_executor("tcp://10.0.0.1:8786"),
    ):
        raise distributed.KilledWorker("run_shard-1", last, 3)


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder that they work in."""
        self._folder = folder
        self.address = ""
        self.file = folder / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, program: str, *arguments: str) -> None:
        """Start a process."""
        log = (self._folder / f"log{len(self.processes)}").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-c", program, "--scheduler-file", str(self.file), *arguments],
            cwd=self._folder,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__WORKER__DAEMON": "False"},
        )
        log.close()
        self.processes.append(process)

    def start_worker(self) -> None:
        """Start a worker, without the nanny that would start it anew."""
        self.start(_WORKER, "--nthreads", "1", "--no-nanny", "--no-dashboard")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Give a running scheduler with two worker processes."""
    import json

    pytest.importorskip("distributed")
    folder = tmp_path / "cluster"
    folder.mkdir()
    started = Cluster(folder)
    try:
        started.start(_SCHEDULER, "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        deadline = time.monotonic() + 60
        while not started.file.exists() or not started.file.read_text():
            assert time.monotonic() < deadline, (folder / "log0").read_text()
            time.sleep(0.05)
        started.address = json.loads(started.file.read_text())["address"]
        for _ in range(2):
            started.start_worker()
        yield started
    finally:
        for process in started.processes:
            process.kill()
            process.wait()


@pytest.mark.live
def test_a_dask_cluster_records_the_same_though_a_worker_is_killed(
    work: Path, finished: Path, cluster: Cluster
) -> None:
    campaign = Campaign.from_yaml(work / "campaign.yaml", out=work / "run").begin()
    processes: list[int] = []
    killed = threading.Event()

    with dask_executor(cluster.address) as (executor, workers):
        while workers() < 2:
            time.sleep(0.1)

        def kill_a_worker(shard: Any) -> None:
            processes.append(shard.shard.first)
            if len(processes) == 5:
                cluster.processes[1].kill()
                killed.set()

        campaign.run(executor, workers=workers, on_shard=kill_a_worker)
    assert killed.is_set()
    assert rows_of(work / "run") == rows_of(finished)
    assert cluster.processes[1].poll() == -signal.SIGKILL
    assert cluster.processes[2].poll() is None


@pytest.mark.live
def test_the_command_runs_on_a_cluster(work: Path, finished: Path, cluster: Cluster) -> None:
    command = "from onnxfi.cli.main import main; main()"
    arguments = ["campaign", "run", "campaign.yaml", "--out", "run"]
    done = subprocess.run(
        [sys.executable, "-c", command, *arguments, "--scheduler", cluster.address],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert rows_of(work / "run") == rows_of(finished)
    assert RunDirectory.open(work / "run").recorded == 240


@pytest.mark.live
@pytest.mark.skipif(sys.platform != "linux", reason="the MPI of the extra oracles is Linux's")
def test_mpi_records_the_same(work: Path, finished: Path) -> None:
    pytest.importorskip("mpi4py")
    mpiexec = shutil.which("mpiexec", path=f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.defpath}")
    if mpiexec is None:
        pytest.skip("needs an MPI")
    (work / "run_on_mpi.py").write_text(
        "from mpi4py.futures import MPIPoolExecutor\n"
        "from onnxfi import Campaign\n"
        "if __name__ == '__main__':\n"
        "    with MPIPoolExecutor() as executor:\n"
        "        campaign = Campaign.from_yaml('campaign.yaml', out='run').begin()\n"
        "        campaign.run(executor, workers=lambda: executor.num_workers)\n"
    )
    program = [sys.executable, "-m", "mpi4py.futures", "run_on_mpi.py"]
    libraries = str(Path(sys.prefix) / "lib")
    done = subprocess.run(
        [mpiexec, "-n", "3", *program],  # one of them hands out the shards
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LD_LIBRARY_PATH": libraries},
    )
    assert done.returncode == 0, done.stderr
    assert rows_of(work / "run") == rows_of(finished)
