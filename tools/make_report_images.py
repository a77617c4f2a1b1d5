"""Makes the images of the report that the documentation shows.

Example: python -m tools.make_report_images onnxfi-demo/runs/lenet docs/images
"""

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from onnxfi.report import write_campaign_report
from tools.browser import opened_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Pixels: the answer and the layers, at a width that is readable in a README.
_WIDTH = 1200
_HEIGHT = 760


def make_images(run: Path, folder: Path, browser: "Browser") -> list[Path]:
    """Write report.png and report-dark.png, the top of a report in both colours.

    Args:
        run: the run directory.
        folder: the folder to write to.
        browser: headless Chromium.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    schemes: list[tuple[Literal["light", "dark"], str]] = [
        ("light", "report.png"),
        ("dark", "report-dark.png"),
    ]
    made = []
    with tempfile.TemporaryDirectory() as temporary:
        report = write_campaign_report(run, Path(temporary) / "report.html")
        for scheme, name in schemes:
            page = browser.new_page(
                viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme=scheme
            )
            page.goto(report.as_uri())
            page.screenshot(path=folder / name)
            page.close()
            made.append(folder / name)
    return made


def main() -> None:
    """Make the images of a run directory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    with opened_browser() as browser:
        for path in make_images(arguments.run, arguments.folder, browser):
            print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
