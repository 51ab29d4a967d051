"""Makes the pictures in docs/page/: ``python -m tests.browser.screenshots``."""

import tempfile
from pathlib import Path
from typing import Literal

from tests.browser.conftest import WIDTHS, chromium, written
from tools.bench.page.history import History

FOLDER = Path(__file__).parents[2] / "docs" / "page"
SHOTS: tuple[tuple[str, str, Literal["light", "dark"], str], ...] = (
    ("now", "desktop", "light", ""),
    ("runs", "desktop", "dark", "#runs"),
    ("repository", "desktop", "light", "#repositories"),
    ("phone-now", "phone", "dark", ""),
    ("phone-repository", "phone", "light", "#repositories"),
)
"""Name, width, colours, and the section to scroll to; at the repositories one is opened."""


def main() -> None:
    """Write them all."""
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        History(34, 60, "partial").write(Path(name) / "store")
        address = written(Path(name) / "store", Path(name) / "page")
        browser = playwright.chromium.launch(executable_path=chromium())
        for title, width, scheme, section in SHOTS:
            wide, high = WIDTHS[width]
            page = browser.new_page(viewport={"width": wide, "height": high}, color_scheme=scheme)
            page.clock.set_fixed_time("2026-11-21T18:00:00Z")
            page.goto(address)
            if section == "#repositories":
                page.locator("#table .open").first.click()
            if section:
                page.locator(section).evaluate("section => section.scrollIntoView()")
            page.screenshot(path=FOLDER / f"{title}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
