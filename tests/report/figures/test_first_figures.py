"""The figures of targets and bits, read as the XML that they are."""

import re
import struct
from pathlib import Path
from typing import Any

import pytest

from onnxfi.errors import ConfigurationError
from onnxfi.report import Plots
from onnxfi.report.figures.text import width_of
from tests.support.made_run import make_run
from tests.support.pages.svg_checks import hovers, texts

EVIL = "</svg><script>alert('1')</script>&<b>\x00"


def test_targets_stand_in_the_order_of_the_network(finished: Path, tmp_path: Path) -> None:
    names = ["scores", "pool", "conv + relu", "relu", "elsewhere"]
    run = make_run(finished, tmp_path / "run", [{"target": x} for x in names])
    ordered = ["conv + relu", "relu", "pool", "scores", "elsewhere"]
    assert texts(Plots(run).layers())[: len(names)] == ordered


def test_each_dot_shows_its_numbers(finished: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"outcome": "sdc" if x < 3 else "masked", "bit": [x % 2]} for x in range(10)
    ]
    rows += [{"error_model": "zero", "bit": None}] * 5
    plots = Plots(make_run(finished, tmp_path / "run", rows))
    assert hovers(plots.layers()) == [
        "conv: 30.0 % [10.8, 60.3], 3 of 10",
        "conv: 0.0 % [0.0, 43.4], 0 of 5",
    ]
    assert hovers(plots.bits()) == [
        "bit 0: 40.0 % [11.8, 76.9], 2 of 5",
        "bit 1: 20.0 % [3.6, 62.4], 1 of 5",
    ]
    figure = plots.layers().plotly()
    assert [list(x.x) for x in figure.data] == [[pytest.approx(30)], [0]]


def test_names_are_escaped_and_shortened_in_the_middle(finished: Path, tmp_path: Path) -> None:
    long = "backbone/stage_4/block_11/expand_" + "x" * 60 + "/Conv_output_0"
    rows = [{"target": long}, {"target": EVIL, "error_model": EVIL}]
    figure = Plots(make_run(finished, tmp_path / "run", rows)).layers()
    for width in (84, 174):
        words = texts(figure, width)
        assert any(re.match(r"back.*….*put_0$", x) for x in words)
        assert all(len(x) < 90 for x in words)
    assert "<script" not in figure.svg()


# Widths in em in DejaVu Sans, as Chromium measures them.
@pytest.mark.parametrize(
    ("text", "em"), [("dense1/Gemm", 7.332), ("WwMm@%", 5.59), ("DOGHNQ", 4.61)]
)
def test_text_fits_in_wide_fonts_too(text: str, em: float) -> None:
    assert em <= width_of(text, 1) < 1.2 * em


def test_a_figure_is_shown_on_one_line(finished: Path) -> None:
    assert repr(Plots(finished).layers()) == "<onnxfi.report.Figure SDC by target>"


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_files_for_papers(finished: Path, tmp_path: Path, ending: str) -> None:
    path = Plots(finished).layers().save(tmp_path / "new" / f"layers.{ending}", width=84)
    content = path.read_bytes()
    assert content.startswith({"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}[ending])
    if ending == "png":  # 300 dots per inch, which is 11811 per metre
        pixels = struct.unpack(">I", content[16:20])[0]
        assert pixels == round(84 / 25.4 * 300)
        assert content[content.index(b"pHYs") + 4 :].startswith(struct.pack(">I", 11811))
    elif ending == "pdf":
        [box] = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ", content)
        assert float(box) == pytest.approx(84 / 25.4 * 72, abs=0.1)
    else:
        assert b"var(" not in content
        width = re.findall(rb' width="([\d.]+)"', content)[0]
        assert float(width) == pytest.approx(84 / 25.4 * 96, abs=0.1)


def test_other_formats_are_refused(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"must end with \.svg, \.pdf or \.png"):
        Plots(finished).layers().save(tmp_path / "layers.docx")
    assert list(tmp_path.iterdir()) == []


def test_without_single_bits_there_is_nothing_to_draw(finished: Path, tmp_path: Path) -> None:
    run = make_run(finished, tmp_path / "run", [{"bit": None}])
    with pytest.raises(ConfigurationError, match="flips exactly one bit"):
        Plots(run).bits()
