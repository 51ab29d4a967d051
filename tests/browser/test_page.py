"""The page in a real Chromium: for the eye, the keyboard and the screen reader, wide and narrow."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Archive, ItemResult
from backup_contract.kinds import GIT, WIKI
from repo_backup.page.view_model import restore_command
from tests.browser.conftest import SOURCE, WIDTHS, Open, written
from tests.unit.repo_backup.page.runs import Runs, entry
from tests.unit.repo_backup.page.test_page import HOSTILE

pytestmark = pytest.mark.browser


def violations(page: Any) -> list[str]:
    """What axe complains of, best practices included."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


def names(page: Any) -> list[str]:
    found: list[str] = page.locator("#table .open").all_inner_texts()
    return found


def pasted(page: Any) -> str:
    """What is in the clipboard, pasted as a person does it."""
    page.locator("#query").focus()
    page.keyboard.press("ControlOrMeta+V")
    value: str = page.locator("#query").input_value()
    return value


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing(show: Open, small: str, width: str, scheme: str) -> None:
    page = show(small, width, scheme)
    assert violations(page) == []
    page.locator("#all-runs").click()
    for summary in page.locator("summary").all()[:3]:
        summary.click()
    page.locator("#table .open").nth(5).click()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_all_is_well_and_long(show: Open, large: str, scheme: str) -> None:
    assert violations(show(large, scheme=scheme)) == []


def test_one_glance_answers(show: Open, small: str) -> None:
    page = show(small)
    assert page.title() == (
        "The newest run, Fri 2026-11-20, ended partial with 2 of 34 failed · OnlineBackup"
    )
    box = page.locator("#now").bounding_box()
    assert box
    assert box["y"] + box["height"] < 400, "seen without scrolling"
    facts = page.locator(".facts").inner_text()
    assert "Fri 2026-11-20" in facts
    assert re.search(r"\d+ days? ago|today", facts)


@pytest.mark.parametrize("wide", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(show: Open, small: str, wide: int) -> None:
    page = show(small)
    page.set_viewport_size({"width": wide, "height": 800})
    page.locator("#table .open").nth(3).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= wide


CUT = """() => {
  const cut = [];
  for (const text of document.querySelectorAll("svg.chart text")) {
    const [own, whole] = [text, text.closest("svg")].map((each) => each.getBoundingClientRect());
    const inside = own.left >= whole.left - 1 && own.right <= whole.right + 1;
    if (!inside || own.bottom > whole.bottom + 1) cut.push(text.textContent);
  }
  for (const date of document.querySelectorAll("span.date"))
    if (date.getClientRects().length > 1) cut.push(date.textContent);
  for (const each of document.querySelectorAll(".scroll"))
    if (each.scrollWidth > each.clientWidth + 1) cut.push(each.textContent.slice(0, 40));
  return cut;
}"""
"""Labels of charts that are not whole, dates on two lines, and tables that are cut."""


def test_on_a_phone_no_label_is_cut_and_no_date_broken(show: Open, small: str) -> None:
    page = show(small, "phone")
    page.locator("#table .open").nth(3).click()
    page.locator("#all-runs").click()
    assert page.locator("svg.chart text").count() > 12
    assert page.evaluate(CUT) == []


def test_searching_narrows_the_table_and_says_so(show: Open, small: str) -> None:
    page = show(small)
    page.get_by_label("Search").press_sequentially("cli OCTO")
    found = names(page)
    assert found
    assert all("cli" in name for name in found)
    output = page.locator("#found")
    assert output.get_attribute("role") == "status"
    assert output.inner_text() == f"{len(found)} of 34 repositories"
    page.get_by_label("Search").fill("no such thing")
    assert names(page) == []
    assert output.inner_text() == "No repository matches."


def test_columns_are_sorted_by_the_keyboard(show: Open, small: str) -> None:
    page = show(small)
    header = page.locator("#table th", has_text="Repository")
    header.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "ascending"
    assert names(page) == sorted(names(page))
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert names(page) == sorted(names(page), reverse=True)
    assert page.locator("[aria-sort]").count() == 1
    page.get_by_label("Order").select_option("-bytes")
    units = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}
    shown = [each.split() for each in page.locator("#table td.number").all_inner_texts()]
    sizes = [float(each[0]) * units[each[1]] for each in shown if len(each) == 2]
    assert sizes == sorted(sizes, reverse=True)


def test_problems_come_first_and_lead_to_their_rows(show: Open, tmp_path: Path) -> None:
    runs = Runs(tmp_path / "store")
    many = [entry(number, "failed", reason="500") for number in range(1, 20)]
    runs.add(*many, *(entry(number) for number in range(20, 60)), verdict="partial")
    page = show(written(tmp_path / "store", tmp_path / "page"))
    assert set(names(page)[:19]) == {f"octo/repo-{number}" for number in range(1, 20)}
    page.get_by_role("link", name="see them all below").click()
    assert len(names(page)) == 19
    assert page.get_by_label("Show").input_value() == "failed"


def test_the_restore_command_is_copied_and_that_is_announced(show: Open, small: str) -> None:
    page = show(small)
    name = names(page)[8]
    row = page.locator("#table .open").nth(8)
    row.focus()
    page.keyboard.press("Enter")
    assert row.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("The command is copied.").wait_for(state="attached")
    assert page.locator("#said").get_attribute("role") == "status"
    assert page.evaluate("document.activeElement.textContent") == "Copied ✓"
    assert page.locator(".command code").first.inner_text() == restore_command(name, SOURCE)
    assert pasted(page) == restore_command(name, SOURCE)


def test_an_earlier_state_has_its_command(show: Open, small: str) -> None:
    page = show(small)
    name = names(page)[8]
    page.locator("#table .open").nth(8).click()
    page.locator(".history").get_by_role("button").last.click()
    page.get_by_text("The command is copied.").wait_for(state="attached")
    words = shlex.split(pasted(page))
    assert words[2] == name
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT17-00-00Z", words[words.index("--run-id") + 1])


def test_a_command_is_quoted_as_a_shell_wants_it(show: Open, tmp_path: Path) -> None:
    source = "/home/o'brien/$(touch x) & `y`"
    Runs(tmp_path / "store").add(entry(1))
    page = show(written(tmp_path / "store", tmp_path / "page", source))
    page.locator("#table .open").click()
    assert page.locator(".command code").inner_text() == restore_command("octo/repo-1", source)


def test_each_kind_that_a_repository_has_is_told_with_its_size_and_command(
    show: Open, tmp_path: Path
) -> None:
    archive = Archive(layout.archive("octo", "repo-1", WIKI), 2500, "0" * 64, "r1")
    Runs(tmp_path / "store").add(entry(1, wiki=ItemResult("unchanged", archive=archive)))
    page = show(written(tmp_path / "store", tmp_path / "page", SOURCE))
    page.locator("#table .open").click()
    assert "its wiki 2.5 kB" in page.locator("#table .more").inner_text()
    commands = [restore_command("octo/repo-1", SOURCE, kind) for kind in (GIT, WIKI)]
    assert page.locator(".command code").all_inner_texts() == commands


def test_hostile_names_are_shown_and_do_nothing(show: Open, tmp_path: Path) -> None:
    runs = Runs(tmp_path / "store")
    texts = [text for text in HOSTILE if "\ud800" not in text]
    for text in texts:
        entries = [entry(n, "failed", name=f"{n}{t}", reason=t) for n, t in enumerate(texts)]
        runs.add(*entries, verdict="partial", problems=[text], reason=text)
    page = show(written(tmp_path / "store", tmp_path / "page"))
    for button in page.locator("#table .open").all():
        button.click()
    assert page.locator("img, iframe, object").count() == 0
    assert page.locator("script").count() == 2
    assert texts[0] in page.locator("#table").inner_text()
    assert "is not restored" not in page.locator("#table").inner_text()
    assert page.locator("#table .command").count() == 0, "such a name has no command"


def test_the_policy_keeps_even_injected_code_from_running(browser: Any, small: str) -> None:
    page = browser.new_page()
    page.goto(small)
    tried = """() => { try {
        const code = document.createElement("script");
        code.textContent = "window.ran = 1";
        document.body.append(code);
      } catch (error) { return error.name; } }"""
    assert page.evaluate(tried) == "TypeError", "a policy of trusted types without any"
    injected = """() => new Promise((resolve) => {
        document.addEventListener("securitypolicyviolation", () => resolve(true));
        document.body.setAttribute("style", "color: red");
        setTimeout(() => resolve(false), 2000); })"""
    assert page.evaluate(injected)
    assert page.evaluate("window.ran === undefined")
    page.close()


def test_colours_follow_the_system_until_somebody_chooses(show: Open, small: str) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light, dark = show(small), show(small, scheme="dark")
    assert light.evaluate(ground) != dark.evaluate(ground)
    button = dark.get_by_role("button", name="Colours")
    button.click()
    assert button.inner_text() == "Colours: light"
    assert dark.evaluate(ground) == light.evaluate(ground)
    dark.reload()
    assert dark.evaluate(ground) == light.evaluate(ground), "it is remembered"


def test_the_first_tab_stop_skips_to_the_content(show: Open, small: str) -> None:
    page = show(small)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_ten_thousand_repositories_are_turned_page_by_page(show: Open, large: str) -> None:
    page = show(large)
    assert len(names(page)) == 50
    first = names(page)
    page.get_by_role("button", name="Next").press("Enter")
    assert page.locator("#pages").inner_text().endswith("page 2 of 200")
    assert not set(first) & set(names(page))
    assert page.evaluate("document.activeElement.textContent") == "Next"
    page.get_by_label("Search").press_sequentially("fjord-cli-77")
    assert names(page)
    assert all("fjord-cli-77" in name for name in names(page))
    assert page.locator("*").count() < 6000, "only what is looked at is there"


def test_without_javascript_the_table_is_there(show: Open, small: str) -> None:
    page = show(small, java_script_enabled=False)
    text = page.locator("noscript").inner_text()
    assert f"repo-backup restore octo/atlas-app --source {SOURCE} --into ." in text
    assert page.locator("#runs-table tbody tr").count() == 60
    assert page.locator("#search").is_hidden()


def test_on_paper_everything_is_there_and_controls_are_not(show: Open, small: str) -> None:
    page = show(small)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#runs-table tbody tr:visible").count() == 60
    assert page.locator("#search").is_hidden()
    assert page.get_by_role("button", name="Colours").is_hidden()
