"""Tests the places where records lie, and programs that read them."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import onnxfi
from onnxfi.campaign import Campaign
from onnxfi.campaign.replaying.replay import replay
from onnxfi.errors import ConfigurationError, MissingExtraError
from onnxfi.run_directory import RunDirectory, read_records
from onnxfi.run_directory.record_files import about, read_file, record_files, write_records
from onnxfi.storage import LocalStorage, RemoteStorage, open_storage


def rows_of(place: str | Path) -> str:
    """Return the records as text, in which a NaN equals a NaN."""
    return repr(read_records(place).to_pylist())


def test_a_file_says_what_it_is(finished: Path) -> None:
    opened = RunDirectory.open(finished)
    file = pq.ParquetFile(finished / "records" / opened.files()[3])
    said = about(file.schema_arrow)
    first, last = map(int, said.pop("shard").split("-"))
    assert opened.finished()[3] == range(first, last + 1)
    assert file.read(["injection_id"])["injection_id"].to_pylist() == [*range(first, last + 1)]
    manifest = opened.manifest
    outcomes = file.read(["outcome"])["outcome"].to_pylist()
    assert sum(json.loads(said.pop("masked_at")).values()) == outcomes.count("masked")
    assert said == {"format": "1", "run": manifest["run_id"], "model": manifest["model"]}
    # Texts are stored once, and the numbers of the injections as differences.
    chunks = [file.metadata.row_group(0).column(i) for i in range(file.metadata.num_columns)]
    encodings = {x.path_in_schema: x.encodings for x in chunks}
    assert "RLE_DICTIONARY" in encodings["target"]
    assert "RLE_DICTIONARY" in encodings["value_classes.list.element"]
    assert "DELTA_BINARY_PACKED" in encodings["injection_id"]


def test_records_of_another_run_are_told(work: Path, finished: Path) -> None:
    shutil.copytree(finished, work / "run")
    storage = LocalStorage(work / "run")
    name = record_files(storage)[5]
    write_records(read_file(storage, name), storage, name, about={"run": "another"})
    with pytest.raises(ConfigurationError, match=f"{name} in .* belong to different runs"):
        read_records(work / "run")


def test_pandas_reads_the_records(finished: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(finished / "records")
    expected = read_records(finished).to_pydict()
    assert list(frame.columns) == list(expected)
    assert frame["outcome"].tolist() == expected["outcome"]
    assert frame["max_absolute_error"].tolist() == pytest.approx(
        expected["max_absolute_error"], nan_ok=True
    )
    assert [x.tolist() for x in frame["indices"]] == expected["indices"]


def test_polars_reads_the_records(finished: Path) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.read_parquet(finished / "records" / "*.parquet")
    expected = read_records(finished).to_pydict()
    assert frame.columns == list(expected)
    assert repr(frame.to_dict(as_series=False)) == repr(expected)


@pytest.mark.live
def test_duckdb_reads_the_records(finished: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    files = f"'{finished}/records/*.parquet'"
    rows = duckdb.sql(f"select * from {files} order by injection_id").fetchall()
    expected = [tuple(row.values()) for row in read_records(finished).to_pylist()]
    assert repr(rows) == repr(expected)


@pytest.fixture
def remote(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give an address for a run directory; what is there is removed."""
    fsspec = pytest.importorskip("fsspec")
    yield "memory://bucket/run"
    fsspec.filesystem("memory").store.clear()


def test_a_campaign_at_an_address(work: Path, finished: Path, remote: str) -> None:
    campaign = Campaign.from_yaml(work / "campaign.yaml", out=remote).begin()

    def interrupt(count: int) -> None:
        if campaign.directory.recorded > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        campaign.run(on_injections=interrupt)
    recorded = RunDirectory.open(remote).recorded
    assert 0 < recorded < campaign.injections
    with pytest.raises(ConfigurationError, match="already holds a campaign"):
        Campaign.from_yaml(work / "campaign.yaml", out=remote).begin()
    Campaign.open(remote).run()
    assert rows_of(remote) == rows_of(finished)
    assert replay(remote, 7).differences == ()
    results, local = onnxfi.open(remote), onnxfi.open(finished)
    assert results.path == remote
    assert len(results) == len(local)
    assert str(results.summary("target")) == str(local.summary("target"))
    assert results.worst(1)[0].replay.startswith(f"onnxfi campaign replay {remote} --id")
    assert results.plot.layers().svg() == local.plot.layers().svg()
    assert results.report(work / "report.html").exists()
    with pytest.raises(ConfigurationError, match="local folder"):
        _ = RunDirectory.open(remote).path
    with pytest.raises(ConfigurationError, match="holds no manifest"):
        RunDirectory.open(remote + "2")


def test_the_configuration_may_name_an_address(write: Callable[..., Path], remote: str) -> None:
    assert Campaign.from_yaml(write(out=remote)).begin().directory.place == remote


def test_an_address_may_be_of_a_file(write: Callable[..., Path], tmp_path: Path) -> None:
    campaign = Campaign.from_yaml(write(out=f"file://{tmp_path}/a b")).begin()
    assert campaign.directory.path == tmp_path / "a b"
    assert Campaign.open(f"file://{tmp_path}/a b").directory.manifest == campaign.directory.manifest


def test_an_address_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(ConfigurationError, match="fsspec knows"):
        open_storage("nonsense://x/y")
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match="extra remote"):
        open_storage("memory://x/y")


@pytest.mark.parametrize("kind", ["local", "memory", "file system"])
def test_what_is_half_written_is_not_there(tmp_path: Path, kind: str) -> None:
    fsspec = pytest.importorskip("fsspec")
    storage: Any = LocalStorage(tmp_path)
    if kind != "local":
        # Of the file systems that fsspec knows, most write in place.
        address = "memory://half/run" if kind == "memory" else f"local://{tmp_path}"
        storage = RemoteStorage(address)
    storage.write("a/x", b"first")
    assert (storage.names("a"), storage.read("a/x")) == (["x"], b"first")
    storage.write("a/x", b"second")
    with storage.open("a/x") as file:
        file.seek(2)
        assert file.read() == b"cond"
    assert storage.names("none") == []
    assert not storage.exists("a/y")
    storage.remove("a/x")
    storage.remove("a/x")
    assert not storage.exists("a/x")
    with pytest.raises(FileNotFoundError):
        storage.read("a/x")
    fsspec.filesystem("memory").store.clear()


def test_a_full_disk_loses_no_finished_shard(
    work: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = Campaign.from_yaml(work / "campaign.yaml", out=work / "full").begin()
    write_bytes = Path.write_bytes
    written = 0

    def fill_up(self: Path, content: bytes) -> int:
        nonlocal written
        written += len(content)
        if written > 50_000:
            write_bytes(self, bytes(content)[: len(content) // 2])
            raise OSError(28, "No space left on device", str(self))
        return write_bytes(self, content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", fill_up)
        with pytest.raises(ConfigurationError, match=r"No space left.*campaign resume"):
            campaign.run()
    files = list((work / "full" / "records").iterdir())
    assert files
    assert {x.suffix for x in files} == {".parquet"}
    recorded = campaign.directory.recorded
    assert 0 < recorded < campaign.injections
    Campaign.open(work / "full").run()
    assert rows_of(work / "full") == rows_of(finished)


@pytest.mark.live
def test_a_campaign_in_an_object_store(
    work: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        import s3fs

        s3fs.S3FileSystem().mkdir("bucket")
        campaign = Campaign.from_yaml(work / "campaign.yaml", out="s3://bucket/runs/a").begin()
        campaign.run()
        assert rows_of("s3://bucket/runs/a") == rows_of(finished)
        assert len(Campaign.open("s3://bucket/runs/a").run()) == campaign.injections
        with pytest.raises(ConfigurationError, match="is not writable"):
            Campaign.from_yaml(work / "campaign.yaml", out="s3://missing/runs/a").begin()
    finally:
        server.stop()


def test_shards_that_grow_are_not_run_twice(work: Path, finished: Path) -> None:
    """The size of a shard may change between runs."""
    campaign = Campaign.from_yaml(work / "campaign.yaml", out=work / "run").begin()

    def interrupt(count: int) -> None:
        if len(campaign.directory.files()) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        campaign.run(on_injections=interrupt)
    (work / "run" / "records" / campaign.directory.files()[1]).unlink()  # a gap inside
    text = (work / "run" / "campaign.yaml").read_text()
    assert "shard: 7" in text
    (work / "run" / "campaign.yaml").write_text(text.replace("shard: 7", "shard: 16"))
    Campaign.open(work / "run").run()
    assert rows_of(work / "run") == rows_of(finished)
    ids = np.concatenate([np.array(x) for x in campaign.directory.finished()])
    assert sorted(ids) == list(range(campaign.injections))
