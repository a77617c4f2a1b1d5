"""Ctrl-C and kill -9 in the middle of a campaign."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.campaign import Campaign
from onnxfi.cli.campaign.live_view import LiveView
from onnxfi.configuration import Configuration
from onnxfi.run_directory import read_records

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
# Enough for about a second; a shard takes some hundredths of a second.
PER_TARGET = 600


def begin(start: Callable[..., subprocess.Popen[str]], work: Path) -> subprocess.Popen[str]:
    """Start a campaign in a process of its own and wait for its third shard."""
    text = (work / "campaign.yaml").read_text()
    assert "per_target: 40}" in text
    text = text.replace("per_target: 40}", f"per_target: {PER_TARGET}}}")
    text = text.replace("shard: 20", "shard: 100").replace("workers: 1", "workers: 2")
    (work / "campaign.yaml").write_text(text)
    process = start("campaign", "run", "campaign.yaml", "--out", "my run", cwd=work)
    deadline = time.monotonic() + 60
    while len(list((work / "my run" / "records").glob("*.parquet"))) < 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def resume_and_compare(onnxfi: Callable[..., Any], work: Path) -> None:
    """Resume what `begin` began; its records must be those of an undisturbed run."""
    run = work / "my run"
    before = len(list((run / "records").glob("*.parquet")))
    assert 3 <= before < 5 * PER_TARGET / 100
    result = onnxfi("campaign", "status", run)
    assert result.status == 0
    assert f"of {5 * PER_TARGET} injections" in result.stdout
    result = onnxfi("campaign", "resume", run)
    assert result.status == 0, result
    assert "Traceback" not in result.stderr
    text = (work / "campaign.yaml").read_text().replace("shard: 100", "shard: 10000")
    (work / "campaign.yaml").write_text(text)
    configuration = Configuration.from_yaml(work / "campaign.yaml")
    Campaign(configuration, out=work / "undisturbed").run()
    # As texts, in which a NaN equals a NaN.
    records, expected = (repr(read_records(x).to_pylist()) for x in (run, work / "undisturbed"))
    assert records == expected


def test_an_interrupt_says_what_is_kept_and_what_is_lost(
    onnxfi: Callable[..., Any], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = LiveView.advance

    def interrupt(view: LiveView, count: int) -> None:
        advance(view, count)
        if view.done >= 50:
            raise KeyboardInterrupt

    monkeypatch.setattr(LiveView, "advance", interrupt)
    result = onnxfi("campaign", "run", "campaign.yaml", "--out", "my run")
    assert (result.status, result.stdout) == (130, "")
    recorded = read_records("my run").num_rows
    (kept, lost) = re.findall(
        r"Interrupted after (\d+) of 200 injections \((\d+) more in unfinished shards are lost\)\. "
        r"Resume with: onnxfi campaign resume 'my run'",
        result.stderr,
    )[0]
    assert int(kept) == recorded > 0
    assert int(lost) > 0


@pytest.mark.thorough
def test_an_interrupt_names_the_command_that_resumes(
    start: Callable[..., subprocess.Popen[str]], onnxfi: Callable[..., Any], work: Path
) -> None:
    process = begin(start, work)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == ""
    assert "Traceback" not in stderr
    recorded = read_records("my run").num_rows
    planned = Campaign.open("my run").injections
    assert re.search(
        rf"Interrupted after {recorded} of {planned} injections"
        r"( \(\d+ more in unfinished shards are lost\))?\. "
        r"Resume with: onnxfi campaign resume 'my run'\s*$",
        stderr,
    )
    assert not list((work / "my run" / "records").glob("*.partial"))
    resume_and_compare(onnxfi, work)


@pytest.mark.thorough
def test_a_killed_campaign_resumes(
    start: Callable[..., subprocess.Popen[str]], onnxfi: Callable[..., Any], work: Path
) -> None:
    process = begin(start, work)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    resume_and_compare(onnxfi, work)
