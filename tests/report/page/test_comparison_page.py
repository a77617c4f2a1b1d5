"""The report that compares two campaigns, as a browser's parser sees it."""

from pathlib import Path
from typing import Any

from onnxfi.report import write_comparison_report
from tests.support.made_run import make_run
from tests.support.pages.page import Page, hash_of

EVIL = "</script><b>&'\""


def write(like: Path, folder: Path, before: Any, after: Any, **configuration: Any) -> Page:
    """Write the comparison of made-up records, and parse it."""
    first = make_run(like, folder / "first", before)
    second = make_run(like, folder / "second", after, **configuration)
    out = write_comparison_report(first, second, folder / "compare.html")
    return Page(out.read_text(encoding="utf-8"))


def records(sdc: int, **changes: Any) -> list[dict[str, Any]]:
    """Return 200 records, some of them SDC."""
    return [{"outcome": "sdc" if x < sdc else "masked", **changes} for x in range(200)]


def test_the_change_comes_first(finished: Path, tmp_path: Path) -> None:
    page = write(finished, tmp_path, records(100), records(20))
    assert "50.0 → 10.0 %" in page.text
    assert "Under bitflip, SDC fell from 50.0 % [43.1, 56.9] to 10.0 % [6.6, 14.9]" in page.text
    assert "It is lower at 1 and higher at 0 of 1 targets" in page.text
    assert "compared fault by fault" in page.text
    headings, target, network = page.rows["table-sdc"]
    assert headings == ["target", "before", "after", "change", "p", "test"]
    assert target[0] == "conv"
    assert target[3].startswith("\N{MINUS SIGN}40.0")
    assert target[4:] == ["< 0.001", "mcnemar"]
    assert network[0] == "whole network"


def test_no_change_is_not_called_one(finished: Path, tmp_path: Path) -> None:
    page = write(finished, tmp_path, records(100), records(98))
    assert "SDC did not change measurably: from 50.0 %" in page.text
    assert "lower at 0 and higher at 0 of 1 targets" in page.text


def test_error_models_and_lone_targets(finished: Path, tmp_path: Path) -> None:
    both = [*records(9), *records(90, error_model="zero")]
    page = write(finished, tmp_path, [*both, *records(1, target="relu")], both)
    headings, *rows = page.rows["table-sdc"]
    assert headings[1] == "error model"
    assert [x[:2] for x in rows] == [
        ["conv", "bitflip"],
        ["conv", "zero"],
        ["whole network", "bitflip"],
        ["whole network", "zero"],
    ]
    assert "Only in" in page.text
    assert "first : relu (bitflip)" in page.text
    assert len({*page.ids}) == len(page.ids)


def test_names_are_escaped_and_nothing_is_fetched(finished: Path, tmp_path: Path) -> None:
    evil = [*records(50, target=EVIL), *records(3, target=f"{EVIL}2")]
    page = write(finished, tmp_path, evil, evil)
    assert EVIL not in page.source
    assert page.requests == []
    assert [hash_of(x) for x in page.scripts] == [page.allowed_script]
    assert page.rows["table-sdc"][1][0] == EVIL
