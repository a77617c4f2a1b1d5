"""The report of a campaign as a browser's parser sees it."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from onnxfi.campaign import replay
from onnxfi.errors import ConfigurationError, MissingExtraError
from onnxfi.report import write_campaign_report
from tests.support.made_run import make_run
from tests.support.pages.page import Page, hash_of

EVIL = "</script><b>&'\"\x07"
HEADINGS = ["layers", "bits", "patterns", "changes", "next", "about"]


def records(**changes: Any) -> list[dict[str, Any]]:
    """Return 100 bit flips in conv, 30 of them SDC in bit 30, and 100 zeros without SDC."""
    flips = [{"outcome": "sdc", "top1": 3, "max_absolute_error": float(x)} for x in range(30)]
    flips += [{"bit": [x % 20]} for x in range(70)]
    zeros = [{"error_model": "zero", "bit": None, "target": "relu"}] * 100
    return [{**x, **changes} for x in flips + zeros]


def write(like: Path, folder: Path, rows: list[dict[str, Any]], **configuration: Any) -> Page:
    """Write the report of made-up records, and parse it."""
    run = make_run(like, folder / "run", rows, **configuration)
    return Page(write_campaign_report(run, folder / "report.html").read_text(encoding="utf-8"))


def test_the_answer_comes_first(finished: Path, tmp_path: Path) -> None:
    text = write(finished, tmp_path, records()).text
    first = text.index(
        "A single bit flip (bitflip) causes SDC in 30.0 % [21.9, 39.6] of inferences"
    )
    assert first < text.index("SDC is silent data corruption: the top class differs from the")
    assert first < text.index("Outcomes by target")
    assert "come from exponent bit 30" in text
    assert "zero caused no SDC in 100 inferences: the rate is at most 3.7 %" in text


def test_targets_stand_in_the_order_of_the_network(finished: Path, tmp_path: Path) -> None:
    rows = [{"target": x, "outcome": "sdc"} for x in ("scores", "relu", "conv", "elsewhere")]
    ids = [x for x in write(finished, tmp_path, rows).ids if x.startswith("target-")]
    assert ids == ["target-conv", "target-relu", "target-scores", "target-elsewhere"]


def test_every_link_leads_somewhere(finished: Path, tmp_path: Path) -> None:
    page = write(finished, tmp_path, records(layer="first"))
    assert len(set(page.ids)) == len(page.ids)
    links = [(x["href"] or "")[1:] for tag, x in page.tags if tag == "a"]
    labels = [
        y
        for _, x in page.tags
        for name in ("aria-labelledby", "aria-controls")
        for y in (x.get(name) or "").split()
    ]
    assert {*links, *labels} <= {*page.ids}
    assert {"answer", "layers", "bits", "next", "about", "target-conv-bitflip"} <= {*page.ids}


def test_anchors_are_the_same_in_every_report(finished: Path, tmp_path: Path) -> None:
    first, second = (
        write(finished, tmp_path / name, rows)
        for name, rows in (("a", records()), ("b", [*records(), *records(outcome="due")]))
    )
    stable = {x for x in first.ids if not x.startswith("injection-")}
    assert stable <= {*second.ids}


def test_nothing_is_fetched_and_one_script_may_run(finished: Path, tmp_path: Path) -> None:
    page = write(finished, tmp_path, records())
    assert page.requests == []
    assert "default-src 'none'" in page.source
    assert [hash_of(x) for x in page.scripts] == [page.allowed_script]
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page.source)


def test_names_are_escaped(finished: Path, tmp_path: Path) -> None:
    plain = write(finished, tmp_path / "plain", records())
    names = {"target": EVIL, "layer": EVIL, "error_model": EVIL, "pattern": EVIL, "op_type": EVIL}
    page = write(finished, tmp_path / "evil", records(**names))
    assert [x for x, _ in page.tags].count("script") == 1
    assert "b" not in {tag for tag, x in page.tags if not x}
    assert page.scripts == plain.scripts
    assert EVIL not in page.source
    assert "\x07" not in page.source
    assert page.rows["table-targets"][1][0].startswith("</script><b>&'\"")


def test_error_models_are_never_pooled(finished: Path, tmp_path: Path) -> None:
    rows = [*records(pattern="line"), *records(error_model="other", pattern="line")]
    page = write(finished, tmp_path, rows)
    tables = {x for x in page.rows if x not in ("table-worst",)}
    assert {"table-targets", "table-operators", "table-patterns", "table-protect"} <= tables
    for name in tables:
        headings = page.rows[name][0]
        assert "error model" in headings, name
        for row in page.rows[name][1:]:
            assert row[headings.index("error model")] in ("bitflip", "zero", "other")


def test_the_worst_injections_can_be_run_again(finished: Path, tmp_path: Path) -> None:
    page = write(finished, tmp_path, records())
    headings, first, *others = page.rows["table-worst"]
    assert len(others) == 9
    shown = dict(zip(headings, first, strict=True))
    assert shown["run it again"].startswith(f"onnxfi campaign replay {tmp_path / 'run'} --id 29")
    assert shown["golden → faulty"] == "0 → 3"
    assert shown["fault"] == "bit 30"


def test_sections_without_content_are_left_out(finished: Path, tmp_path: Path) -> None:
    page = write(finished, tmp_path, [{"bit": None, "error_model": "zero"}] * 3)
    assert "bits" not in page.ids
    assert "patterns" not in page.ids
    assert "No more injections" not in page.text


def test_the_page_needs_no_script_to_be_read(finished: Path, tmp_path: Path) -> None:
    page = write(finished, tmp_path, records())
    hidden = [x for _, x in page.tags if "hidden" in x]
    assert hidden == []
    for tag, attributes in page.tags:
        if tag in ("button", "select") and "no-js" not in (attributes.get("class") or ""):
            assert tag == "select"  # within tools that are shown by the script
    assert all(not name.startswith("on") for _, x in page.tags for name in x)


def test_small_campaigns_make_small_pages(finished: Path, tmp_path: Path) -> None:
    page = write(finished, tmp_path, records())
    assert len(page.source.encode()) < 150_000


def test_faults_that_meet_several_inputs(finished: Path, tmp_path: Path) -> None:
    rows = [
        {"fault_id": x // 4, "outcome": "sdc" if x % 4 == 0 and x < 20 else "masked"}
        for x in range(40)
    ]
    injections = {"per_target": 10, "inputs_per_fault": 4}
    page = write(finished, tmp_path, rows, injections=injections)
    headings, row = page.rows["table-faults"]
    shown = dict(zip(headings, row, strict=True))
    assert shown["faults"] == "10"
    assert shown["sdc"].startswith("50.0")
    assert "Each fault meets several inputs" in page.text


@pytest.mark.thorough
def test_outputs_of_the_worst_injections(finished: Path, tmp_path: Path) -> None:
    def fail(directory: str, injection: int) -> Any:
        raise ConfigurationError("the model is elsewhere")

    for name, again, expected in (("a", replay, True), ("b", fail, False), ("c", None, False)):
        out = write_campaign_report(finished, tmp_path / name, replay=again)
        page = Page(out.read_text(encoding="utf-8"))
        assert ("figure-worst" in page.ids) is expected
        assert page.requests == []


@pytest.mark.thorough
def test_same_records_same_bytes(finished: Path, tmp_path: Path) -> None:
    first, second = (
        write_campaign_report(finished, tmp_path / name).read_bytes() for name in ("a", "b")
    )
    assert first == second


def test_the_file_appears_whole_or_not_at_all(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "new" / "report.html"
    before = write_campaign_report(finished, out).read_bytes()

    def full_disk(self: Path, data: bytes) -> int:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full_disk)
        with pytest.raises(ConfigurationError, match="no space left"):
            write_campaign_report(finished, out)
    assert out.read_bytes() == before
    assert [x.name for x in out.parent.iterdir()] == ["report.html"]
    with pytest.raises(ConfigurationError, match="is a directory"):
        write_campaign_report(finished, tmp_path)


def test_a_missing_extra(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'onnxfi\[report\]'"):
        write_campaign_report(finished, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.thorough
def test_importing_imports_no_extra() -> None:
    code = "import sys, onnxfi.report.page.campaign_page\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"jinja2", "markupsafe", "plotly", "vl_convert"} & set(done.stdout.split())
