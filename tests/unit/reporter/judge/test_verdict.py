"""Success is never claimed for anything that was not verified."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporter.decide.next_step import Ending
from reporter.decide.observation import Marker
from reporter.documents import DamagedError
from reporter.judge.manifest import Archive, Entry, Manifest
from reporter.judge.verdict import Kind, Verdict, doubted, judge

RUN_ID = "2026-11-27T17-00-00Z"
SHA = "a" * 64
KEY = "github_backups/octo/hello.zip"
MARKER = Marker("github_backups/2026-11-27-17-09.txt", RUN_ID, 1, SHA)
GOOD = Entry(1, "octo/hello", "backed-up", "", (), Archive("k", 1, SHA, None, None), False)
BAD = Entry(2, "octo/taken", "failed", "451 DMCA", (), None, False)
MANIFEST = Manifest(RUN_ID, 1, True, ("octo",), (GOOD,), None, 1, 1, 0, (), None)


def verdict(
    manifest: Manifest | None = MANIFEST,
    marker: Marker | None = MARKER,
    ending: Ending = Ending.COMPLETED,
    sha256: str = SHA,
    problems: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
) -> Verdict:
    return judge(ending, "why", RUN_ID, marker, manifest, sha256, problems, known)


def test_a_complete_run_whose_archives_all_check_is_verified() -> None:
    assert verdict().kind is Kind.VERIFIED


def test_a_failed_repository_makes_it_partial_with_its_reason() -> None:
    judged = verdict(replace(MANIFEST, entries=(GOOD, BAD)))
    assert judged.kind is Kind.PARTIAL
    assert judged.problems == ("octo/taken: 451 DMCA",)


def test_a_repository_that_failed_with_its_wiki_counts_once() -> None:
    wiki = replace(BAD, name="octo/taken.wiki", is_wiki=True)
    judged = verdict(replace(MANIFEST, entries=(GOOD, BAD, wiki)))
    assert (len(judged.problems), judged.failed_repositories) == (2, 1)


def test_an_acknowledged_failure_stays_listed_and_no_longer_counts() -> None:
    judged = verdict(replace(MANIFEST, entries=(GOOD, BAD)), known=("OCTO/taken",))
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
        {"manifest": replace(MANIFEST, drill_failures=("k: no such ref",))},
        {"manifest": replace(MANIFEST, entries=(replace(GOOD, archive=None),))},
        {"manifest": replace(MANIFEST, entries=(replace(GOOD, state="?", archive=None),))},
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
    judged = verdict(replace(MANIFEST, entries=(GOOD, BAD)), problems=("octo/hello: gone",))
    assert judged.kind is Kind.UNVERIFIED
    assert judged.problems == ("octo/hello: gone", "octo/taken: 451 DMCA")


LEFT_OUT = replace(GOOD, id=3, name="octo/fork", state="skipped", reason="--no-forks", archive=None)
PASSED = replace(LEFT_OUT, id=4, name="octo/new", reason="not in --only hello", asked=False)
NARROWED = replace(MANIFEST, only=("hello",))


def test_partial_names_what_it_does_not_cover_as_verified_does() -> None:
    known = replace(BAD, id=5, name="octo/old")
    judged = verdict(replace(MANIFEST, entries=(GOOD, BAD, LEFT_OUT, known)), known=("octo/old",))
    assert judged.kind is Kind.PARTIAL
    assert judged.reason == (
        "1 could not be backed up; all others (but for 1 left out by options and 1 known to fail, "
        "named below) are in the bucket, checked."
    )


def test_partial_without_any_archive_does_not_speak_of_others() -> None:
    judged = verdict(replace(MANIFEST, entries=(BAD, LEFT_OUT)))
    assert judged.kind is Kind.PARTIAL
    assert "of all that GitHub lists (but for 1 left out" in judged.reason
    assert "all others" not in judged.reason


@pytest.mark.parametrize(
    "entries", [(), (LEFT_OUT,), (replace(BAD, state="empty"),)], ids=["none", "left out", "empty"]
)
def test_a_run_that_left_nothing_in_the_bucket_is_not_verified(entries: tuple[Entry, ...]) -> None:
    judged = verdict(replace(MANIFEST, entries=entries))
    assert judged.kind is Kind.UNVERIFIED
    assert judged.problems == (f"octo: {len(entries)} repositories listed, no archive",)
    assert "check" in judged.advice


def test_known_failures_alone_leave_nothing_verified() -> None:
    assert verdict(replace(MANIFEST, entries=(BAD,)), known=("octo/taken",)).kind is Kind.UNVERIFIED


def test_a_narrowed_run_claims_nothing_of_what_it_passed_over() -> None:
    kept = replace(GOOD, id=6, name="octo/kept", state="skipped", asked=False)
    judged = verdict(replace(NARROWED, entries=(GOOD, kept)))
    assert judged.kind is Kind.VERIFIED
    assert "of the others is in the bucket too, as it was then" in judged.reason
    assert "Everything that GitHub lists" not in judged.reason


def test_a_narrowed_run_is_no_better_than_what_was_unsaved() -> None:
    judged = verdict(replace(NARROWED, entries=(GOOD, PASSED)))
    assert (judged.kind, judged.unsaved) == (Kind.PARTIAL, 1)
    assert judged.problems == ("octo/new: not in --only hello, and nothing of it is saved",)


def test_a_narrowed_run_leaves_a_failure_a_failure_unless_it_is_known() -> None:
    before = replace(NARROWED, entries=(GOOD, replace(BAD, asked=False)))
    judged = verdict(before)
    assert (judged.kind, judged.failed_repositories) == (Kind.PARTIAL, 1)
    assert judged.problems == ("octo/taken: 451 DMCA (not tried this time)",)
    assert verdict(before, known=("octo/taken",)).kind is Kind.VERIFIED


def test_what_a_standing_option_leaves_out_is_no_problem_of_a_narrowed_run() -> None:
    assert verdict(replace(NARROWED, entries=(GOOD, LEFT_OUT))).kind is Kind.VERIFIED


def test_a_drill_that_could_not_be_done_is_no_damaged_archive() -> None:
    judged = verdict(replace(MANIFEST, drill_undone=("k: no disk",)))
    assert judged.kind is Kind.VERIFIED
    assert "VolumeSizeGiB" in judged.advice


@pytest.mark.parametrize("ending", [ending for ending in Ending if ending is not Ending.COMPLETED])
def test_a_run_that_did_not_complete_is_called_by_its_ending(ending: Ending) -> None:
    assert verdict(ending=ending).kind == ending.value


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
WHOLE = {
    "schema": 1,
    "run_id": RUN_ID,
    "attempt": 1,
    "complete": True,
    "owners": ["octo"],
    "totals": {"bytes_uploaded": 1, "bytes_stored": 1},
    "repositories": [
        {
            "id": 1,
            "owner": "octo",
            "name": "hello",
            "state": "backed-up",
            "archive": {
                "key": KEY,
                "bytes": 1,
                "sha256": SHA,
                "version_id": "v",
                "checksum": {"algorithm": "CRC64NVME", "type": "FULL_OBJECT", "value": "x="},
            },
            "wiki": {"state": "absent", "archive": None},
        }
    ],
    "drill": {"checked": [{"key": "k", "ok": False, "reason": "refs"}], "never_drilled": 3},
}


def test_what_a_narrowed_run_passed_over_is_read_with_its_wiki() -> None:
    repository = {**WHOLE["repositories"][0], "asked": False}  # type: ignore[index]
    read = Manifest.read({**WHOLE, "only": ["x*"], "repositories": [repository]})
    assert read.only == ("x*",)
    assert [entry.asked for entry in read.entries] == [False, False]


def test_a_drill_is_good_bad_or_was_not_done() -> None:
    checked = [
        {"key": "a", "ok": True, "reason": None},
        {"key": "b", "ok": False, "reason": "refs"},
        {"key": "c", "ok": None, "reason": "no disk"},
    ]
    read = Manifest.read({**WHOLE, "drill": {"checked": checked}})
    assert (read.drilled, read.drill_failures, read.drill_undone) == (
        3,
        ("b: refs",),
        ("c: no disk",),
    )


def test_a_manifest_is_read_with_archives_wikis_and_drill() -> None:
    read = Manifest.read(WHOLE)
    archive = Archive(KEY, 1, SHA, "v", ("CRC64NVME", "x="))
    assert read.entries == (
        Entry(1, "octo/hello", "backed-up", "", (), archive, False),
        Entry(1, "octo/hello.wiki", "absent", "", (), None, True),
    )
    assert (read.drilled, read.drill_failures, read.never_drilled) == (1, ("k: refs",), 3)


@given(st.sampled_from(sorted(WHOLE)), json_values)
def test_a_damaged_manifest_raises_nothing_but_its_own_error(field: str, value: object) -> None:
    try:
        Manifest.read(json.loads(json.dumps({**WHOLE, field: value})))
    except DamagedError:
        return
