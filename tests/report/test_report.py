"""The report as a browser's parser sees it."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.error_models import bit_layout
from onnxfi.errors import ConfigurationError, MissingExtraError
from onnxfi.report import write_report
from onnxfi.statistics import (
    Accuracy,
    CampaignStatistics,
    Difference,
    GroupStatistics,
    MaskedAt,
    NetworkStatistics,
    Rate,
    TargetMasking,
    WeightedRate,
    WrongInputs,
)

FACTS = {"model": "lenet.onnx", "seed": "42", "sha256": "ab" * 32}
EVIL = "</script><script>alert('1')</script>&<b>"


class Page(HTMLParser):
    """Collects the text outside scripts and styles, the tags, and the scripts."""

    def __init__(self, source: str) -> None:
        """Parse a page."""
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._inside: tuple[str, dict[str, str | None]] | None = None
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = (tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or a style."""
        if self._inside and tag == self._inside[0]:
            self._inside = None

    def handle_data(self, data: str) -> None:
        """Note the text."""
        if self._inside is None:
            self.words.extend(data.split())
        elif self._inside[0] == "script":
            self.scripts.append((self._inside[1], data))

    @property
    def text(self) -> str:
        """The visible text with single blanks."""
        return " ".join(self.words)

    @property
    def charts(self) -> dict[str, dict[str, list[dict[str, object]]]]:
        """The figures handed to plotly.js."""
        figures: dict[str, dict[str, list[dict[str, object]]]] = json.loads(
            "".join(data for attributes, data in self.scripts if attributes.get("id") == "charts")
        )
        return figures


def rates(total: int, **counts: int) -> dict[str, Rate]:
    """Make rates of one total."""
    return {name: Rate.of(count, total) for name, count in counts.items()}


def group(key: Mapping[str, object], total: int, **counts: int) -> GroupStatistics:
    """Make the statistics of a group in which each fault met one input."""
    shares = rates(total, **counts)
    return GroupStatistics(dict(key), total, total, shares, shares, None)


def row(
    target: str = "conv1/out", layer: str | None = "conv1", model: str = "bitflip"
) -> GroupStatistics:
    """Make a row of 1000 injections."""
    key = {"target": target, "layer": layer, "op_type": "Conv", "error_model": model}
    return group(key, 1000, masked=600, benign=247, sdc=123, due=30)


BITS = [
    group({"bit": 30}, 40, masked=0, benign=10, sdc=20, due=10),
    group({"bit": 0}, 50, masked=50, benign=0, sdc=0, due=0),
]


def statistics(
    summary: list[GroupStatistics], bits: list[GroupStatistics], **others: Any
) -> CampaignStatistics:
    """Make the statistics of a campaign."""
    groups = {"target": summary, "bit": bits} | others.pop("groups", {})
    return CampaignStatistics(
        injections=sum(x.injections for x in summary),
        faults=sum(x.faults for x in summary),
        wrong_inputs=WrongInputs(inputs=10, wrong=None, injections=0, handling="keep"),
        groups={name: found for name, found in groups.items() if found},
        network=others.pop("network", []),
        masking=others.pop("masking", ()),
    )


def write(tmp_path: Path, **changes: Any) -> tuple[str, Page]:
    """Write a report, and parse it."""
    found = statistics(changes.pop("summary", [row()]), changes.pop("bits", BITS))
    content: dict[str, Any] = {"title": "A campaign", "facts": FACTS, "statistics": found} | changes
    out = write_report(tmp_path / "report.html", **content)
    source = out.read_text(encoding="utf-8")
    return source, Page(source)


def test_numbers_are_there(tmp_path: Path) -> None:
    _, page = write(tmp_path)
    for expected in (
        "A campaign",
        "model lenet.onnx seed 42",
        "ab" * 32,
        "conv1/out conv1 Conv bitflip 1000",
        "12.3 % [10.4, 14.5]",
        "60.0 % [56.9, 63.0]",
        "3.0 % [2.1, 4.3]",
    ):
        assert expected in page.text
    titles = [attributes["title"] for tag, attributes in page.tags if attributes.get("title")]
    assert titles == [f"{count} of 1000" for count in (123, 30, 247, 600)]


def test_outcomes_are_defined_in_the_order_of_the_decision(tmp_path: Path) -> None:
    _, page = write(tmp_path)
    definitions = page.text[page.text.index("Definitions of the outcomes") :]
    places = [definitions.index(f" {word} ") for word in ("due", "masked", "sdc", "benign")]
    assert places == sorted(places)


def test_outcome_chart(tmp_path: Path) -> None:
    _, page = write(tmp_path)
    *bars, _, interval = page.charts["outcomes"]["data"]
    assert {bar["name"]: bar["x"] for bar in bars} == {
        "sdc": [pytest.approx(12.3)],
        "due": [pytest.approx(3.0)],
        "benign": [pytest.approx(24.7)],
        "masked": [pytest.approx(60.0)],
    }
    error = interval["error_x"]
    assert isinstance(error, dict)
    rate = Rate.of(123, 1000)
    assert error["array"] == [pytest.approx(100 * (rate.high - rate.share))]
    assert error["arrayminus"] == [pytest.approx(100 * (rate.share - rate.low))]


def test_bit_chart_has_high_bits_on_the_right(tmp_path: Path) -> None:
    _, page = write(tmp_path)
    figure: dict[str, Any] = page.charts["bits"]
    assert all(bar["x"] == [0, 30] for bar in figure["data"])
    assert {str(bar["name"]): bar["y"] for bar in figure["data"]}["sdc"] == [0.0, 50.0]
    assert "annotations" not in figure["layout"]


def test_bit_chart_names_regions_if_told(tmp_path: Path) -> None:
    for dtype, expected in (
        ("float32", {"mantissa": 11.0, "exponent": 26.5, "sign": 31.0}),
        ("int32", {"sign": 31.0}),
        ("uint32", {}),
    ):
        _, page = write(tmp_path, layout=bit_layout(np.dtype(dtype)))
        layout = page.charts["bits"]["layout"]
        assert isinstance(layout, dict)
        assert {note["text"]: note["x"] for note in layout["annotations"]} == expected
        assert layout["xaxis"]["range"] == [-0.6, 31.6]


def test_without_bits_a_sentence_stands_for_the_chart(tmp_path: Path) -> None:
    _, page = write(tmp_path, bits=[])
    assert list(page.charts) == ["outcomes"]
    assert "flips exactly one bit" in page.text


def test_without_injections(tmp_path: Path) -> None:
    source, page = write(tmp_path, summary=[], bits=[], facts={})
    assert "no injections yet" in page.text
    assert page.scripts == []
    assert len(source) < 10_000


def test_labels_tell_rows_apart(tmp_path: Path) -> None:
    rows = [
        row(),
        row(model="zero"),
        row(target="conv1/bias"),
        row(target="softmax/out", layer=None),
        row(target="x" * 300, layer=None),
    ]
    _, page = write(tmp_path, summary=rows)
    layout = page.charts["outcomes"]["layout"]
    assert isinstance(layout, dict)
    labels = layout["yaxis"]["ticktext"]
    assert labels[:4] == [
        "conv1 (conv1/out) · bitflip",
        "conv1 (conv1/out) · zero",
        "conv1 (conv1/bias) · bitflip",
        "softmax/out · bitflip",
    ]
    assert len(labels[4]) < 60
    assert "x" * 300 in page.text


def test_the_network_the_other_groupings_and_faults_are_told(tmp_path: Path) -> None:
    shares = {"sdc": WeightedRate(0.034, 0.021, 0.047), "sdc5": WeightedRate(0.01, 0.0, 0.02)}
    per_fault = rates(100, masked=50, benign=0, sdc=42, due=8)
    accuracy = Accuracy(Rate.of(900, 1000), Rate.of(800, 1000), Difference(0.1, 0.08, 0.12))
    target = row()
    target = GroupStatistics(target.key, 1000, 100, target.per_inference, per_fault, accuracy)
    found = statistics(
        [target],
        [],
        groups={
            "value_class": [group({"value_class": "flip"}, 8, masked=8, benign=0, sdc=0, due=0)]
        },
        network=[NetworkStatistics("bitflip", 7, 1234, shares)],
    )
    _, page = write(tmp_path, statistics=found)
    assert "bitflip 7 3.4 % [2.1, 4.7] 1.0 % [0.0, 2.0]" in page.text
    assert "Outcomes by value class" in page.text
    assert "flip 8 0.0 %" in page.text
    assert "+10.0 [8.0, 12.0]" in page.text
    assert "Per fault" in page.text
    assert "bitflip 100 42.0 % [32.8, 51.8]" in page.text
    assert "Per fault" not in write(tmp_path)[1].text


def test_places_of_masking_are_told(tmp_path: Path) -> None:
    places = [
        MaskedAt("relu1/out", "Relu", 451, 451 / 900),
        MaskedAt(EVIL, None, 10, 10 / 900),
        MaskedAt(None, None, 30, 30 / 900),
    ]
    masking = [
        TargetMasking("conv1/out", "bitflip", 900, 100, places),
        TargetMasking("fc/out", "bitflip", 1000, 0, [MaskedAt(None, None, 7, 0.007)]),
    ]
    source, page = write(tmp_path, statistics=statistics([row()], [], masking=masking))
    section = page.text[page.text.index("Where injections were masked") :]
    assert "conv1/out bitflip relu1/out Relu 451 of 900 50.1 %" in section
    assert f"{EVIL} 10 of 900 1.1 % only at the outputs 30 of 900 3.3 %" in section
    assert EVIL not in source
    assert "fc/out" not in section
    assert "locations of 100 of 2000 injections are unknown" in section
    assert "Where injections were masked" not in write(tmp_path)[1].text


def test_nothing_is_fetched(tmp_path: Path) -> None:
    source, page = write(tmp_path)
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base")
        assert not {"src", "href", "srcset", "data", "action"} & set(attributes)
    styles = re.findall(r"<style>(.*?)</style>", source, flags=re.DOTALL)
    assert styles
    assert not any("url(" in style or "@import" in style for style in styles)
    assert "default-src 'none'" in source


def test_names_are_escaped(tmp_path: Path) -> None:
    plain = write(tmp_path)[1]
    evil = [row(target=EVIL, layer=EVIL, model=EVIL)]
    source, page = write(tmp_path, title=EVIL, facts={EVIL: EVIL}, summary=evil)
    assert [tag for tag, _ in page.tags].count("script") == len(plain.scripts)
    assert EVIL not in source
    assert EVIL in page.text
    # plotly.js reads tags in labels, so they are escaped once more inside its JSON.
    layout = page.charts["outcomes"]["layout"]
    assert isinstance(layout, dict)
    assert "<" not in layout["yaxis"]["ticktext"][0]


def test_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    before = (tmp_path / "report.html").read_bytes()

    def full_disk(self: Path, data: str, encoding: str) -> int:
        self.write_bytes(data.encode(encoding)[:100])
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full_disk)
        with pytest.raises(ConfigurationError, match="no space left"):
            write(tmp_path, title="Another")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_bytes() == before
    write(tmp_path, title="Another")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_same_input_same_bytes(tmp_path: Path) -> None:
    assert write(tmp_path)[0] == write(tmp_path)[0]


def test_makes_the_folder_and_refuses_a_directory(tmp_path: Path) -> None:
    write(tmp_path / "new" / "folder")
    with pytest.raises(ConfigurationError, match="is a directory"):
        write_report(tmp_path, title="", facts={}, statistics=statistics([], []))


@pytest.mark.parametrize("missing", ["jinja2", "plotly"])
def test_missing_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'onnxfi\[report\]'"):
        write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def imports_of(statement: str) -> set[str]:
    """Run a statement in a fresh interpreter, and give the top-level modules imported by it."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_importing_imports_no_extra() -> None:
    assert not {"jinja2", "plotly"} & imports_of("import onnxfi.report")
    # The test itself can fail.
    assert {"jinja2", "plotly"} <= imports_of("import onnxfi.report, jinja2, plotly")
