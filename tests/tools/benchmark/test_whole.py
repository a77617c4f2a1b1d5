"""The benchmark as a program."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.nightly
def test_one_command_runs_the_parts_and_prints_one_table(tmp_path: Path) -> None:
    parts = "opening,memory,growth,workers,speed"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tools.benchmark",
            "--quick",
            "--only",
            parts,
            "--json",
            tmp_path / "x",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads((tmp_path / "x").read_text())
    lines = done.stdout.split("=== all\n")[1].splitlines()
    assert written["failures"] == []
    assert len(lines) == 2 + len(written["figures"])
    bars = {x["what"] for x in written["figures"] if x["met"] is not None}
    for word in ("first injection", "memory", "long run", "two workers", "bit flips", "injector"):
        assert any(word in x for x in bars), word


def test_an_unknown_part_is_one_clear_message() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.benchmark", "--only", "sped"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("got sped")
