"""Tests campaigns that run until their intervals are narrow enough."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.campaign import Campaign
from onnxfi.campaign.planning.plan import Plan
from onnxfi.campaign.planning.sample_size import sample_size
from onnxfi.campaign.running.rounds import Rounds
from onnxfi.configuration import Until
from onnxfi.run_directory import STOPPED_EARLY, RunDirectory, read_records
from onnxfi.statistics import Rate

nothing: Any = object()
MARGIN, PER_ROUND = 0.11, 12


class StoppedError(Exception):
    """Ends a run in the middle."""


@pytest.fixture
def path(write: Callable[..., Path]) -> Path:
    """Give the configuration of a campaign in rounds."""
    until = {"margin": MARGIN, "confidence": 0.9, "per_round": PER_ROUND}
    return write(
        targets={"ops": ["Conv", "Gemm"]},
        error_models=[{"name": "bitflip"}, {"name": "random"}],
        injections={"until": until},
    )


def rows_of(place: Path | str) -> list[dict[str, Any]]:
    table = read_records(place).sort_by("injection_id")
    rows: list[dict[str, Any]] = table.drop_columns(["values", "max_absolute_error"]).to_pylist()
    return rows


def test_a_stratum_ends_after_the_round_that_suffices(work: Path, path: Path) -> None:
    campaign = Campaign.from_yaml(path, out=work / "run").begin()
    rows = rows_of(campaign.run().path)
    sizes = []
    for target in ("conv", "scores"):
        for error_model in ("bitflip:bit=any", "random"):
            if error_model == "bitflip:bit=any":
                error_model = "bitflip"
            of_stratum = [
                x["outcome"]
                for x in rows
                if x["target"] == target and x["error_model"] == error_model
            ]
            sizes.append(len(of_stratum))
            most = sample_size(None, margin=MARGIN, confidence=0.9)
            ends = [*range(PER_ROUND, most, PER_ROUND), most]
            assert len(of_stratum) in ends
            for end in ends[: ends.index(len(of_stratum)) + 1]:
                rate = Rate.of(of_stratum[:end].count("sdc"), end, confidence=0.9)
                enough = (rate.high - rate.low) / 2 <= MARGIN
                assert enough == (end == len(of_stratum)) or end == most
    assert len(set(sizes)) > 1  # they do not all end together
    assert sum(sizes) == len(rows) < campaign.injections
    assert campaign.directory.storage.exists(STOPPED_EARLY)


def test_interruptions_workers_and_shards_change_no_record(work: Path, path: Path) -> None:
    undisturbed = rows_of(Campaign.from_yaml(path, out=work / "run").run().path)
    text = path.read_text().replace("shard: 7", "shard: 5")
    path.write_text(text.replace("workers: 1", "workers: 2"))
    campaign = Campaign.from_yaml(path, out=work / "again").begin()
    for stop_after in (1, 3, 6):
        shards = 0

        def stop(_: Any, limit: int = stop_after) -> None:
            nonlocal shards
            shards += 1
            if shards >= limit:
                raise StoppedError

        try:
            campaign.run(on_shard=stop)
        except StoppedError:
            assert not campaign.directory.storage.exists(STOPPED_EARLY)
            campaign = Campaign.open(work / "again")
    with ThreadPoolExecutor(2) as executor:
        campaign.run(executor)
    assert rows_of(work / "again") == undisturbed
    before = RunDirectory.open(work / "again").recorded
    Campaign.open(work / "again").run()  # nothing is left to do
    assert RunDirectory.open(work / "again").recorded == before


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_decisions_look_at_whole_rounds_only(seed: int, width: int) -> None:
    import random

    rng = random.Random(seed)
    plan = Plan([nothing] * 3, 10, [40, 25, 90], inputs_per_fault=width, per_round=10)
    outcomes = {i: rng.choice(["sdc", "masked", "masked", "due"]) for i in range(len(plan))}
    until = Until(margin=0.2, confidence=0.9, per_round=10)

    def run(size: int, known: list[int]) -> list[int]:
        rounds = Rounds(plan, until)
        rounds.add_records(
            [pa.table({"injection_id": known, "outcome": [outcomes[i] for i in known]})]
            if known
            else []
        )
        ran = []
        for shards in rounds.shards(size):
            for shard in shards:
                ids = [i for i in range(shard.first, shard.first + shard.count) if i not in known]
                rounds.add(shard, Counter(outcomes[i] for i in ids))
                ran += ids
        return sorted([*ran, *known])

    expected = run(1000, [])
    assert run(3, []) == expected
    assert run(7, rng.sample(expected, len(expected) // 2)) == expected
