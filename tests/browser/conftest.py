"""Opens reports in headless Chromium."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from onnxfi.report import write_campaign_report, write_comparison_report
from tests.support.made_run import make_run
from tools.browser import opened_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EVIL = "</script><b>resnet50/stage_4_block_2_shortcut_convolution/Conv2D_output"

#: Opens a page with options of the browser's context, such as the viewport.
Open = Callable[..., "Page"]


def _records() -> list[dict[str, Any]]:
    """Return two error models at 30 targets with awkward names."""
    rows: list[dict[str, Any]] = []
    for number in range(30):
        target = {"target": f"{EVIL}_{number}", "layer": f"layer{number}", "target_bits": 1000}
        for k in range(20):
            sdc = k < number % 7
            bits = {"bit": [30 if sdc else k], "indices": [k]}
            answer = {"outcome": "sdc", "top1": 3, "max_absolute_error": 1.5} if sdc else {}
            rows.append({**target, **bits, **answer, "error_model": "bitflip:bit=any"})
            line = {"bit": None, "pattern": "same_row", "error_model": "spatial:model=auto"}
            due = {"outcome": "due", "due_reason": "nan"} if k == 0 else {}
            rows.append({**target, **line, **answer, **due})
    return rows


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Give headless Chromium."""
    with opened_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def pages(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give the report of a campaign with awkward names, and the comparison of two campaigns."""
    folder = tmp_path_factory.mktemp("pages")
    run = make_run(finished, folder / "run", _records())
    other = make_run(finished, folder / "other", _records()[::2])
    return {
        "report": write_campaign_report(run, folder / "report.html"),
        "comparison": write_comparison_report(run, other, folder / "compare.html"),
    }


@pytest.fixture
def open_page(browser: "Browser", pages: dict[str, Path]) -> Iterator[Open]:
    """Open a page; fail if it writes to the console or requests anything."""
    complaints: list[str] = []
    contexts = []

    def open_(name: str, **options: Any) -> "Page":
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url))
        page.goto(pages[name].as_uri())
        assert complaints.pop(0) == pages[name].as_uri()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
