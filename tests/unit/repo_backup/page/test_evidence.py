"""The auditor's list claims what documents say, and nothing more."""

import csv
import io
from dataclasses import replace

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Archive, ItemResult
from backup_contract.kinds import GIT, WIKI
from repo_backup.page.evidence import as_csv, rows
from tests.unit.repo_backup.page.runs import Runs, entry

FIRST, SECOND = "2026-11-06T17:00:00Z", "2026-11-13T17:00:00Z"


def test_each_repository_has_when_it_was_backed_up_and_verified(runs: Runs) -> None:
    runs.add(entry(1), entry(2))
    runs.add(entry(1), entry(2, "failed", reason="500"), verdict="partial")
    one, two = rows(runs.read())
    assert (one["status"], one["backed_up_at"], one["verified_at"]) == ("backed up", SECOND, SECOND)
    assert (two["status"], two["reason"], two["backed_up_at"]) == ("failed", "500", FIRST)
    assert two["verified_by_run"] == runs.ids[0]


def test_without_a_reporter_or_with_a_bad_verdict_nothing_is_verified(runs: Runs) -> None:
    runs.add(entry(1), verdict=None)
    runs.add(entry(1), verdict="unverified", problems=["octo/repo-2: another version"])
    (row,) = rows(runs.read())
    assert (row["backed_up_at"], row["verified_at"]) == (SECOND, None)


def test_a_drill_and_what_lies_there_are_told_by_kind(runs: Runs) -> None:
    archive = Archive(layout.archive("octo", "repo-1", WIKI), 2500, "1" * 64, "r1", version_id="v")
    drilled = replace(archive, drilled_at=FIRST)
    runs.add(entry(1, wiki=ItemResult("unchanged", archive=drilled)))
    git, wiki = rows(runs.read())
    assert (git["kind"], git["drilled_at"], git["bytes"]) == (GIT, None, 1000)
    assert (wiki["kind"], wiki["drilled_at"], wiki["sha256"]) == (WIKI, FIRST, "1" * 64)
    assert (wiki["archive"], wiki["version_id"]) == (archive.key, "v")


def test_a_kind_that_may_have_failed_in_a_run_is_not_called_backed_up_by_it(runs: Runs) -> None:
    runs.add(entry(1, wiki=ItemResult("failed", "500")), verdict="partial")
    git, wiki = rows(runs.read())
    assert git["backed_up_at"] == FIRST
    assert (wiki["status"], wiki["reason"], wiki["backed_up_at"]) == ("failed", "500", None)


def test_no_cell_of_the_csv_is_a_formula_or_breaks_its_line(runs: Runs) -> None:
    runs.add(entry(1, "failed", reason='=HYPERLINK("x")\n,y'), verdict="partial")
    table = list(csv.DictReader(io.StringIO(as_csv(rows(runs.read())))))
    assert len(table) == 1
    assert table[0]["reason"].startswith("'=HYPERLINK")
    assert table[0]["backed_up_at"] == ""
