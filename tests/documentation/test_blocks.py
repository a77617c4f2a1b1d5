"""Every code block of README and docs runs, in order, and prints what the page shows.

`tests/documentation/blocks.py` explains how a page says that a block cannot run.
"""

from pathlib import Path

import pytest

from tests.documentation.blocks import read_blocks
from tests.documentation.running import Page, parse

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "RELEASING.md",
    *sorted(x for x in (ROOT / "docs").rglob("*.md") if x.name != "cli.md"),  # generated
]
BLOCKS = {page: read_blocks(page) for page in PAGES}
LANGUAGES = {"bash", "python", "yaml", "json", "toml", "text", "makefile", "bibtex"}


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def run(page: Path, *, live: bool, numbers: bool = True) -> None:
    state = Page(numbers=numbers)
    for block in BLOCKS[page]:
        if not block.reason and (live or not block.is_live):
            state.run(block)


@pytest.mark.usefixtures("small_work")
def test_the_readme_runs_on_few_injections() -> None:
    run(ROOT / "README.md", live=False, numbers=False)


@pytest.mark.thorough
@pytest.mark.filterwarnings("default")  # of other packages, as for anyone who runs the page
@pytest.mark.parametrize(
    "page", [x for x in PAGES if any(not y.reason and not y.is_live for y in BLOCKS[x])], ids=name
)
@pytest.mark.usefixtures("work")
def test_blocks_run(page: Path) -> None:
    run(page, live=False)


@pytest.mark.live
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("page", [x for x in PAGES if any(y.is_live for y in BLOCKS[x])], ids=name)
@pytest.mark.usefixtures("live", "work")
def test_live_blocks_run(page: Path) -> None:
    run(page, live=True)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_says_what_it_is(page: Path) -> None:
    assert [x.place for x in BLOCKS[page] if x.language not in LANGUAGES] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_blocks_that_cannot_run_are_parsed(page: Path) -> None:
    for block in BLOCKS[page]:
        if block.reason:
            parse(block)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_block_that_cannot_run_says_why(page: Path) -> None:
    assert [x.place for x in BLOCKS[page] if "no-run" in x.info and not x.reason] == []
