"""Hashes of records."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onnxfi import Campaign
from tools.benchmark.models import make
from tools.hash_records import hash_records, run_campaign, write_campaign

ROOT = Path(__file__).resolve().parents[2]
ROWS = {"injection_id": [0, 1, 2], "values": [[0.0], [0.1, 2.5], None]}


def write(folder: Path, *tables: pa.Table) -> Path:
    (folder / "records").mkdir(parents=True)
    for number, table in enumerate(tables):
        pq.write_table(table, folder / "records" / f"{number}.parquet")
    return folder


def test_files_and_order_make_no_difference(tmp_path: Path) -> None:
    table = pa.table(ROWS)
    whole = write(tmp_path / "whole", table)
    parts = write(tmp_path / "parts", table[2:], table[:2].select(["values", "injection_id"]))
    assert hash_records(whole) == hash_records(parts)


@pytest.mark.parametrize(
    "table",
    [
        pa.table(ROWS | {"values": [[-0.0], [0.1, 2.5], None]}),
        pa.table(ROWS | {"values": [[0.0], [0.1, 2.5], []]}),
        pa.table(ROWS | {"injection_id": [0, 1, 3]}),
        pa.table(ROWS).rename_columns(["injection_id", "written"]),
        pa.table({**ROWS, "injection_id": pa.array([0, 1, 2], pa.int32())}),
    ],
)
def test_every_other_difference_is_seen(table: pa.Table, tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", pa.table(ROWS)), write(tmp_path / "other", table)
    assert hash_records(one) != hash_records(other)


@pytest.mark.thorough
def test_a_campaign_runs_with_the_code_of_a_checkout(tmp_path: Path) -> None:
    lenet = make("lenet", tmp_path)
    here, there = (write_campaign(lenet, tmp_path, targets=1, injections=3) for _ in range(2))
    Campaign.from_yaml(here).run()
    run_campaign(there, ROOT)
    assert hash_records(here.parent / "run") == hash_records(there.parent / "run")
