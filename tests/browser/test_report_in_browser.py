"""The report and the comparison in headless Chromium."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Open
from tools.make_report_images import make_images

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}}
DESKTOP = {"viewport": {"width": 1400, "height": 1000}}


def texts(page: "Page", selector: str) -> list[str]:
    """Return the texts of the visible elements that a selector finds."""
    found = page.locator(selector).locator("visible=true").all_inner_texts()
    return [x.replace("\N{NO-BREAK SPACE}", " ") for x in found]


def overflows(page: "Page") -> bool:
    """Return whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize(
    ("name", "scheme", "size"),
    [
        ("report", "light", PHONE),
        ("report", "dark", DESKTOP),
        ("comparison", "dark", PHONE),
        ("comparison", "light", DESKTOP),
    ],
)
def test_axe_finds_nothing_serious(
    open_page: Open, name: str, scheme: str, size: dict[str, Any]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(name, color_scheme=scheme, **size)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    found = Axe().run(page).response["violations"]
    assert [(x["impact"], x["id"], x["nodes"][0]["html"]) for x in found] == []
    assert not overflows(page)


def test_tables_sort(open_page: Open) -> None:
    page = open_page("report", **DESKTOP)
    first = "#table-targets tbody tr >> nth=0"
    heading = page.locator("#table-targets thead th", has_text="sdc")
    before = page.locator(first).inner_text()
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    cells = page.locator("#table-targets tbody tr td:nth-child(3)")
    highest = [float(x) for x in cells.evaluate_all("cells => cells.map(cell => cell.dataset.v)")]
    assert highest == sorted(highest, reverse=True)
    assert highest[0] > highest[-1]
    heading.get_by_role("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    page.locator("#table-targets thead th").first.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") is None
    assert page.locator(first).inner_text() == before


def test_tables_filter(open_page: Open) -> None:
    page = open_page("report", **DESKTOP)
    tools = page.locator('.tools[data-table="table-targets"]')
    rows = "#table-targets tbody tr"
    assert len(texts(page, rows)) == 60
    page.keyboard.press("/")
    page.keyboard.type("LAYER1 spatial")
    assert len(texts(page, rows)) == 11  # layer1, layer10 to layer19
    assert tools.locator("output").inner_text() == "11 of 60 rows"
    page.keyboard.press("Escape")
    assert len(texts(page, rows)) == 60
    tools.locator("select").select_option("bitflip:bit=any")
    assert len(texts(page, rows)) == 30


def test_a_command_is_copied(open_page: Open) -> None:
    page = open_page("report", permissions=["clipboard-read", "clipboard-write"], **DESKTOP)
    row = page.locator("#table-worst tbody tr").first
    row.get_by_role("button").click()
    page.wait_for_function("document.querySelector('#table-worst .copy').textContent === 'Copied'")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == row.locator("code").inner_text()
    assert copied.startswith("onnxfi campaign replay ")


def test_links_lead_into_folds(open_page: Open, pages: dict[str, Path]) -> None:
    page = open_page("report", **DESKTOP)
    page.locator("nav a", has_text="What next?").click()
    assert page.url.endswith("#next")
    row = page.locator("#table-targets tbody tr").nth(40)
    row.hover()
    row.locator("a").click()
    assert page.evaluate("location.hash.slice(1)") == row.get_attribute("id")
    page.evaluate("location.hash = 'table-bits'")
    page.wait_for_function("document.getElementById('table-bits').closest('details').open")


def test_the_theme_is_kept(open_page: Open) -> None:
    page = open_page("report", color_scheme="light", **DESKTOP)

    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = background()
    page.get_by_role("button", name="Dark colours").click()
    dark = background()
    assert dark != light
    page.emulate_media(media="print")
    assert background() in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    page.emulate_media(media="screen")
    assert background() == dark
    page.get_by_role("button", name="Light colours").click()
    assert background() == light


def test_the_keyboard_reaches_everything(open_page: Open) -> None:
    page = open_page("report", **DESKTOP)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(70):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName"))
        shown = page.evaluate(
            "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
            " || document.activeElement === document.body"
        )
        assert shown, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    assert {"A", "BUTTON", "INPUT", "SELECT", "DIV", "SUMMARY"} <= reached


def test_without_scripts_all_is_there(open_page: Open) -> None:
    page = open_page("report", java_script_enabled=False, **DESKTOP)
    assert len(texts(page, "#table-targets tbody tr")) == 60
    assert texts(page, "button") == []
    assert texts(page, ".tools") == []


def test_a_phone_shows_pictures_of_its_own(open_page: Open) -> None:
    page = open_page("report", **PHONE)
    assert page.locator("#figure-bits .drawing:visible").count() == 1
    assert page.locator("#figure-bits .narrow:visible").count() == 1
    size = page.locator("#figure-bits .narrow text").first.evaluate(
        "(text) => text.getBoundingClientRect().height"
    )
    assert size >= 9  # pixels
    assert page.locator("#table-targets tbody td").nth(1).is_visible()


def test_paper(open_page: Open, tmp_path: Path) -> None:
    page = open_page("report", color_scheme="dark", **DESKTOP)
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert texts(page, "nav, .copy, .tools, .skip") == []
    assert texts(page, "#table-bits tbody tr")  # in a fold


def test_the_images_of_the_documentation(
    finished: Path, tmp_path: Path, browser: "Browser"
) -> None:
    light, dark = make_images(finished, tmp_path / "images", browser)
    assert (light.name, dark.name) == ("report.png", "report-dark.png")
    assert light.read_bytes() != dark.read_bytes()
    assert all(10_000 < x.stat().st_size < 400_000 for x in (light, dark))
