"""Full disks, places that are read-only, and files that the user may not read."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from onnxfi.campaign import Campaign
from tests.support.disturbed_runs import check_kept, check_one_message, check_resumes

RUN = ("campaign", "run", "campaign.yaml", "--out")
# The user "nobody" of Linux.
NOBODY = 65_534

as_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounts, or becomes another user"
)


@pytest.fixture
def many(work: Path) -> Path:
    """Give a campaign of 1 000 injections in 50 shards, of about 10 KB each."""
    text = (work / "campaign.yaml").read_text()
    (work / "campaign.yaml").write_text(text.replace("per_target: 40", "per_target: 200"))
    Campaign.from_yaml(work / "campaign.yaml", out=work / "undisturbed").run()
    return work


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 256 KB; a larger run directory does not fit."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.thorough
@as_root
def test_a_disk_that_fills(onnxfi: Callable[..., Any], many: Path, small_disk: Path) -> None:
    run = small_disk / "run"
    result = onnxfi(*RUN, run)
    assert (result.status, result.stdout) == (2, "")
    check_one_message(
        result.stderr,
        "cannot be written: [Errno 28] No space left on device",
        "Free some space or grant the permission, then continue with",
        f"onnxfi campaign resume {run}",
    )
    assert check_kept(run) > 0
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    check_resumes(run, many / "undisturbed")


@as_root
@pytest.mark.thorough
@pytest.mark.parametrize("free", [0, 1, 4, 8])
def test_a_disk_that_is_full_when_the_campaign_begins(
    onnxfi: Callable[..., Any], work: Path, small_disk: Path, free: int
) -> None:
    """Whatever fits, of the folder, the lock, the configuration and the manifest."""
    with contextlib.suppress(OSError), (small_disk / "full").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    os.truncate(small_disk / "full", (small_disk / "full").stat().st_size - 4096 * free)
    result = onnxfi(*RUN, small_disk / "run")
    assert (result.status, result.stdout) == (2, "")
    check_one_message(result.stderr, "No space left on device")
    (small_disk / "full").unlink()
    if (small_disk / "run" / "manifest.json").exists():
        check_kept(small_disk / "run")
        result = onnxfi("campaign", "resume", small_disk / "run")
    else:
        result = onnxfi(*RUN, small_disk / "run")
    assert result.status == 0
    assert onnxfi("campaign", "verify", small_disk / "run", "--sample", "3").status == 0


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_and_an_output_on_a_full_disk(
    onnxfi: Callable[..., Any], many: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = onnxfi(*RUN, "run", "--log-json", "/dev/full")
    assert result.status == 2
    check_one_message(result.stderr, "The log /dev/full cannot be written", "No space left")
    check_resumes(many / "run", many / "undisturbed")
    with open("/dev/full", "w") as full, monkeypatch.context() as patching:
        patching.setattr(sys, "stdout", full)
        result = onnxfi("campaign", "summary", finished, "--json")
        with contextlib.suppress(OSError):
            full.close()
    assert result.status == 2
    check_one_message(result.stderr, "No space left on device")


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Be another user."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared(work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a copy of the work that all users may read, as the current folder."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copytree(work, place, dirs_exist_ok=True)
        place.chmod(0o755)
        monkeypatch.chdir(place)
        yield place
        monkeypatch.chdir("/")


@pytest.mark.thorough
@as_root
def test_another_user_can_read_and_not_write(onnxfi: Callable[..., Any], shared: Path) -> None:
    Campaign.from_yaml("campaign.yaml", out="finished").run()
    Campaign.from_yaml("campaign.yaml", out="run").begin()
    shutil.copy(sorted((shared / "finished" / "records").iterdir())[0], shared / "first.parquet")
    with nobody():
        for command in ("summary", "status", "verify"):
            assert onnxfi("campaign", command, "finished").status == 0
        assert onnxfi("campaign", "replay", "finished", "--id", "3").status == 0
        assert onnxfi("campaign", "resume", "finished").status == 0  # nothing is left to do
        result = onnxfi("campaign", "resume", "run")
        assert (result.status, result.stdout) == (2, "")
        check_one_message(result.stderr, "run is not writable: [Errno 13] Permission denied")
        result = onnxfi(*RUN, "other")
        assert (result.status, result.stdout) == (2, "")
        check_one_message(result.stderr, "other is not writable: [Errno 13] Permission denied")
    assert not (shared / "other").exists()
    check_resumes(shared / "run", shared / "finished")


@as_root
@pytest.mark.thorough
@pytest.mark.parametrize("name", ["lenet.onnx", "x.npz", "campaign.yaml", "run/manifest.json"])
def test_a_file_that_the_user_may_not_read(
    onnxfi: Callable[..., Any], shared: Path, name: str
) -> None:
    Campaign.from_yaml("campaign.yaml", out="run").begin()
    (shared / name).chmod(0o600)
    with nobody():
        for command in (("campaign", "resume", "run"), (*RUN, "/nowhere/x")):
            if name in ("campaign.yaml", "run/manifest.json") and ("resume" in command) == (
                name == "campaign.yaml"
            ):
                continue  # the command does not read it
            result = onnxfi(*command)
            assert (result.status, result.stdout) == (2, "")
            check_one_message(result.stderr, Path(name).name, "Permission denied")


@as_root
@pytest.mark.thorough
def test_records_that_become_read_only(
    onnxfi: Callable[..., Any], shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.chmod(0o777)
    Campaign.from_yaml("campaign.yaml", out="finished").run()
    from onnxfi.cli.campaign.live_view import LiveView

    def take_away(view: LiveView, outcomes: Any) -> None:
        os.seteuid(0)
        for folder in (shared / "run", shared / "run" / "records"):
            os.chown(folder, 0, 0)
        os.seteuid(NOBODY)

    with nobody(), monkeypatch.context() as patching:
        patching.setattr(LiveView, "add", take_away)
        result = onnxfi(*RUN, "run")
    assert (result.status, result.stdout) == (2, "")
    check_one_message(result.stderr, "cannot be written", "Permission denied", "grant")
    assert check_kept(shared / "run", half_written=True) > 0
    check_resumes(shared / "run", shared / "finished")
