"""Tests that tables fit a terminal and show every name."""

import pytest
from rich.cells import cell_len

from onnxfi.cli.tables import Column, Estimate, Row, Table, format_table
from onnxfi.cli.text_fitting import shorten

RATES = [
    Estimate("71.2", "[68.3, 73.9]"),
    Estimate("26.4", "[23.8, 29.2]"),
    Estimate("2.3", "[1.5, 3.4]"),
    Estimate("100.0", "[96.3, 100.0]"),
]
OUTCOMES = [Column(x, "number", important=x == "sdc") for x in ("masked", "benign", "sdc", "due")]
COLUMNS = [Column("target"), Column("op"), Column("error model"), Column("injections", "number")]
SHORT = ["conv1", "relu1", "dense1/Gemm"]
LONG = [
    f"mobilenet/block_{k}_expand/separable_conv2d_{k}/depthwise/BiasAdd:0" for k in range(9, 12)
]
TOGETHER = [" + ".join(LONG), "conv1 + conv1/kernel", "conv2 + conv2/kernel + dense1/bias"]
MODELS = ["bitflip:bit=any", "spatial:model=auto", "spatial:model=/data/models/derived_conv.json"]


def outcomes(names: list[str], *, within: str | None = "error model") -> Table:
    rows: list[Row] = [[name, "Conv", model, "1000", *RATES] for model in MODELS for name in names]
    return Table(
        [*COLUMNS, *OUTCOMES], rows, title="Outcomes", caption="shares in %", within=within
    )


def lines(table: Table, width: int | None) -> list[str]:
    return format_table(table, width=width).plain.split("\n")


@pytest.mark.parametrize("width", [120, 80, 60, 40, 25])
@pytest.mark.parametrize("names", [SHORT, LONG, TOGETHER])
@pytest.mark.parametrize("within", [None, "error model"])
def test_nothing_is_wider_than_the_terminal(
    width: int, names: list[str], within: str | None
) -> None:
    found = lines(outcomes(names, within=within), width)
    assert max(map(cell_len, found)) <= width
    assert found == [x.rstrip() for x in found]


@pytest.mark.parametrize("width", [120, 80, 60, 40])
@pytest.mark.parametrize("names", [SHORT, LONG, TOGETHER])
def test_names_stay_whole_or_can_be_told_apart(width: int, names: list[str]) -> None:
    found = lines(outcomes(names), width)
    whole = "".join(x.strip() for x in found).replace(" ", "")
    shortened = {x.split("  ")[0] for x in found if "…" in x}
    for name in names:
        fits = [x for x in shortened if all(part in name for part in x.split("…"))]
        assert name.replace(" ", "") in whole or fits
        assert all(len(x) >= 20 for x in fits)
    assert len(shortened) <= len(names)
    for model in MODELS:
        assert model.replace(" ", "") in whole


def test_80_columns_keep_the_interval_that_counts() -> None:
    found = lines(outcomes(SHORT), 80)
    assert any(x.startswith("conv1") and "2.3 [1.5, 3.4]" in x for x in found)
    assert "no room for the intervals of masked, benign, due" in found
    assert not any("68.3" in x for x in found)


def test_narrow_tables_stack() -> None:
    found = lines(outcomes(LONG), 60)
    at = found.index(LONG[0][:60])
    assert found[at + 1] == f"{LONG[0][60:]}  Conv"
    assert found[at + 2].split() == ["1000", "71.2", "26.4", "2.3", "[1.5,", "3.4]", "100.0"]
    found = lines(outcomes(SHORT), 30)
    at = found.index("target      conv1")
    assert found[at + 1 : at + 4] == [
        "op          Conv",
        "injections  1000",
        "masked      71.2 [68.3, 73.9]",
    ]


def test_targets_hit_together_take_a_few_lines() -> None:
    name = " + ".join(f"{x} + {x}/kernel" for x in LONG)
    found = lines(outcomes([name]), 60)
    numbers = [k for k, x in enumerate(found) if x.strip().startswith("1000")]
    assert len(numbers) == len(MODELS)
    (rule, *_) = [k for k, x in enumerate(found) if x.startswith("──")]
    assert found[rule + 1] == LONG[0][:60]
    assert found[numbers[0] - 1].endswith("/kernel  Conv")
    assert numbers[0] - rule <= 5 < len(name) / 60


def test_names_that_would_look_alike_stack() -> None:
    names = [f"{'a' * 30}{k}{'b' * 10}{m}{'c' * 30}" for k in range(2) for m in range(2)]
    table = Table([Column("name"), Column("n", "number")], [[x, "1"] for x in names])
    found = "\n".join(lines(table, 40))
    for name in names:
        assert f"{name[:40]}\n{name[40:]}" in found


def test_the_cut_leaves_what_differs() -> None:
    names = [f"model/block_{k}_{'x' * 40}/BiasAdd" for k in range(12)]
    table = Table([Column("name"), Column("n", "number")], [[x, "1"] for x in names])
    found = lines(table, 30)[2:]
    assert len({x.split()[0] for x in found}) == 12
    assert all("…" in x for x in found)


def test_without_a_terminal_everything_is_whole() -> None:
    found = lines(outcomes(TOGETHER), None)
    for name in TOGETHER:
        (line, *_) = [x for x in found if x.startswith(name)]
        assert line.endswith("100.0 [96.3, 100.0]")


def test_texts_wrap() -> None:
    text = "pool2 (MaxPool) 48.8, relu2 (Relu) 25.0, only at the outputs 0.7"
    table = Table([Column("target"), Column("masked at", "text")], [["conv1", text]])
    found = lines(table, 40)
    assert found[2:] == [
        "conv1   pool2 (MaxPool) 48.8, relu2",
        "        (Relu) 25.0, only at the outputs",
        "        0.7",
    ]


def test_wide_characters_take_two_columns() -> None:
    names = [f"モデル/畳み込み層の名前がとても長い場合{k}" for k in range(2)]
    table = Table([Column("name"), Column("n", "number")], [[x, "1"] for x in names])
    assert max(map(cell_len, lines(table, 30))) <= 30
    assert cell_len(shorten(names[0], 21)) <= 21


@pytest.mark.parametrize("width", [None, 80, 20])
def test_control_characters_are_escaped(width: int | None) -> None:
    table = Table([Column("name"), Column("n", "number")], [["a\nb\x1b[31m", "1"]])
    assert any("a\\nb\\x1b[31m" in x for x in lines(table, width))


def test_a_table_without_rows_has_headings() -> None:
    assert lines(Table(COLUMNS[:2], []), 80) == ["target  op", "──────  ──"]
