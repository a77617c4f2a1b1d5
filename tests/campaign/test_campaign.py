"""Tests that campaigns write the right records, whoever runs them."""

import math
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from onnx.reference import ReferenceEvaluator
from onnx.utils import Extractor

from onnxfi.campaign import Campaign
from onnxfi.configuration import Configuration
from onnxfi.errors import ConfigurationError, ErrorModelError, InputError, ModelFormatError
from onnxfi.graph import load
from onnxfi.injector import Classification, Injector
from onnxfi.run_directory import RunDirectory, read_records
from onnxfi.run_directory.schema import make_schema
from onnxfi.statistics import summarise

INJECTIONS = 4 * 3 * 20


def rows_of(records: pa.Table) -> list[dict[str, Any]]:
    """Return the rows, with NaN made comparable."""

    def comparable(value: Any) -> Any:
        if isinstance(value, list):
            return [comparable(x) for x in value]
        return "nan" if isinstance(value, float) and math.isnan(value) else value

    rows = records.sort_by("injection_id").to_pylist()
    return [{key: comparable(value) for key, value in row.items()} for row in rows]


def run(path: Path, out: Path, **execution: Any) -> list[dict[str, Any]]:
    configuration = Configuration.from_yaml(path)
    changed = configuration.execution.model_copy(update=execution)
    campaign = Campaign(configuration.model_copy(update={"execution": changed}), out=out).begin()
    assert campaign.injections == INJECTIONS
    campaign.run()
    return rows_of(read_records(out))


@pytest.fixture
def undisturbed(work: Path, finished: Path) -> list[dict[str, Any]]:
    """Give the rows of an undisturbed run, and a copy of its directory at work/undisturbed."""
    shutil.copytree(finished, work / "undisturbed")
    return rows_of(read_records(finished))


def test_every_injection_is_recorded_once(work: Path, undisturbed: list[dict[str, Any]]) -> None:
    assert [row["injection_id"] for row in undisturbed] == list(range(INJECTIONS))
    opened = RunDirectory.open(work / "undisturbed")
    assert opened.recorded == INJECTIONS
    assert summarise(opened.path, opened.configuration).injections == INJECTIONS
    # The campaign sees every outcome but one, so the comparisons below compare something.
    assert {row["outcome"] for row in undisturbed} >= {"masked", "benign", "sdc"}
    assert {row["target"] for row in undisturbed} == {"conv", "relu", "pool", "scores"}
    assert {row["error_model"] for row in undisturbed} == {"bitflip:bit=any", "zero", "random"}
    assert {row["input_index"] for row in undisturbed} == set(range(12))
    for row in undisturbed:
        length = len(row["indices"])
        assert length == len(row["values"]) == len(row["value_classes"])
        assert (row["bit"] is None) == (not row["error_model"].startswith("bitflip"))


@pytest.mark.thorough
@pytest.mark.parametrize(
    "execution",
    [
        {"workers": 2},
        {"shard": 100},
        {"workers": 3, "shard": 1},
        {"propagation": False},
        {"lanes": 1},
        {"lanes": 5, "shard": 100},
    ],
)
def test_how_it_runs_changes_no_record(
    work: Path, undisturbed: list[dict[str, Any]], execution: dict[str, Any]
) -> None:
    assert run(work / "campaign.yaml", work / "other", **execution) == undisturbed


@pytest.mark.thorough
def test_processes_record_the_same_as_threads(
    work: Path, undisturbed: list[dict[str, Any]]
) -> None:
    campaign = Campaign.from_yaml(work / "campaign.yaml", out=work / "processes").begin()
    counts: list[int] = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        campaign.run(executor, on_injections=counts.append)
    assert rows_of(read_records(work / "processes")) == undisturbed
    assert sum(counts) == INJECTIONS


def test_another_seed_gives_other_records(
    work: Path, write: Callable[..., Path], undisturbed: list[dict[str, Any]]
) -> None:
    other = run(write(seed=4), work / "seed4")
    assert [row["indices"] for row in other] != [row["indices"] for row in undisturbed]


def _onnx_session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def _expected(golden: np.ndarray, faulty: np.ndarray) -> dict[str, Any]:
    """Work out outcome and metric columns of one sample, written from the definitions."""
    golden_scores, faulty_scores = (list(map(float, x[0])) for x in (golden, faulty))
    ranked = sorted(range(len(golden_scores)), key=lambda i: -golden_scores[i])
    finite = [x if not math.isnan(x) else -math.inf for x in faulty_scores]
    top1, golden_top1 = finite.index(max(finite)), ranked[0]
    errors = [abs(a - b) for a, b in zip(golden_scores, faulty_scores, strict=True)]
    moved = errors[golden_top1] / abs(golden_scores[golden_top1])
    if any(not math.isfinite(x) for x in faulty_scores):
        outcome = "due"
    elif golden.tobytes() == faulty.tobytes():
        outcome = "masked"
    else:
        outcome = "sdc" if top1 != golden_top1 else "benign"
    return {
        "outcome": outcome,
        "golden_top1": golden_top1,
        "top1": top1,
        "sdc5": top1 not in ranked[:5],
        "sdc10": not moved <= 0.1,
        "sdc20": not moved <= 0.2,
        "max_absolute_error": "nan" if any(map(math.isnan, errors)) else max(errors),
    }


def test_records_equal_a_computation_from_the_corruptions_alone(
    work: Path, undisturbed: list[dict[str, Any]]
) -> None:
    proto = onnx.shape_inference.infer_shapes(onnx.load(work / "model.onnx"))
    arrays = np.load(work / "inputs.npz")
    with pytest.raises(AssertionError):  # the oracle can tell outcomes apart
        assert _expected(np.array([[1.0, 2.0]]), np.array([[2.0, 1.0]]))["outcome"] == "benign"
    model = load(work / "model.onnx")
    checked = 0
    for tensor in ("conv", "relu", "pool", "scores"):
        # onnx's own extraction, not onnxfi's split.
        prefix = Extractor(proto).extract_model(["image"], [tensor])
        suffix = Extractor(proto).extract_model([tensor], ["probabilities"])
        run_prefix, run_suffix = _onnx_session(prefix), _onnx_session(suffix)
        reference = ReferenceEvaluator(suffix)
        with Injector(model, tensor, provider="cpu") as injector:
            rows = [row for row in undisturbed if row["target"] == tensor]
            for row in rows[::3]:
                image = arrays["images"][row["input_index"] : row["input_index"] + 1]
                (golden_tensor,) = run_prefix.run(None, {"image": image})
                corrupted = golden_tensor.copy()
                corrupted.flat[row["indices"]] = np.array(
                    [math.nan if x == "nan" else x for x in row["values"]], np.float32
                )
                (golden,) = run_suffix.run(None, {tensor: golden_tensor})
                (faulty,) = run_suffix.run(None, {tensor: corrupted})
                expected = _expected(golden, faulty)
                assert {key: row[key] for key in expected} == expected
                assert row["correct"] == (expected["top1"] == arrays["labels"][row["input_index"]])
                resumed = injector.resume(injector.golden({"image": image}), corrupted)
                np.testing.assert_array_equal(resumed["probabilities"], faulty)
                with np.errstate(all="ignore"):
                    (witness,) = reference.run(None, {tensor: corrupted})
                np.testing.assert_allclose(np.asarray(witness), faulty, rtol=1e-4, atol=1e-6)
                if row["bit"] is not None:
                    flipped = golden_tensor.view(np.uint32).flat[row["indices"]] ^ np.uint32(
                        1 << row["bit"][0]
                    )
                    written = corrupted.flat[row["indices"]]
                    # Which NaN it is, a record does not tell.
                    np.testing.assert_array_equal(written, flipped.view(np.float32))
                checked += 1
    assert checked >= 50


def test_value_classes_are_told_against_the_golden_tensor(
    undisturbed: list[dict[str, Any]],
) -> None:
    for row in undisturbed:
        (value_class,) = row["value_classes"] or ["none"]
        if row["error_model"] == "zero":
            assert value_class == "zero"
        elif row["error_model"] == "random":
            assert value_class in ("in_range", "flip", "zero", "none")
        else:
            assert value_class in ("flip", "nan", "zero")


def test_interrupted_then_resumed_is_as_undisturbed(
    work: Path, undisturbed: list[dict[str, Any]]
) -> None:
    campaign = Campaign.from_yaml(work / "campaign.yaml", out=work / "interrupted").begin()
    done = 0

    def interrupt(count: int) -> None:
        nonlocal done
        done += count
        if done >= INJECTIONS // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        campaign.run(on_injections=interrupt)
    recorded = campaign.directory.recorded
    assert 0 < recorded < INJECTIONS
    # What a killed process leaves behind counts for nothing, whatever it holds.
    (work / "interrupted" / "records" / "000000000000-000000000006.partial").write_bytes(b"half")
    counts: list[int] = []
    resumed = Campaign.open(work / "interrupted").run(on_injections=counts.append)
    assert counts[0] == recorded
    assert sum(counts) == INJECTIONS
    assert rows_of(read_records(work / "interrupted")) == undisturbed
    assert len(resumed) == INJECTIONS


@pytest.mark.thorough
def test_an_interrupt_with_an_executor_ends_the_run(
    work: Path, undisturbed: list[dict[str, Any]]
) -> None:
    campaign = Campaign.from_yaml(work / "campaign.yaml", out=work / "interrupted").begin()

    def interrupt(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor,
        pytest.raises(KeyboardInterrupt),
    ):
        campaign.run(executor, on_injections=interrupt)
    assert 0 < campaign.directory.recorded < INJECTIONS
    Campaign.open(work / "interrupted").run()
    assert rows_of(read_records(work / "interrupted")) == undisturbed


def test_a_deleted_shard_is_run_again(work: Path, undisturbed: list[dict[str, Any]]) -> None:
    files = sorted((work / "undisturbed" / "records").iterdir())
    assert len(files) == 4 * 3 * 3  # shards of 7, 7 and 6
    files[5].unlink()
    Campaign.open(work / "undisturbed").run()
    assert rows_of(read_records(work / "undisturbed")) == undisturbed
    assert {file.suffix for file in files[5].parent.iterdir()} == {".parquet"}


@pytest.fixture
def begun(work: Path) -> Path:
    """Give the directory of a campaign that has run no shard."""
    Campaign.from_yaml(work / "campaign.yaml", out=work / "run").begin()
    return work / "run"


def test_a_changed_model_is_refused(work: Path, begun: Path) -> None:
    proto = onnx.load(work / "model.onnx")
    proto.doc_string = "another"
    onnx.save(proto, work / "model.onnx")
    with pytest.raises(ConfigurationError, match="The model changed"):
        Campaign.open(begun)


def test_changed_external_weights_are_refused(work: Path) -> None:
    proto = onnx.load(work / "model.onnx")
    onnx.save(
        proto, work / "model.onnx", save_as_external_data=True, location="w.bin", size_threshold=0
    )
    Campaign.from_yaml(work / "campaign.yaml", out=work / "external").begin()
    content = bytearray((work / "w.bin").read_bytes())
    content[0] ^= 1
    (work / "w.bin").write_bytes(content)
    with pytest.raises(ConfigurationError, match="The model changed"):
        Campaign.open(work / "external")


def test_changed_inputs_are_refused(work: Path, begun: Path) -> None:
    np.savez(work / "inputs.npz", images=np.zeros((12, 1, 8, 8), np.float32), labels=np.arange(12))
    with pytest.raises(ConfigurationError, match="The inputs changed"):
        Campaign.open(begun)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seed: 3", "seed: 4", "seed was 3 and is 4"),
        ("per_target: 20", "per_target: 21", "injections.per_target was 20 and is 21"),
        ("per_target: 20", "total: 99", "per_target was 20 and is not given; injections.total was"),
        ("bit: any", "bit: 3", "bitflip:bit=any"),
    ],
)
def test_a_changed_configuration_is_refused(begun: Path, old: str, new: str, told: str) -> None:
    text = (begun / "campaign.yaml").read_text()
    assert old in text
    (begun / "campaign.yaml").write_text(text.replace(old, new))
    with pytest.raises(ConfigurationError, match="The configuration changed") as caught:
        Campaign.open(begun)
    assert told in str(caught.value)


@pytest.mark.thorough
def test_a_campaign_goes_on_elsewhere_and_otherwise_executed(
    work: Path, begun: Path, undisturbed: list[dict[str, Any]]
) -> None:
    elsewhere = work / "elsewhere"
    elsewhere.mkdir()
    for name in ("model.onnx", "inputs.npz"):
        (work / name).rename(elsewhere / name)
    text = (begun / "campaign.yaml").read_text().replace(str(work), str(elsewhere))
    (begun / "campaign.yaml").write_text(text.replace("workers: 1", "workers: 2"))
    Campaign.open(begun).run()
    assert rows_of(read_records(begun)) == undisturbed


def test_a_missing_model_is_told(work: Path, begun: Path) -> None:
    (work / "model.onnx").unlink()
    with pytest.raises(ModelFormatError, match=r"model\.onnx does not exist"):
        Campaign.open(begun)


def test_a_folder_with_a_campaign_takes_no_other(work: Path, begun: Path) -> None:
    manifest = (begun / "manifest.json").read_bytes()
    with pytest.raises(ConfigurationError, match="holds a campaign"):
        Campaign.from_yaml(work / "campaign.yaml", out=begun).begin()
    assert (begun / "manifest.json").read_bytes() == manifest


def test_records_of_nobody_are_not_taken_over(work: Path, undisturbed: Any) -> None:
    (work / "undisturbed" / "manifest.json").unlink()
    with pytest.raises(ConfigurationError, match="belong to no campaign"):
        Campaign.from_yaml(work / "campaign.yaml", out=work / "undisturbed").begin()


def test_a_folder_without_a_campaign_is_not_opened(work: Path) -> None:
    (work / "empty").mkdir()
    for folder, expected in (
        (work / "empty", "holds no manifest"),
        (work / "none", "does not exist"),
    ):
        with pytest.raises(ConfigurationError, match=expected):
            Campaign.open(folder)
    (work / "empty" / "campaign.yaml").touch()
    for text in ("{", "[]", "{}", '{"injections": 3}'):
        (work / "empty" / "manifest.json").write_text(text)
        with pytest.raises(ConfigurationError, match="was not written by onnxfi"):
            Campaign.open(work / "empty")


def test_a_damaged_records_file_is_named(work: Path, undisturbed: Any) -> None:
    file = sorted((work / "undisturbed" / "records").iterdir())[0]
    file.write_bytes(b"PAR1 no")
    for read in (read_records, lambda path: RunDirectory.open(path).recorded):
        with pytest.raises(ConfigurationError, match="onnxfi campaign resume") as caught:
            read(work / "undisturbed")
        assert str(file) in str(caught.value)


def test_what_cannot_run_is_told_before_anything_is_written(
    work: Path, write: Callable[..., Path]
) -> None:
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        (
            {"error_models": [{"name": "bitflip", "configuration": {"bit": 40}}]},
            ErrorModelError,
            "40",
        ),
        ({"metric": {"output": "nope"}}, InputError, "nope"),
        ({"targets": {"ops": ["Tanh"]}}, ConfigurationError, "Tanh"),
    ]
    for changes, kind, expected in wrong:
        with pytest.raises(kind, match=expected):
            Campaign.from_yaml(write(**changes), out=work / "run").begin()
        assert not (work / "run").exists()
    with pytest.raises(ConfigurationError, match="has no run directory"):
        Campaign(Configuration.from_yaml(write()).model_copy(update={"out": None})).begin()
    with pytest.raises(ConfigurationError, match="is not writable"):
        Campaign.from_yaml(write(), out=work / "model.onnx" / "run").begin()


def test_records_that_cannot_be_written_are_told(work: Path, begun: Path) -> None:
    (begun / "records").touch()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        Campaign.open(begun).run()


def test_the_files_are_plain_parquet_with_the_schema(work: Path, undisturbed: Any) -> None:
    files = sorted((work / "undisturbed" / "records").glob("*.parquet"))
    tables = [pq.read_table(file) for file in files]  # without telling it the schema
    expected = make_schema(Classification().column_types)
    assert all(table.schema.equals(expected) for table in tables)
    assert sum(table.num_rows for table in tables) == INJECTIONS
    assert all(table["outcome"].null_count == 0 for table in tables)


def test_the_manifest_tells_what_ran(work: Path, begun: Path) -> None:
    manifest = RunDirectory.open(begun).manifest
    assert manifest["seed"] == 3
    assert manifest["provider"] == "cpu"
    assert manifest["injections"] == INJECTIONS
    assert {"onnxfi", "onnx", "onnxruntime", "numpy", "python"} == set(manifest["versions"])
    assert len({manifest["model"], manifest["inputs"], manifest["configuration"]}) == 3
