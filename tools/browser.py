"""Opens pages in headless Chromium, for tests and for the images of the documentation."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """Return the path of Chromium; the variable CHROMIUM may name one.

    Raises:
        SystemExit: there is none.
    """
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise SystemExit(
            "This needs Chromium, and none was found. Install it, for example with `apt-get "
            "install chromium`, or name one in the variable CHROMIUM."
        )
    return found


@contextmanager
def opened_browser() -> Iterator["Browser"]:
    """Open headless Chromium through playwright, which is in the extra browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium as root, as in containers, has no sandbox; the pages are our own.
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
