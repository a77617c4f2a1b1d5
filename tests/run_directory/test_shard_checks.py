"""Tests run directories whose records files are not those of the plan."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onnxfi.campaign import Campaign
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import RunDirectory, read_records
from onnxfi.run_directory.shard_checks import ids_of

#: Damages the first of some records files; may use the second.
Damage = Callable[[Path, Path], object]


def rewritten(change: Callable[[pa.Table], pa.Table]) -> Damage:
    return lambda first, second: pq.write_table(change(pq.read_table(first)), first)


def with_another_id(table: pa.Table) -> pa.Table:
    """Repeat an id in the middle, which smallest and largest do not show."""
    ids = table["injection_id"].to_pylist()
    ids[2] = ids[1]
    return table.set_column(0, "injection_id", [pa.array(ids)])


def as_texts(table: pa.Table) -> pa.Table:
    place = table.column_names.index("fault_id")
    return table.set_column(place, "fault_id", [table["fault_id"].cast(pa.string())])


def cut_short(first: Path, second: Path) -> None:
    first.write_bytes(first.read_bytes()[:-100])


def flip_a_page(first: Path, second: Path) -> None:
    content = bytearray(first.read_bytes())
    content[len(content) // 4] ^= 0xFF
    first.write_bytes(content)


def overlap(first: Path, second: Path) -> None:
    """Write a file with the last injections of the first."""
    table = pq.read_table(first)
    ids = ids_of(first.name)
    name = f"{ids.stop - 2:012d}-{ids.stop - 1:012d}.parquet"
    pq.write_table(table.slice(len(table) - 2), first.with_name(name))


DAMAGES: dict[str, Damage] = {
    "it holds 3 records": rewritten(lambda table: table.slice(0, 3)),
    "it holds 0 records": rewritten(lambda table: table.slice(0, 0)),
    "it holds 14 records": rewritten(lambda table: pa.concat_tables([table, table])),
    "has no column outcome": rewritten(lambda table: table.drop_columns(["outcome"])),
    "its column fault_id is string": rewritten(as_texts),
    "other injections than its name": lambda first, second: shutil.copy(second, first),
    "it cannot be read": cut_short,
    "another file holds as well": overlap,
}
# Found when every record is read.
HIDDEN: dict[str, Damage] = {
    "has a foreign column mine": rewritten(
        lambda table: table.append_column("mine", [pa.nulls(len(table), pa.int64())])
    ),
    "has no column top1": rewritten(lambda table: table.drop_columns(["top1"])),
    "holds other injections": rewritten(with_another_id),
    "it belongs to another run": rewritten(lambda table: table.replace_schema_metadata()),
    "it cannot be read": flip_a_page,
}


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """Give a copy of a finished run directory."""
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def damage(run: Path, how: Damage) -> None:
    first, second = sorted((run / "records").glob("*.parquet"))[:2]
    how(first, second)


@pytest.mark.parametrize(
    "fault",
    [
        next(iter(DAMAGES)),
        *(pytest.param(x, marks=pytest.mark.thorough) for x in list(DAMAGES)[1:]),
        *(pytest.param(f"hidden: {x}", marks=pytest.mark.thorough) for x in HIDDEN),
    ],
)
def test_resume_runs_bad_shards_again(run: Path, finished: Path, fault: str) -> None:
    damage(run, HIDDEN[fault[8:]] if fault.startswith("hidden: ") else DAMAGES[fault])
    (message,) = RunDirectory.open(run).clean()
    assert fault.removeprefix("hidden: ") in message
    assert len(list((run / "records").glob("*.rejected"))) == 1
    # The model and the inputs of the copy lie where those of the original do.
    Campaign.open(run).run()
    assert repr(read_records(run).to_pylist()) == repr(read_records(finished).to_pylist())


@pytest.mark.parametrize("fault", DAMAGES)
def test_reading_finds_bad_shards(run: Path, fault: str) -> None:
    damage(run, DAMAGES[fault])
    with pytest.raises(ConfigurationError, match="onnxfi campaign resume"):
        read_records(run)


def test_columns_that_differ_between_files_are_found(run: Path) -> None:
    _, second, *_ = sorted((run / "records").glob("*.parquet"))
    pq.write_table(pq.read_table(second).drop_columns(["top1"]), second)
    with pytest.raises(ConfigurationError, match=rf"{second.name} has other columns than"):
        read_records(run)
    (message,) = RunDirectory.open(run).clean()
    assert f"{second.name} is not as it was written: it has no column top1" in message


def test_whole_shards_stay(run: Path) -> None:
    before = {x.name: x.read_bytes() for x in (run / "records").iterdir()}
    assert RunDirectory.open(run).clean() == []
    assert {x.name: x.read_bytes() for x in (run / "records").iterdir()} == before


@pytest.mark.parametrize("name", ["x.parquet", "1-.parquet", "1-2-3.parquet", "²-³.parquet"])
def test_a_file_of_another_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="not a file of onnxfi"):
        ids_of(name)


@pytest.mark.thorough
def test_no_flipped_bit_goes_unnoticed(finished: Path, tmp_path: Path) -> None:
    """Parquet checks nothing itself; the pages have checksums, and the rest is compared."""
    run = Path(shutil.copytree(finished, tmp_path / "copy"))
    first, *others = sorted((run / "records").iterdir())
    for other in others:
        other.unlink()
    content, expected = first.read_bytes(), repr(read_records(run).to_pylist())
    opened, found = RunDirectory.open(run), 0
    for place in range(0, len(content), 17):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        first.write_bytes(damaged)
        if list(opened.bad_files()):
            found += 1
        else:
            assert repr(read_records(run).to_pylist()) == expected, place
    assert found > len(content) // 17 * 0.5
