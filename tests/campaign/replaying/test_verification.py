"""Tests the verification of finished campaigns."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from onnxfi.campaign import Campaign, verify
from onnxfi.campaign.replaying.verification import Verification


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """Give a copy of a finished run directory."""
    return Path(shutil.copytree(finished, tmp_path / "copy"))


@pytest.mark.thorough
def test_an_untouched_campaign_passes(run: Path) -> None:
    found = verify(run, sample=30)
    assert found.passed
    assert (found.recorded, found.planned, found.problems) == (240, 240, ())
    assert len(set(found.replayed)) == 30
    assert set(found.replayed) <= set(range(240))
    assert verify(run, sample=30) == found
    assert verify(run, sample=30, seed=1).replayed != found.replayed


@pytest.mark.thorough
def test_the_sample_may_be_all_or_none(run: Path) -> None:
    assert verify(run, sample=1000).replayed == tuple(range(240))
    assert verify(run, sample=0) == Verification(240, 240, True, (), ())


def test_an_outcome_that_was_changed_is_found(run: Path) -> None:
    path = sorted((run / "records").iterdir())[0]
    table = pq.read_table(path)
    turned = pc.if_else(pc.equal(table["outcome"], "masked"), "sdc", "masked")
    place = table.column_names.index("outcome")
    changed: pa.Table = table.set_column(place, "outcome", [turned])
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
    found = verify(run, sample=240)
    assert len(found.problems) == len(table)
    assert found.problems[0] == "The replay of injection 0 differs from its record in outcome."
    assert found.complete
    assert not found.passed


def test_missing_and_bad_files_are_found(run: Path) -> None:
    first, second, *_ = sorted((run / "records").iterdir())
    first.unlink()
    second.write_bytes(b"")
    found = verify(run, sample=5)
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"{second.name} is not as it was written: it cannot be")
    assert (found.recorded, found.complete) == (240 - 14, False)
    Campaign.open(run).run()
    assert verify(run, sample=5).passed


def test_a_changed_input_is_found(work: Path) -> None:
    Campaign.from_yaml(work / "campaign.yaml", out=work / "run").run()
    path = work / "inputs.npz"
    path.write_bytes(path.read_bytes() + b"\0")
    found = verify(work / "run")
    assert found.replayed == ()
    assert found.problems[0].startswith("The inputs changed since the campaign began")
