"""The data of accounts has rows of its own, which count as no repositories."""

from dataclasses import replace

from backup_contract.documents.manifest import Archive, Entry, ItemResult, Manifest, by_identity
from backup_contract.documents.parts.accounts import account_entry
from backup_contract.kinds import ACCOUNT
from repo_backup.page.render import render
from repo_backup.page.repository_status import Tone
from tests.unit.repo_backup.page.runs import FIRST, WEEK, Runs, entry

KEY = "github_backups/octo/~account.zip"
SAVED = account_entry(
    "octo", ItemResult("backed-up", archive=Archive(KEY, 3000, "0" * 64, "earlier"))
)


def failed(account: Entry) -> Entry:
    before = account.results[ACCOUNT]
    reason = "account.teams failed (GitHub answers 502)"
    return account.having(ACCOUNT, replace(before, state="failed", reason=reason))


def add(runs: Runs, account: Entry) -> None:
    """A run of one repository and this account."""
    run_id = runs.add(entry(1), verdict=None)
    moment = FIRST + WEEK * (len(runs.ids) - 1)
    manifest = Manifest(run_id, 1, ["octo"], moment, by_identity([entry(1)]), 1, moment, True)
    manifest.accounts = by_identity([account])
    runs.put(f"runs/{run_id}/manifest.json", manifest.to_json())
    runs.put(KEY, b"x" * 3000)


def test_an_account_has_a_row_with_the_command_that_restores_it(runs: Runs) -> None:
    add(runs, SAVED)
    page = runs.page()
    (row,) = page.accounts
    assert (row.name, row.word, row.tone) == ("octo", "backed up", Tone.GOOD)
    assert (row.bytes, row.saved_at) == (3000, FIRST)
    assert [each.name for each in page.repositories] == ["octo/repo-1"]
    html = render(page).decode()
    assert '<h2 id="accounts-title">Account data</h2>' in html
    assert "repo-backup restore octo --account --source s3://bucket --into ." in html


def test_an_account_that_is_not_complete_is_named_and_its_last_good_backup_stays(
    runs: Runs,
) -> None:
    add(runs, SAVED)
    add(runs, failed(SAVED))
    page = runs.page()
    (row,) = page.accounts
    assert (row.word, row.saved_at) == ("not complete", FIRST)
    (concern,) = [each for each in page.concerns if "ccount" in each.title]
    assert concern.title == "Account data of 1 account is not complete"
    assert concern.lines == (("octo", "account.teams failed (GitHub answers 502)"),)
    newest = page.runs[0].run
    assert newest.reason == (
        "The data of 1 account is not complete; all repositories are backed up."
    )


def test_an_account_whose_archive_is_gone_is_missing(runs: Runs) -> None:
    add(runs, SAVED)
    (runs.root / KEY).unlink()
    (row,) = runs.page().accounts
    assert (row.word, row.tone) == ("archive missing", Tone.BAD)


def test_a_page_of_runs_without_accounts_has_no_such_table(runs: Runs) -> None:
    runs.add(entry(1))
    assert "accounts-title" not in render(runs.page()).decode()
