"""Results of a campaign from Python: records, data frames, the worst injections, comparisons."""

import builtins
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

import onnxfi
from onnxfi.campaign import Campaign
from onnxfi.errors import ConfigurationError, MissingExtraError
from onnxfi.results import Results
from onnxfi.run_directory import read_records
from onnxfi.statistics import compare

INJECTIONS = 4 * 3 * 20


@pytest.fixture
def results(finished: Path) -> Results:
    """Give the results of the finished campaign."""
    return onnxfi.open(finished)


def rows_of(results: Results) -> str:
    """Return the records as text, in which NaN equals NaN."""
    return repr(results.records().to_pylist())


def test_a_run_returns_its_results(work: Path, results: Results) -> None:
    returned = Campaign.from_yaml(work / "campaign.yaml", out=work / "run").run()
    assert isinstance(returned, Results)
    assert returned.path == work / "run"
    assert rows_of(returned) == rows_of(results)
    assert len(returned) == returned.planned == INJECTIONS
    assert returned.configuration.seed == returned.manifest["seed"] == 3


def test_records_are_those_on_disk(results: Results, finished: Path) -> None:
    expected = repr(read_records(finished).to_pylist())
    assert rows_of(results) == repr(results.to_arrow().to_pylist()) == expected
    assert results.records(["outcome", "bit"]).column_names == ["outcome", "bit"]


def test_an_unfinished_run_gives_what_is_recorded(work: Path, finished: Path) -> None:
    shutil.copytree(finished, work / "run")
    kept = sorted((work / "run/records").iterdir())[:3]
    for file in (work / "run/records").iterdir():
        if file not in kept:
            file.unlink()
    results = onnxfi.open(work / "run")
    assert len(results) == results.records().num_rows == 7 + 7 + 6
    assert results.planned == INJECTIONS
    assert results.summary()[0].injections == len(results)
    assert f"20 of {INJECTIONS} injections" in repr(results)


def test_without_a_record_it_says_how_to_run(work: Path, finished: Path) -> None:
    shutil.copytree(finished, work / "run")
    shutil.rmtree(work / "run/records")
    results = onnxfi.open(work / "run")
    assert len(results) == 0
    for read in (results.summary, results.records, results.worst):
        with pytest.raises(ConfigurationError, match="onnxfi campaign resume"):
            read()
    with pytest.raises(ConfigurationError, match="does not exist"):
        onnxfi.open(work / "nothing")


def test_pandas_has_categories_and_nullable_numbers(results: Results) -> None:
    frame = results.to_pandas()
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert kinds["outcome"] == kinds["target"] == kinds["layer"] == "category"
    assert kinds["injection_id"] == kinds["input_index"] == "int64"
    assert kinds["label"] == kinds["top1"] == "Int64"
    assert kinds["correct"] == "boolean"
    assert kinds["max_absolute_error"] == "float64"
    expected = results.records().to_pylist()
    assert frame["outcome"].tolist() == [x["outcome"] for x in expected]
    assert list(results.to_pandas(["bit", "outcome"])) == ["bit", "outcome"]


def test_polars_has_the_records(results: Results) -> None:
    frame = results.to_polars()
    assert frame["indices"].to_list() == [x["indices"] for x in results.records().to_pylist()]
    assert results.to_polars(["outcome"]).columns == ["outcome"]


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_missing_package_is_named(
    results: Results, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name == package:
            raise ImportError(name)
        return importing(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=rf"pip install 'onnxfi\[{package}\]'"):
        getattr(results, f"to_{package}")()


def test_the_worst_come_first(results: Results) -> None:
    found = results.worst(INJECTIONS)
    rows = {x["injection_id"]: x for x in results.records().to_pylist()}
    assert {x.id for x in found} == {k for k, x in rows.items() if x["outcome"] != "masked"}
    order = [["sdc", "due", "benign"].index(x.outcome) for x in found]
    assert order == sorted(order)
    errors = [x.magnitude for x in found if x.outcome == "sdc"]
    assert len(errors) > 3
    assert errors == sorted(errors, key=lambda x: -(x or 0.0))
    first = results.worst(1)[0]
    row = rows[first.id]
    assert first.golden == {"top1": row["golden_top1"]}
    assert first.faulty == {"top1": row["top1"]}
    assert first.golden != first.faulty
    assert (first.target, first.error_model) == (row["target"], row["error_model"])
    assert first.bits == row["bit"]
    assert first.sites == len(row["indices"])
    assert not math.isnan(first.magnitude or math.nan)
    assert first.replay == f"onnxfi campaign replay {results.path} --id {first.id}"


def test_a_path_with_a_space_is_quoted_for_the_shell(work: Path, finished: Path) -> None:
    shutil.copytree(finished, work / "my run")
    (first,) = onnxfi.open(work / "my run").worst(1)
    assert f"replay '{work}/my run' --id" in first.replay


@pytest.mark.thorough
def test_compare_takes_results_and_paths(results: Results, work: Path, finished: Path) -> None:
    shutil.copytree(finished, work / "other")
    expected = compare(results.path, work / "other")
    assert results.compare(onnxfi.open(work / "other")) == expected
    assert results.compare(work / "other") == expected
    assert expected.paired


def test_the_report_is_written(results: Results, tmp_path: Path) -> None:
    written = results.report(tmp_path / "report.html")
    assert written == tmp_path / "report.html"
    assert "<html" in written.read_text(encoding="utf-8")[:1000]


def test_plots_are_those_of_the_run(results: Results) -> None:
    figure = results.plot.layers()
    assert figure.svg().startswith("<svg")
    assert results.plot is results.plot
