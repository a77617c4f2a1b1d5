"""The figures of bits within targets, patterns, classes, magnitudes and protection."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.errors import ConfigurationError
from onnxfi.report import Plots
from onnxfi.statistics import Rate
from tests.support.made_run import make_run
from tests.support.pages.svg_checks import hovers, texts


def random_rows(count: int = 400) -> list[dict[str, Any]]:
    """Make records with two targets, two error models, some bits, patterns and classes."""
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(count):
        model = str(rng.choice(["bitflip", "spatial"]))
        rows.append(
            {
                "target": str(rng.choice(["conv", "scores"])),
                "error_model": model,
                "bit": [int(rng.integers(25, 32))] if model == "bitflip" else None,
                "pattern": str(rng.choice(["same_row", "own"])) if model == "spatial" else None,
                "outcome": str(rng.choice(["masked", "benign", "sdc", "due"])),
                "golden_top1": int(rng.integers(3)),
                "top1": int(rng.integers(3)),
                "max_absolute_error": float(rng.choice([0.0, np.inf, np.nan, 0.5, 3e4])),
            }
        )
    return rows


def shown(rate: Rate) -> str:
    """Return the numbers of a rate as figures show them."""
    return f"{rate.count} of {rate.total}"


def test_cells_show_the_counts_of_target_and_bit(finished: Path, tmp_path: Path) -> None:
    rows = random_rows()
    plots = Plots(make_run(finished, tmp_path / "run", rows))
    total: Counter[tuple[str, int]] = Counter()
    sdc: Counter[tuple[str, int]] = Counter()
    for row in rows:
        if row["bit"]:
            total[row["target"], row["bit"][0]] += 1
            sdc[row["target"], row["bit"][0]] += row["outcome"] == "sdc"
    expected = {
        f"{target}, bit {bit}": f"{sdc[target, bit]} of {count}"
        for (target, bit), count in total.items()
    }
    found = dict(x.split(": ") for x in hovers(plots.heatmap(), ("rect",)))
    assert {name: x.split(", ")[-1] for name, x in found.items()} == expected
    empty = plots.heatmap().svg().count('class="empty"')
    assert empty == 2 * 32 - len(expected)


def test_patterns_come_worst_first(finished: Path, tmp_path: Path) -> None:
    rows = random_rows()
    figure = Plots(make_run(finished, tmp_path / "run", rows)).patterns()
    shares = {}
    for name in ("same_row", "own"):
        outcomes = [x["outcome"] for x in rows if x["pattern"] == name]
        shares[name.replace("_", " ")] = (outcomes.count("sdc"), len(outcomes))
    ranked = sorted(shares, key=lambda x: -shares[x][0] / shares[x][1])
    names = [x for x in texts(figure) if x in shares]
    assert names == ranked
    assert [x.split(", ")[-1] for x in hovers(figure, ("circle",))] == [
        "{} of {}".format(*shares[x]) for x in ranked
    ]


def test_classes_count_what_is_not_due(finished: Path, tmp_path: Path) -> None:
    rows = random_rows()
    figure = Plots(make_run(finished, tmp_path / "run", rows)).confusion()
    pairs = Counter(
        (x["error_model"], x["golden_top1"], x["top1"]) for x in rows if x["outcome"] != "due"
    )
    expected = Counter(f"{a} to {b}: {count}" for (_, a, b), count in pairs.items())
    assert Counter(x.split(",")[0] for x in hovers(figure)) == expected


def test_rare_classes_are_joined(finished: Path, tmp_path: Path) -> None:
    rows = [{"golden_top1": x, "top1": x + 1, "outcome": "sdc"} for x in range(100)] * 2
    rows += [{"golden_top1": 7, "top1": 500, "outcome": "sdc"}] * 3
    figure = Plots(make_run(finished, tmp_path / "run", rows)).confusion()
    words = texts(figure)
    assert "other" in words
    assert len(words) < 100
    counts = [int(x.split(": ")[1].split(",")[0]) for x in hovers(figure)]
    assert sum(counts) == len(rows)


def test_errors_that_are_not_finite_are_counted_apart(finished: Path, tmp_path: Path) -> None:
    errors = [0.0, 0.0, float("inf"), float("nan"), float("nan"), float("nan"), 0.5, 0.5, 0.02]
    rows = [{"outcome": "benign", "max_absolute_error": x} for x in errors]
    rows += [{"outcome": "sdc", "max_absolute_error": 1e300}, {"max_absolute_error": None}]
    plots = Plots(make_run(finished, tmp_path / "run", rows))
    figure = plots.magnitudes()
    assert figure.alt == (
        "bitflip: sdc 1, median 1.1e+300; benign 9, median 0.45, 2 zero, 1 infinite, 3 NaN."
    )
    sdc, benign = figure.plotly().data
    assert list(benign.y) == pytest.approx([200 / 9, 300 / 9, 500 / 9])
    assert list(sdc.y) == [0, 100]


def test_protection_weights_targets_with_their_bits(finished: Path, tmp_path: Path) -> None:
    rows = [{"target": "conv", "target_bits": 900, "outcome": "sdc"}]
    rows += [{"target": "conv", "target_bits": 900}] * 9
    rows += [{"target": "scores", "target_bits": 100, "outcome": "sdc"}] * 5
    rows += [{"target": "scores", "target_bits": 100}] * 5
    plots = Plots(make_run(finished, tmp_path / "run", rows))
    [answer] = plots.answers()
    assert answer.sdc.share == pytest.approx(0.9 * 0.1 + 0.1 * 0.5)
    assert [x.target for x in answer.protection] == ["conv", "scores"]
    assert [x.share for x in answer.protection] == pytest.approx([0.09 / 0.14, 0.05 / 0.14])
    assert [x.remaining.share for x in answer.protection] == pytest.approx([0.05, 0])
    assert (
        plots.protection().alt
        == "bitflip: protecting 1 target (conv) lowers SDC from 14.0 % to 5.0 %."
    )


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("heatmap", "one bit"),
        ("patterns", "pattern"),
        ("protection", "SDC"),
        ("confusion", "class"),
    ],
)
def test_nothing_to_draw(finished: Path, tmp_path: Path, name: str, missing: str) -> None:
    run = make_run(finished, tmp_path / "run", [{"bit": None, "top1": None}])
    with pytest.raises(ConfigurationError, match=f"No injection of .*{missing}"):
        getattr(Plots(run), name)()


def test_the_network_has_a_point_for_each_target(finished: Path, tmp_path: Path) -> None:
    rows = [{"target": "conv", "outcome": "sdc"}, {"target": "conv"}, {"target": "fc/w"}]
    rows += [{"target": "pool + scores", "error_model": "zero", "outcome": "sdc"}]
    figure = Plots(make_run(finished, tmp_path / "run", rows)).network()
    assert hovers(figure, ("circle",)) == [
        "image",
        "conv: 50.0 % [9.5, 90.5], 1 of 2",
        "pool",
        "fc/w: 0.0 % [0.0, 79.3], 0 of 1",
        "scores",
        "probabilities",
        "image",
        "conv",
        "pool: 100.0 % [20.7, 100.0], 1 of 1, hit together: pool + scores",
        "fc/w",
        "scores: 100.0 % [20.7, 100.0], 1 of 1, hit together: pool + scores",
        "probabilities",
    ]
    assert figure.plotly().data


def test_without_the_model_there_is_no_network(finished: Path, tmp_path: Path) -> None:
    run = make_run(finished, tmp_path / "run", [{}], model=str(tmp_path / "gone.onnx"))
    assert texts(Plots(run).layers())
    with pytest.raises(ConfigurationError, match=r"gone\.onnx cannot be read"):
        Plots(run).network()


def test_many_cells_stay_small(finished: Path, tmp_path: Path) -> None:
    rows = [{"target": f"layer_{k}", "bit": [bit]} for k in range(80) for bit in range(32)]
    rows[5] |= {"outcome": "sdc"}
    figure = Plots(make_run(finished, tmp_path / "run", rows)).heatmap()
    assert hovers(figure, ("rect",)) == ["layer_0, bit 5: 100.0 % [20.7, 100.0], 1 of 1"]
    assert len(figure.svg()) < 100 * len(rows)
