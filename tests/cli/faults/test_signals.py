"""Ctrl-C, also three times in a row, and SIGTERM: one message, finished shards are kept."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from onnxfi.campaign import Campaign
from onnxfi.cli import interrupts
from onnxfi.cli.campaign.live_view import LiveView
from onnxfi.run_directory import RunDirectory, record_files
from tests.support.disturbed_runs import check_kept, check_resumes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
SIGNALS = [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 3, [signal.SIGTERM] * 3]


@pytest.fixture
def undisturbed(work: Path) -> Path:
    Campaign.from_yaml(work / "campaign.yaml", out=work / "undisturbed").run()
    return work / "undisturbed"


def check_message(stderr: str, run: Path) -> None:
    """Check that the last line, and no other, says what is recorded and how to resume."""
    recorded, planned = RunDirectory.open(run).recorded, Campaign.open(run).injections
    *before, last = stderr.splitlines()
    assert re.fullmatch(
        rf"Interrupted after {recorded} of {planned} injections"
        r"( \(\d+ more in unfinished shards are lost\))?\. "
        r"Resume with: onnxfi campaign resume run",
        last,
    ), stderr
    assert "Interrupted" not in "".join(before)
    assert "Traceback" not in stderr


@pytest.mark.parametrize("signals", SIGNALS, ids=lambda x: f"{len(x)}-{x[0].name}")
def test_a_run_ends(
    onnxfi: Callable[..., Any],
    work: Path,
    undisturbed: Path,
    monkeypatch: pytest.MonkeyPatch,
    signals: Sequence[signal.Signals],
) -> None:
    add, shards = LiveView.add, 0

    def interrupt(view: LiveView, outcomes: Any) -> None:
        nonlocal shards
        add(view, outcomes)
        shards += 1
        if shards == 3:
            for each in signals:
                os.kill(os.getpid(), each)

    monkeypatch.setattr(LiveView, "add", interrupt)
    result = onnxfi("campaign", "run", "campaign.yaml", "--out", "run")
    assert (result.status, result.stdout) == (130, "")
    check_message(result.stderr, work / "run")
    assert check_kept(work / "run") >= 60
    monkeypatch.undo()
    monkeypatch.chdir(work)
    check_resumes(work / "run", undisturbed)


def test_more_signals_do_not_break_off_the_end(
    onnxfi: Callable[..., Any], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = record_files.count_records

    def interrupted(storage: Any) -> int:
        os.kill(os.getpid(), signal.SIGINT)  # while the message is made
        return count(storage)

    def interrupt(view: LiveView, outcomes: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patching:
        patching.setattr(LiveView, "add", interrupt)
        patching.setattr("onnxfi.run_directory.run_directory.count_records", interrupted)
        result = onnxfi("campaign", "run", "campaign.yaml", "--out", "run")
    assert result.status == 130
    check_message(result.stderr, work / "run")


def test_a_later_signal_counts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception of the first may have been lost, in a destructor for example."""
    monkeypatch.setattr(interrupts, "_IGNORED_SECONDS", 0.05)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with interrupts.interruptible():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.06)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN  # to the end of the process
    signal.signal(signal.SIGTERM, before)


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `nohup` and `&` do
    try:
        with interrupts.interruptible():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_before_the_first_injection(
    onnxfi: Callable[..., Any], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever part of the run directory is written: nothing of it stays."""

    def interrupt(*arguments: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("onnxfi.run_directory.run_directory.write_manifest", interrupt)
    result = onnxfi("campaign", "run", "campaign.yaml", "--out", "run")
    assert (result.status, result.stdout) == (130, "")
    assert result.stderr == "Interrupted before the first injection. Nothing was written.\n"
    assert not [x for x in (work / "run").rglob("*") if x.is_file()]


def test_other_commands_say_so(
    onnxfi: Callable[..., Any], finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("onnxfi.cli.campaign.verify.verify", interrupt)
    result = onnxfi("campaign", "verify", finished)
    assert result == (130, "", "Interrupted.\n")


@pytest.fixture
def slow(work: Path) -> Path:
    """Give a campaign of some seconds: its metric sleeps."""
    (work / "slow.py").write_text(
        "import time\ndef far(golden, faulty):\n    time.sleep(0.01)\n    return False\n"
    )
    text = (
        (work / "campaign.yaml")
        .read_text()
        .replace("workers: 1, shard: 20", "workers: 2, shard: 5")
    )
    (work / "campaign.yaml").write_text(text + "metric: {name: 'slow:far'}\n")
    return work


@pytest.fixture
def begun(
    start: Callable[..., subprocess.Popen[str]], slow: Path
) -> Iterator[subprocess.Popen[str]]:
    """Give the process of that campaign, which has recorded some shards."""
    with start("campaign", "run", "campaign.yaml", "--out", "run", cwd=slow) as process:
        while len(list((slow / "run" / "records").glob("*.parquet"))) < 3:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        yield process
        process.kill()


@pytest.mark.thorough
@pytest.mark.parametrize("signals", SIGNALS[1:3], ids=lambda x: f"{len(x)}-{x[0].name}")
def test_the_program_ends(
    begun: subprocess.Popen[str], slow: Path, signals: Sequence[signal.Signals]
) -> None:
    for each in signals:
        begun.send_signal(each)
        time.sleep(0.02)
    stdout, stderr = begun.communicate(timeout=60)
    assert (begun.returncode, stdout) == (130, "")
    check_message(stderr, slow / "run")
    assert check_kept(slow / "run") < 200
    Campaign.from_yaml(slow / "campaign.yaml", out=slow / "undisturbed").run()
    check_resumes(slow / "run", slow / "undisturbed")
