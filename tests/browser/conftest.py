"""A real Chromium, and pages about accounts of several sizes; `make browser` runs these tests."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from repo_backup.cli.commands.page_command import write
from repo_backup.health.status import assess
from repo_backup.page.render import render
from repo_backup.page.run_history import read
from repo_backup.page.view_model import build_page
from repo_backup.store.directory import DirectoryStore
from tests.unit.repo_backup.page.runs import WEEK
from tools.bench.page.history import NEWEST, History

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
SOURCE = "s3://onlinebackup-backupbucket-1x2y3z"
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}

Open = Callable[..., "Page"]


def chromium() -> str:
    """The machine's own Chromium. Fails the test where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    pytest.fail(f"none of {', '.join(NAMES)} is on PATH (Debian: apt-get install chromium)")


def written(store: Path, out: Path, source: str = SOURCE) -> str:
    """The address of the page about a directory, as of the day after its newest run."""
    now, opened = NEWEST + WEEK / 7, DirectoryStore(store)
    found = assess(opened, 5, now, None)
    page = build_page(read(opened), source, now, found.judgement, found.under_way)
    return write(out, render(page)).resolve().as_uri()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """34 repositories, 60 runs, two repositories failed in the last."""
    root = tmp_path_factory.mktemp("small")
    History(34, 60, "partial").write(root / "store")
    return written(root / "store", root / "page")


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    """10,000 repositories, three runs."""
    root = tmp_path_factory.mktemp("large")
    History(10_000, 3).write(root / "store")
    return written(root / "store", root / "page")


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium())
        yield running
        running.close()


@pytest.fixture
def show(browser: "Browser") -> Iterator[Open]:
    """Opens a page; nothing may be asked of a network, and nothing may be complained about."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def asked(request: Any) -> None:
        if not request.url.startswith(("data:", "file:")):
            complaints.append(f"a request to {request.url}")

    def opened(
        address: str,
        width: str = "desktop",
        scheme: Literal["light", "dark"] = "light",
        **more: Any,
    ) -> "Page":
        wide, high = WIDTHS[width]
        context = browser.new_context(
            viewport={"width": wide, "height": high}, color_scheme=scheme, **more
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("request", asked)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
