"""Tests campaigns whose shards run in processes that onnxfi starts."""

from concurrent.futures import BrokenExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from onnxfi.campaign import Campaign
from onnxfi.campaign.running import run_missing
from onnxfi.campaign.running.local.shard_process import CannotOpenError, ShardProcess
from onnxfi.campaign.running.local.worker_choice import Workers
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory.shard import Shard
from onnxfi.storage import LocalStorage
from tests.support.disturbed_runs import check_kept, check_resumes, rows_of


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let campaigns choose a thread and two processes."""
    workers = Workers(3, processes=True)
    monkeypatch.setattr(run_missing, "choose_workers", lambda *arguments, **options: workers)


@pytest.fixture
def begun(work: Path) -> Campaign:
    return Campaign.from_yaml(work / "campaign.yaml", out=work / "run").begin()


@pytest.mark.thorough
@pytest.mark.usefixtures("two_processes")
def test_processes_record_the_same(begun: Campaign, work: Path, finished: Path) -> None:
    counts: list[int] = []
    begun.run(on_injections=counts.append)
    assert rows_of(work / "run") == rows_of(finished)
    assert sum(counts) == begun.injections


@pytest.mark.thorough
@pytest.mark.usefixtures("two_processes")
def test_an_interrupt_ends_the_processes(begun: Campaign, work: Path, finished: Path) -> None:
    def interrupt(outcomes: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begun.run(on_shard=interrupt)
    assert 0 < begun.directory.recorded < begun.injections
    Campaign.open(work / "run").run()
    assert rows_of(work / "run") == rows_of(finished)


@pytest.mark.thorough
def test_a_process_runs_shards_and_counts_injections(begun: Campaign, finished: Path) -> None:
    process, counts = ShardProcess(begun.directory), list[int]()
    shard = Shard(0, 7, 0)
    assert process.run(shard, on_injections=counts.append).shard == shard
    process.end()
    assert sum(counts) == 7
    assert begun.directory.finished() == [range(7)]


@pytest.mark.thorough
def test_a_process_that_dies_is_reported(begun: Campaign) -> None:
    process = ShardProcess(begun.directory)
    process.run(Shard(0, 7, 0), on_injections=lambda count: None)
    process._process.kill()  # noqa: SLF001
    with pytest.raises(BrokenExecutor, match="exit status is -9"):
        process.run(Shard(7, 7, 0), on_injections=lambda count: None)


@pytest.mark.thorough
@pytest.mark.usefixtures("two_processes")
def test_a_campaign_whose_process_dies(
    begun: Campaign, work: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = ShardProcess._open  # noqa: SLF001

    def open_and_die(process: ShardProcess) -> None:
        wait(process)
        process._process.kill()  # noqa: SLF001

    monkeypatch.setattr(ShardProcess, "_open", open_and_die)
    message = r"A worker process died .* exit status is -9, in injections \d+ to \d+\. Finished"
    with pytest.raises(ConfigurationError, match=message):
        begun.run()
    monkeypatch.undo()
    check_kept(work / "run")
    check_resumes(work / "run", finished)


@pytest.mark.thorough
def test_errors_reach_the_parent(begun: Campaign, work: Path) -> None:
    process = ShardProcess(begun.directory)
    process.run(Shard(0, 7, 0), on_injections=lambda count: None)
    records = work / "run" / "records"
    for file in records.iterdir():
        file.unlink()
    records.rmdir()
    records.touch()  # in place of the folder
    with pytest.raises(ConfigurationError, match="cannot be written"):
        process.run(Shard(7, 7, 0), on_injections=lambda count: None)


@pytest.mark.thorough
@pytest.mark.usefixtures("two_processes")
def test_what_no_process_can_open_runs_in_threads(
    begun: Campaign,
    work: Path,
    finished: Path,
    monkeypatch: pytest.MonkeyPatch,
    two_processes: None,
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(CannotOpenError):
        ShardProcess(begun.directory)
    begun.run()
    assert rows_of(work / "run") == rows_of(finished)


@pytest.mark.thorough
def test_a_directory_that_a_process_cannot_open_is_refused_by_it(
    begun: Campaign, tmp_path: Path
) -> None:
    gone = replace(begun.directory, storage=LocalStorage(tmp_path / "gone"))
    process = ShardProcess(gone)
    with pytest.raises(CannotOpenError):
        process.run(Shard(0, 7, 0), on_injections=lambda count: None)


def test_a_directory_in_memory_stays_in_this_process(work: Path) -> None:
    pytest.importorskip("fsspec")
    begun = Campaign.from_yaml(work / "campaign.yaml", out="memory://shard-process/run").begin()
    with pytest.raises(CannotOpenError):
        ShardProcess(begun.directory)
