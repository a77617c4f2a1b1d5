"""Summaries of results: by columns, within each error model."""

import re
from collections import Counter
from pathlib import Path

import pytest

import onnxfi
from onnxfi.errors import InputError
from onnxfi.results import Results
from onnxfi.statistics import Rate, summarise

MODELS = ["bitflip:bit=any", "zero", "random"]


@pytest.fixture
def results(finished: Path) -> Results:
    """Give the results of the finished campaign."""
    return onnxfi.open(finished)


def test_the_network_has_one_row_for_each_error_model(results: Results) -> None:
    found = results.summary()
    assert [x.error_model for x in found] == MODELS
    assert [x.injections for x in found] == [80, 80, 80]
    network = summarise(results.path, results.configuration).network
    assert [x.rates for x in found] == [x.per_inference for x in network]


@pytest.mark.parametrize("by", ["target", "op", ["target", "input"], ("error_model", "kind")])
def test_counts_are_those_of_the_records(results: Results, by: str | list[str]) -> None:
    columns = {"op": "op_type", "input": "input_index"}
    found = results.summary(by)
    keys = [columns.get(x, x) for x in found.by]
    counted: Counter[tuple[object, ...]] = Counter()
    sdc: Counter[tuple[object, ...]] = Counter()
    for row in results.records().to_pylist():
        key = (row["error_model"], *(row[x] for x in keys))
        counted[key] += 1
        sdc[key] += row["outcome"] == "sdc"
    assert {(x.error_model, *x.key.values()): x.injections for x in found} == counted
    for x in found:
        key = (x.error_model, *x.key.values())
        assert x.sdc == Rate.of(sdc[key], counted[key])


def test_rows_are_in_the_order_of_the_campaign_and_of_numbers(results: Results) -> None:
    targets = results.summary("target")
    assert [x.error_model for x in targets] == [x for x in MODELS for _ in range(4)]
    assert [x.key["target"] for x in targets[:4]] == ["conv", "relu", "pool", "scores"]
    bits = [x.key["bit"] for x in results.summary("bit")]
    assert bits == sorted(bits)
    assert {x.error_model for x in results.summary("bit")} == {MODELS[0]}


def test_unknown_and_empty_groupings_are_refused(results: Results) -> None:
    with pytest.raises(InputError, match=r"got 'layr' \(did you mean 'layer'\?\)"):
        results.summary("layr")
    with pytest.raises(InputError, match=r"is recorded with pattern\. Summarise it"):
        results.summary("pattern")


def test_it_is_a_table_of_text(results: Results) -> None:
    lines = str(results.summary("target")).splitlines()
    assert lines[0].split()[:3] == ["error", "model", "target"]
    assert len(lines) == 1 + 12
    row = results.summary("target")[0]
    expected = f"{100 * row.sdc.share:.1f} % [{100 * row.sdc.low:.1f}, {100 * row.sdc.high:.1f}]"
    assert re.search(rf"^bitflip:bit=any  conv +20 +{re.escape(expected)}", lines[1])
    part = results.summary("target")[:1]
    assert [x.split() for x in repr(part).splitlines()] == [x.split() for x in lines[:2]]


def test_a_prompt_shows_the_first_rows(results: Results) -> None:
    found = results.summary(["target", "input"])
    assert len(found) > 61
    shown = repr(found).splitlines()
    assert len(shown) == 1 + 60 + 1
    assert shown[-1] == f"and {len(found) - 60} more rows"
    assert len(str(found).splitlines()) == 1 + len(found)


def test_one_column_has_one_name(results: Results) -> None:
    assert results.summary(["op", "operator"]).by == ("operator",)
    assert str(results.summary("error_model")) == str(results.summary())


def test_it_is_an_arrow_table(results: Results) -> None:
    table = results.summary("op").to_arrow()
    assert table.column_names[:4] == ["error_model", "op", "injections", "faults"]
    assert {"sdc", "sdc_low", "sdc_high", "sdc10_high"} <= set(table.column_names)
    assert table["sdc"].to_pylist() == [x.sdc.share for x in results.summary("op")]
