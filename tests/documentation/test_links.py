"""The pages name files, modules, links and anchors that exist."""

import re
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import onnxfi

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(x for x in (ROOT / "docs").rglob("*.md") if x.name != "cli.md"),  # generated
]
# Their examples name files that the reader is to write.
EXAMPLES = ("add-a-metric.md", "add-an-error-model.md", "translate-a-keras-layer.md")
GENERATED = (ROOT / "docs/reference/cli.md",)
PATH = re.compile(r"`((?:onnxfi|converters|error_models|tests|tools|docs)/[\w/.]*)`")
PROGRAM = re.compile(r"python -m (tools[\w.]*)")


def links(text: str) -> list[str]:
    """Return the targets of links and images that are not addresses."""
    inline = [x for x in MarkdownIt("commonmark").enable("table").parse(text) if x.children]
    found = [y.attrGet("href") or y.attrGet("src") for x in inline for y in x.children or []]
    return [str(x) for x in found if x and ":" not in str(x)]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    headings = [y.content for x, y in pairwise(tokens) if x.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", x).strip().lower().replace(" ", "-") for x in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda x: x.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    missing = []
    for link in links(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        place = (page.parent / path).resolve() if path else page
        if place in GENERATED:
            continue
        if not place.exists() or (anchor and anchor not in anchors(place)):
            missing.append(link)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda x: x.relative_to(ROOT).as_posix())
def test_what_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = () if page.name in (*EXAMPLES, "CHANGELOG.md") else PATH.findall(text)
    missing = [x for x in named if not (ROOT / x).exists()]
    missing += [x for x in PROGRAM.findall(text) if find_spec(x) is None]
    assert missing == []


def test_what_is_missing_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# A, *b* and c\n\n[a](b.md#c) [c](https://c.org)\n\n| ![d](e.png) |\n|---|\n")
    assert anchors(page) == {"a-b-and-c"}
    assert links(page.read_text()) == ["b.md#c", "e.png"]
    assert PATH.findall("see `onnxfi/none.py` and `tools/`") == ["onnxfi/none.py", "tools/"]
    assert PROGRAM.findall("python -m tools.check_cuda") == ["tools.check_cuda"]


def test_the_reference_covers_the_public_names() -> None:
    text = "".join(x.read_text(encoding="utf-8") for x in (ROOT / "docs/reference").glob("*.md"))
    assert [x for x in onnxfi.__all__ if f"::: onnxfi.{x}\n" not in text] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 200
