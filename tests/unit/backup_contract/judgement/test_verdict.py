"""Success is never claimed for anything that was not verified."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from backup_contract.documents.date_marker import Marker
from backup_contract.documents.manifest import (
    Archive,
    Drill,
    DrilledArchive,
    Entry,
    ItemResult,
    Manifest,
    State,
)
from backup_contract.documents.parts.entries import Identity, by_identity
from backup_contract.judgement.object_problems import NO_OBJECT_PROBLEMS, ObjectProblems
from backup_contract.judgement.verdict import Kind, Verdict, doubted, judge
from backup_contract.kinds import GIT, WIKI
from reporter.decide.next_step import Ending

RUN_ID = "2026-11-27T17-00-00Z"
SHA = "a" * 64
KEY = "github_backups/octo/hello.zip"
NOW = datetime(2026, 11, 27, 17, tzinfo=UTC)
MARKER = Marker("github_backups/2026-11-27-17-09.txt", RUN_ID, 1, SHA)


def entry(
    number: int, name: str, state: State, reason: str | None = None, *, asked: bool = True
) -> Entry:
    """A repository without an archive."""
    results = {GIT: ItemResult(state, reason)}
    return Entry(number, "octo", name, False, False, False, results, asked)


def by_id(*entries: Entry) -> dict[Identity, Entry]:
    """As a manifest holds them."""
    return by_identity(entries)


SAVED = ItemResult("backed-up", archive=Archive(KEY, 1, SHA, RUN_ID))
GOOD = entry(1, "hello", "backed-up").having(GIT, SAVED)
BAD = entry(2, "taken", "failed", "451 DMCA")
MANIFEST = Manifest(RUN_ID, 1, ["octo"], NOW, by_id(GOOD), 1, NOW, complete=True)
BAD_DRILL = Drill((DrilledArchive("k", False, "no such ref"),))


def verdict(
    manifest: Manifest | None = MANIFEST,
    marker: Marker | None = MARKER,
    ending: Ending = Ending.COMPLETED,
    sha256: str = SHA,
    problems: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
    chains: tuple[str, ...] = (),
    objects: ObjectProblems = NO_OBJECT_PROBLEMS,
) -> Verdict:
    return judge(
        *(ending, "why", RUN_ID, marker, manifest, sha256, problems, known),
        chain_problems=chains,
        object_problems=objects,
    )


def test_a_complete_run_whose_archives_all_check_is_verified() -> None:
    assert verdict().kind is Kind.VERIFIED


def test_a_failed_repository_makes_it_partial_with_its_reason() -> None:
    judged = verdict(replace(MANIFEST, entries=by_id(GOOD, BAD)))
    assert judged.kind is Kind.PARTIAL
    assert judged.problems == ("octo/taken: 451 DMCA",)


def test_a_repository_that_failed_with_its_wiki_counts_once() -> None:
    both = BAD.having(WIKI, BAD.git)
    judged = verdict(replace(MANIFEST, entries=by_id(GOOD, both)))
    assert (len(judged.problems), judged.failed_repositories) == (2, 1)


def test_an_acknowledged_failure_stays_listed_and_no_longer_counts() -> None:
    judged = verdict(replace(MANIFEST, entries=by_id(GOOD, BAD)), known=("OCTO/taken",))
    assert judged == Verdict(Kind.VERIFIED, judged.reason, (), ("octo/taken: 451 DMCA",))


@pytest.mark.parametrize(
    "doubt",
    [
        {"manifest": None},
        {"marker": None},
        {"sha256": "b" * 64},
        {"manifest": replace(MANIFEST, complete=False)},
        {"manifest": replace(MANIFEST, run_id="2026-11-20T17-00-00Z")},
        {"manifest": replace(MANIFEST, attempt=2)},
        {"manifest": replace(MANIFEST, drill=BAD_DRILL)},
        {"manifest": replace(MANIFEST, entries=by_id(entry(1, "hello", "backed-up")))},
        {"manifest": replace(MANIFEST, entries=by_id(entry(1, "hello", "unchanged")))},
        {"problems": ("octo/hello: k is not in the bucket",)},
    ],
)
def test_any_doubt_about_the_evidence_makes_it_unverified(doubt: dict[str, Any]) -> None:
    assert verdict(**doubt).kind is Kind.UNVERIFIED


@pytest.mark.parametrize("kind", Kind)
def test_a_doubt_takes_back_a_success_and_nothing_else(kind: Kind) -> None:
    success = kind in (Kind.VERIFIED, Kind.PARTIAL)
    judged = doubted(Verdict(kind, "why", ("a problem",)))
    assert judged.kind is (Kind.UNVERIFIED if success else kind)
    assert judged.problems == ("a problem",)


def test_an_archive_problem_outweighs_a_failed_repository_and_both_are_listed() -> None:
    judged = verdict(replace(MANIFEST, entries=by_id(GOOD, BAD)), problems=("octo/hello: gone",))
    assert judged.kind is Kind.UNVERIFIED
    assert judged.problems == ("octo/hello: gone", "octo/taken: 451 DMCA")


CHAIN = "octo/hello: github_backups/octo/hello+0.0001.zip is not in the bucket"


def test_overlays_that_changed_make_it_partial_and_name_no_repository_as_failed() -> None:
    judged = verdict(chains=(CHAIN,))
    assert (judged.kind, judged.problems, judged.failed_repositories) == (Kind.PARTIAL, (CHAIN,), 0)
    assert judged.reason == (
        "1 chain of overlays is not what earlier runs were checked with; "
        "all others are in the bucket, and were checked."
    )
    assert "find out who can write to the bucket" in judged.advice
    assert verdict(problems=("k",), chains=(CHAIN,)).problems == ("k", CHAIN)


LEFT_OUT = entry(3, "fork", "skipped", "--no-forks")
PASSED = entry(4, "new", "skipped", "not in --only hello", asked=False)
NARROWED = replace(MANIFEST, only=["hello"])


def test_partial_names_what_it_does_not_cover_as_verified_does() -> None:
    known = replace(BAD, id=5, name="old")
    judged = verdict(
        replace(MANIFEST, entries=by_id(GOOD, BAD, LEFT_OUT, known)), known=("octo/old",)
    )
    assert judged.kind is Kind.PARTIAL
    assert judged.reason == (
        "1 repository could not be backed up; all others (except 1 excluded by options and 1 known "
        "to fail, named below) are in the bucket, and were checked."
    )


def test_partial_without_any_archive_does_not_speak_of_others() -> None:
    judged = verdict(replace(MANIFEST, entries=by_id(BAD, LEFT_OUT)))
    assert judged.kind is Kind.PARTIAL
    assert "of all that GitHub lists (except 1 excluded" in judged.reason
    assert "all others" not in judged.reason


@pytest.mark.parametrize(
    "entries", [(), (LEFT_OUT,), (entry(2, "x", "empty"),)], ids=["none", "left out", "empty"]
)
def test_a_run_that_left_nothing_in_the_bucket_is_not_verified(entries: tuple[Entry, ...]) -> None:
    judged = verdict(replace(MANIFEST, entries=by_id(*entries)))
    assert judged.kind is Kind.UNVERIFIED
    assert judged.problems == (f"octo: {len(entries)} repositories listed, no archive",)
    assert "check" in judged.advice


def test_known_failures_alone_leave_nothing_verified() -> None:
    assert (
        verdict(replace(MANIFEST, entries=by_id(BAD)), known=("octo/taken",)).kind
        is Kind.UNVERIFIED
    )


def test_a_narrowed_run_claims_nothing_of_what_it_passed_over() -> None:
    skipped = {GIT: replace(SAVED, state="skipped")}
    kept = replace(GOOD, id=6, name="kept", results=skipped, asked=False)
    judged = verdict(replace(NARROWED, entries=by_id(GOOD, kept)))
    assert judged.kind is Kind.VERIFIED
    assert "The other repositories are in the bucket as earlier runs saved them" in judged.reason
    assert "Everything that GitHub lists" not in judged.reason


def test_a_narrowed_run_is_no_better_than_what_was_unsaved() -> None:
    judged = verdict(replace(NARROWED, entries=by_id(GOOD, PASSED)))
    assert (judged.kind, judged.unsaved) == (Kind.PARTIAL, 1)
    assert judged.problems == ("octo/new: not in --only hello, and nothing of it is saved",)


def test_a_narrowed_run_leaves_a_failure_a_failure_unless_it_is_known() -> None:
    before = replace(NARROWED, entries=by_id(GOOD, replace(BAD, asked=False)))
    judged = verdict(before)
    assert (judged.kind, judged.failed_repositories) == (Kind.PARTIAL, 1)
    assert judged.problems == ("octo/taken: 451 DMCA (not tried this time)",)
    assert verdict(before, known=("octo/taken",)).kind is Kind.VERIFIED


def test_what_a_standing_option_leaves_out_is_no_problem_of_a_narrowed_run() -> None:
    assert verdict(replace(NARROWED, entries=by_id(GOOD, LEFT_OUT))).kind is Kind.VERIFIED


def test_a_drill_that_could_not_be_done_is_no_damaged_archive() -> None:
    judged = verdict(replace(MANIFEST, drill=Drill((DrilledArchive("k", None, "no disk"),))))
    assert judged.kind is Kind.VERIFIED
    assert "VolumeSizeGiB" in judged.advice


def test_large_files_that_only_the_drill_misses_are_judged_as_the_reporter_judges_them() -> None:
    line = "k.objects.json is missing"
    lacking = DrilledArchive("k", False, line, large_files=True)
    drilled = verdict(replace(MANIFEST, drill=Drill((lacking,))))
    reported = verdict(objects=ObjectProblems(lists=(line,)))
    assert drilled.kind is reported.kind is Kind.PARTIAL
    assert drilled.advice == reported.advice
    assert drilled.problems == (f"restore drill failed: k: {line}",)
    assert drilled.reason.startswith("1 archive lacks large files or the list of them; all repos")
    both = replace(MANIFEST, drill=Drill((lacking,)))
    judged = verdict(both, objects=ObjectProblems(lists=(line,)))
    assert judged.reason == reported.reason
    assert judged.problems == (line, f"restore drill failed: k: {line}")


def test_a_damaged_archive_outweighs_large_files_that_are_missing() -> None:
    lacking = DrilledArchive("l", False, "l.objects.json is missing", large_files=True)
    judged = verdict(replace(MANIFEST, drill=Drill((*BAD_DRILL.checked, lacking))))
    assert judged.kind is Kind.UNVERIFIED
    assert judged.reason == "1 archive in the bucket is not what the backup put there."
    assert len(judged.problems) == 2


@pytest.mark.parametrize("ending", [ending for ending in Ending if ending is not Ending.COMPLETED])
def test_a_run_that_did_not_complete_is_called_by_its_ending(ending: Ending) -> None:
    assert verdict(ending=ending).kind == ending.value
