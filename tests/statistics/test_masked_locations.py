"""Tests the counts of masked locations in records files."""

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from onnx import TensorProto, helper

from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import RunDirectory, read_records
from onnxfi.run_directory.record_files import about, read_file, record_files, write_records
from onnxfi.statistics import CampaignStatistics, summarise, summarise_records
from onnxfi.statistics.descriptions import describe_masking
from onnxfi.storage import Storage, open_storage

OPERATORS = {"relu": "Relu", "pool": "MaxPool", "elsewhere": None, "image": None}
Of = tuple[str, str]
PROVIDERS = ["CPUExecutionProvider"]


@pytest.fixture
def run(tmp_path: Path, finished: Path) -> Path:
    """Give a copy of a finished run directory."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def note(storage: Storage, name: str, said: str | None) -> pa.Table:
    """Write a records file anew, with what it says of where its injections were masked."""
    table = read_file(storage, name)
    metadata = None if said is None else {"onnxfi.masked_at": said}
    others = {x: y for x, y in about(table.schema).items() if x in ("run", "shard", "model")}
    write_records(table.replace_schema_metadata(metadata), storage, name, about=others)
    return table


def note_all(storage: Storage) -> tuple[dict[Of, Counter[str]], Counter[Of], Counter[Of]]:
    """Write all files anew; return what they say, and how many injections tell it or do not."""
    rng = np.random.default_rng(0)
    counts: dict[Of, Counter[str]] = defaultdict(Counter)
    known: Counter[Of] = Counter()
    not_known: Counter[Of] = Counter()
    for number, name in enumerate(record_files(storage)):
        said = {x: int(rng.integers(1, 3)) for x in ("", *OPERATORS) if rng.random() < 0.4}
        tells = number % 4 != 1
        table = note(storage, name, json.dumps(said) if tells else None)
        ((target, error_model),) = {
            (x["target"], x["error_model"])
            for x in table.select(["target", "error_model"]).to_pylist()
        }
        counts[target, error_model].update(said if tells else {})
        (known if tells else not_known)[target, error_model] += len(table)
    return counts, known, not_known


def found_in(place: str | Path) -> CampaignStatistics:
    return summarise(place, RunDirectory.open(place).configuration)


def test_files_are_added_up_by_target_and_error_model(run: Path) -> None:
    counts, known, not_known = note_all(open_storage(run))
    assert len(counts) == 12
    found = found_in(run)
    assert [(x.target, x.error_model) for x in found.masking] == list(counts)
    for x in found.masking:
        of = x.target, x.error_model
        assert (x.injections, x.not_known) == (known[of], not_known[of])
        assert {y.tensor or "": y.count for y in x.masked_at} == counts[of]
        named = [y.count for y in x.masked_at if y.tensor]
        assert named == sorted(named, reverse=True)
        assert None not in [y.tensor for y in x.masked_at[:-1]]
        for y in x.masked_at:
            assert y.share == y.count / known[of]
            assert y.op_type == (OPERATORS[y.tensor] if y.tensor else None)
    rows = sum(not_known.values())
    assert describe_masking(found).startswith(f"The masked locations of {rows} of 240 injections")
    # That of one file would be taken for that of all.
    assert not read_records(run).schema.metadata


def test_campaigns_tell_where_dense_runs_are_golden_again(finished: Path) -> None:
    """The first tensor that ONNX Runtime computes, from the corrupted target, as golden."""
    model = onnx.load(finished.parent / "model.onnx")
    chain = ("conv", "relu", "pool", "flat")
    for name in (*chain, "scores"):
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=PROVIDERS)
    images = np.load(finished.parent / "inputs.npz")["images"]
    names = [x.name for x in session.get_outputs()]
    golden = dict(zip(names, session.run(None, {"image": images}), strict=True))
    after = {name: run_after(name, chain, model.graph.node) for name in chain[:-1]}
    expected: dict[str, Counter[str]] = defaultdict(Counter)
    for record in read_records(finished).filter(pc.field("outcome") == "masked").to_pylist():
        target, place = record["target"], record["input_index"]
        corrupted = golden[target][place : place + 1].copy()
        was = corrupted.tobytes()
        corrupted.reshape(-1)[record["indices"]] = record["values"]
        at = target if corrupted.tobytes() == was else ""
        if not at and target in after:
            made = after[target](corrupted)
            same = (x for x in made if made[x].tobytes() == golden[x][place].tobytes())
            at = next(same, "")
        expected[target][at] += 1
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for x in found_in(finished).masking:
        assert x.not_known == 0
        found[x.target].update({y.tensor or "": y.count for y in x.masked_at})
    assert found == expected
    assert expected["conv"]["relu"] > 10


def run_after(
    tensor: str, chain: tuple[str, ...], nodes: Iterable[onnx.NodeProto]
) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Return what computes, from a tensor, those that follow it in the chain, in order."""
    following = chain[chain.index(tensor) + 1 :]
    kept = [x for x in nodes if x.output[0] in following]
    info = helper.make_tensor_value_info(tensor, TensorProto.FLOAT, None)
    outputs = [helper.make_tensor_value_info(x, TensorProto.FLOAT, None) for x in following]
    model = helper.make_model(
        helper.make_graph(kept, "after", [info], outputs),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=PROVIDERS)
    return lambda value: dict(zip(following, session.run(None, {tensor: value}), strict=True))


@pytest.mark.thorough
def test_a_run_directory_elsewhere_tells_the_same(run: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    note_all(open_storage(run))
    fsspec.filesystem("memory").put(str(run), "/masking", recursive=True)
    assert found_in("memory://masking").masking == found_in(run).masking


@pytest.mark.thorough
def test_without_the_model_the_operators_are_not_known(run: Path) -> None:
    storage = open_storage(run)
    for name in record_files(storage):
        note(storage, name, '{"relu": 2}')
    configuration = RunDirectory.open(run).configuration
    gone = configuration.model_copy(update={"model": run / "gone.onnx"})
    places = [y for x in summarise(run, gone).masking for y in x.masked_at]
    assert {(x.tensor, x.op_type) for x in places} == {("relu", None)}


def test_older_files_do_not_tell(run: Path) -> None:
    storage = open_storage(run)
    for name in record_files(storage):
        note(storage, name, None)
    found = found_in(run)
    assert sum(x.not_known for x in found.masking) == found.injections
    assert not any(x.injections or x.masked_at for x in found.masking)


def test_records_alone_tell_nothing(finished: Path) -> None:
    found = summarise_records([read_records(finished)])
    assert (found.masking, describe_masking(found)) == ((), "")


@pytest.mark.parametrize("said", ["{", "[1]", '{"relu": 1.5}'])
def test_a_file_must_say_it_in_counts(run: Path, said: str) -> None:
    storage = open_storage(run)
    note(storage, record_files(storage)[0], said)
    with pytest.raises(ConfigurationError, match="injections 0-6 is damaged"):
        found_in(run)
