"""The sentence about each error model claims only what the records support."""

from pathlib import Path
from typing import Any

import pytest

from onnxfi.report import Plots, sentence
from tests.support.made_run import make_run

BLANK = "\N{NO-BREAK SPACE}"


def said(finished: Path, tmp_path: Path, rows: list[dict[str, Any]]) -> list[str]:
    """Return the sentences of a run with these records."""
    plots = Plots(make_run(finished, tmp_path / "run", rows))
    return [sentence(x).replace(BLANK, " ") for x in plots.answers()]


def some(count: int, total: int, **common: Any) -> list[dict[str, Any]]:
    """Make records, the first of which end in SDC."""
    return [common | {"outcome": "sdc" if x < count else "masked"} for x in range(total)]


def test_without_sdc_the_limit_is_given(finished: Path, tmp_path: Path) -> None:
    assert said(finished, tmp_path, some(0, 300)) == [
        "A single bit flip (bitflip) caused no SDC in 300 inferences: the rate is at most 1.3 %, "
        "with 95 % confidence."
    ]


def test_a_bit_that_is_held_is_not_flipped(finished: Path, tmp_path: Path) -> None:
    (found,) = said(finished, tmp_path, some(1, 4, bit=[3], error_model="stuckat:value=1"))
    assert found.startswith("A single bit (stuckat:value=1) causes SDC in 25.0 %")


def test_all_sdc_of_one_target(finished: Path, tmp_path: Path) -> None:
    assert said(finished, tmp_path, some(4, 4, bit=None, error_model="zero")) == [
        "zero causes SDC in 100.0 % [51.0, 100.0] of inferences."
    ]


def test_bits_that_nearly_all_sdcs_come_from(finished: Path, tmp_path: Path) -> None:
    rows = some(10, 20, bit=[28]) + some(12, 20, bit=[30]) + some(18, 20, bit=[29])
    rows += some(1, 20, bit=[31])
    rows += [x for bit in range(20) for x in some(0, 5, bit=[bit])]
    [text] = said(finished, tmp_path, rows)
    assert "; 97.6 % of these SDCs (40 of 41) come from exponent bits 28\N{EN DASH}30." in text


@pytest.mark.parametrize("rows", [some(19, 20), some(10, 20, bit=[5]) + some(12, 20, bit=[6])])
def test_no_claim_about_bits_from_few_sdcs_or_all_bits(
    finished: Path, tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    assert "come from" not in said(finished, tmp_path, rows)[0]


def test_no_claim_about_bits_from_few_faults(finished: Path, tmp_path: Path) -> None:
    rows = [
        {"fault_id": fault, "bit": [bit], "input_index": k, "outcome": outcome}
        for fault, bit, outcome in ((0, 30, "sdc"), (1, 3, "masked"), (2, 4, "masked"))
        for k in range(50)
    ]
    run = make_run(finished, tmp_path / "run", rows, injections={"inputs_per_fault": 50})
    [answer] = Plots(run).answers()
    assert answer.sdc_count == 50
    assert answer.bits is None


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((90, 10, 5), "conv is worst, 90.0 % [82.6, 94.5]."),
        ((90, 85, 5), "conv is highest, 90.0 % [82.6, 94.5], but 1 other target may be as high."),
        ((9, 8, 7), "no target stands out."),
    ],
)
def test_the_worst_target_only_where_intervals_are_apart(
    finished: Path, tmp_path: Path, counts: tuple[int, ...], expected: str
) -> None:
    names = ("conv", "relu", "pool")
    rows = [x for name, c in zip(names, counts, strict=True) for x in some(c, 100, target=name)]
    assert said(finished, tmp_path, rows)[0].endswith(expected)


def test_error_models_are_not_pooled(finished: Path, tmp_path: Path) -> None:
    rows = some(50, 100, error_model="zero", bit=None) + some(0, 100)
    first, second = said(finished, tmp_path, rows)
    assert first.startswith("zero causes SDC in 50.0 % [40.4, 59.6]")
    assert second.startswith("A single bit flip (bitflip) caused no SDC in 100 inferences")


def test_further_injections_reach_the_margin(finished: Path, tmp_path: Path) -> None:
    plots = Plots(make_run(finished, tmp_path / "run", some(50, 100)))
    [answer] = plots.answers()
    # n = z^2 p (1 - p) / e^2 = 9604, of which 100 are there; Wilson's interval is a little shorter.
    assert answer.more_injections == pytest.approx(9604 - 100, rel=0.05)
