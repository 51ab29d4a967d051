"""The table of sections is what the documentation shows."""

from collections.abc import Iterator
from pathlib import Path

from repo_backup.hosts.github.accounts.sections import OF_ORGANIZATIONS, OF_USERS
from repo_backup.hosts.github.data.sections import SECTIONS, SETTINGS

DOCUMENTATION = Path(__file__).parents[6] / "docs" / "project-data.md"
_404 = {
    "complete": "there is none",
    "failed": "failed",
    "not-permitted": "not permitted",
    "switched-off": "switched off",
}


def rows() -> Iterator[str]:
    """The rows of the documentation's table."""
    for name, source in SECTIONS.items():
        where = f"`{source.endpoint}`" + ("" if source.endpoint.startswith("/") else " (GraphQL)")
        cells = (f"`{name}`", where, source.permission, source.increment, _404[source.absent])
        yield f"| {' | '.join(cells)} |"
    for name, setting in SETTINGS.items():
        endpoints = (setting.endpoint or "/", setting.each, *(each for _, each in setting.others))
        where = ", ".join(f"`{endpoint}`" for endpoint in endpoints if endpoint)
        right = setting.permission + ("" if setting.scope == "repo" else f" (`{setting.scope}`)")
        cells = (f"`settings.{name}`", where, right, "weekly", _404[setting.absent])
        yield f"| {' | '.join(cells)} |"


def test_the_documentation_has_a_row_for_each_section() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8").splitlines()
    assert [row for row in rows() if row not in text] == []


def account_rows() -> Iterator[str]:
    """The rows of the table of accounts' data."""
    for whose, sources in (("organizations", OF_ORGANIZATIONS), ("users", OF_USERS)):
        for name, source in sources.items():
            further = (each.path.replace("{1}", "{}") for each in source.each.values())
            endpoints = (source.endpoint, source.detail, *further)
            where = ", ".join(f"`{each.replace('{1}', '{}')}`" for each in endpoints if each)
            items = ", `ProjectV2.items` (GraphQL)" if source.items else ""
            own = ", the account's own token" if source.own else ""
            right = f"{source.permission} (`{source.scope}`){own}"
            yield f"| {' | '.join((f'`account.{name}`', where + items, right, whose))} |"


def test_the_documentation_has_a_row_for_each_section_of_accounts() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8").splitlines()
    assert [row for row in account_rows() if row not in text] == []
