"""Processes that are killed at any moment, and processes that start at the same moment."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import onnxfi
from onnxfi.campaign import Campaign
from onnxfi.configuration import Configuration
from onnxfi.run_directory import RunDirectory
from tests.support.disturbed_runs import check_resumes, rows_of

# 200 in all.
CAMPAIGNS, KILLS = 10, 20


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(CAMPAIGNS))
def test_two_hundred_kills_at_random_moments(
    start: Callable[..., subprocess.Popen[str]], work: Path, seed: int
) -> None:
    """A random number of shards after the last kill, at any moment of a shard."""
    text = (work / "campaign.yaml").read_text().replace("per_target: 40}", "per_target: 2000}")
    (work / "campaign.yaml").write_text(text.replace("workers: 1", "workers: 2"))
    configuration = Configuration.from_yaml(work / "campaign.yaml")
    Campaign(configuration, out=work / "undisturbed").run()
    directory = Campaign(configuration, out=work / "my run").begin().directory
    moments = random.Random(seed)
    recorded, half_written = [0], 0
    for _ in range(KILLS):
        process = start("campaign", "resume", "my run", cwd=work)
        shards = len(directory.files()) + moments.randrange(20)  # of 500
        while process.poll() is None and len(directory.files()) < shards:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.05))
        assert process.poll() is None, process.communicate()  # it ended before it was killed
        process.kill()
        process.communicate(timeout=60)
        half_written += sum(x.suffix != ".parquet" for x in directory.records.glob(".*"))
        recorded.append(directory.recorded)
        assert recorded[-1] >= recorded[-2]  # what was finished stays
        assert not list(directory.bad_files())
    assert recorded[-1] > 500
    process = start("campaign", "resume", "my run", cwd=work)
    _, stderr = process.communicate(timeout=600)
    assert process.returncode == 0, stderr
    assert rows_of(work / "my run") == rows_of(work / "undisturbed")
    process = start("campaign", "verify", "my run", cwd=work)
    stdout, _ = process.communicate(timeout=600)
    assert process.returncode == 0, stdout
    assert all(x.suffix == ".parquet" for x in directory.records.iterdir())
    assert not (work / "my run" / "running.json").exists()
    print(f"records after each kill: {recorded}, files half-written: {half_written}")  # noqa: T201


ROUNDS = 20
# Runs the campaigns 0.yaml or 1.yaml to the places r0, r1, …, each when the other is ready too.
_RACER = """\
import sys, time
from pathlib import Path
from onnxfi.campaign import Campaign
from onnxfi.errors import ConfigurationError
me, rounds = sys.argv[1], int(sys.argv[2])
for number in range(rounds):
    campaign = Campaign.from_yaml(f"{me}.yaml", out=f"r{number}")
    Path(f"ready-{number}-{me}").touch()
    while len(list(Path().glob(f"ready-{number}-?"))) < 2:
        time.sleep(0.0005)
    try:
        campaign.run()
        print("won")
    except ConfigurationError as error:
        print("lost:", error)
"""


@pytest.mark.thorough
def test_of_two_starts_at_the_same_moment_one_wins(work: Path) -> None:
    """The other one says so, and the manifest and the records are those of the winner."""
    document = yaml.safe_load((work / "campaign.yaml").read_text())
    document["injections"] = {"per_target": 4}
    for seed in range(2):
        (work / f"{seed}.yaml").write_text(yaml.safe_dump({**document, "seed": seed}))
        Campaign.from_yaml(work / f"{seed}.yaml", out=work / f"alone{seed}").run()
    alone = [rows_of(work / f"alone{seed}") for seed in range(2)]
    environment = os.environ | {"PYTHONPATH": str(Path(onnxfi.__file__).parents[1])}
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _RACER, str(seed), str(ROUNDS)],
            cwd=work,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for seed in range(2)
    ]
    ended = [x.communicate(timeout=300)[0].splitlines() for x in racers]
    assert [x.returncode for x in racers] == [0, 0]
    for number in range(ROUNDS):
        lines = [x[number] for x in ended]
        (winner,) = (seed for seed, line in enumerate(lines) if line == "won")
        told = ("is in use by", "already holds a campaign")
        assert any(x in lines[1 - winner] for x in told), lines
        place = work / f"r{number}"
        assert json.loads((place / "manifest.json").read_text())["seed"] == winner
        assert RunDirectory.open(place).configuration.seed == winner
        assert rows_of(place) == alone[winner]


@pytest.mark.thorough
def test_of_two_resumes_one_gives_way(
    start: Callable[..., subprocess.Popen[str]], work: Path
) -> None:
    text = (work / "campaign.yaml").read_text().replace("per_target: 40}", "per_target: 1000}")
    (work / "campaign.yaml").write_text(text)
    Campaign.from_yaml(work / "campaign.yaml", out=work / "run").begin()
    shutil.copytree(work / "run", work / "undisturbed")
    Campaign.open(work / "undisturbed").run()
    both = [start("campaign", "resume", "run", cwd=work) for _ in range(2)]
    errors = [x.communicate(timeout=120)[1] for x in both]
    assert sorted(x.returncode for x in both) in ([0, 2], [0, 0])
    for process, error in zip(both, errors, strict=True):
        assert "Traceback" not in error
        if process.returncode:
            assert "is in use by" in error
    check_resumes(work / "run", work / "undisturbed")
