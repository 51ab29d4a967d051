"""When rewritten history looks like an attack, what covers it, and what a program reads of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import Archive, Entry, ItemResult, Manifest, by_identity
from backup_contract.documents.parts.results import read_result
from backup_contract.documents.parts.rewrites import Rewrite, RewriteKind, Rewrites
from backup_contract.documents.suspicion import Suspicion, frozen, still_open
from backup_contract.judgement.rewrites import alarm, rewrite_lines, rewritten, suspicion

_RUN = "2026-11-27T17-00-00Z"
_FORCED = Rewrite("refs/heads/main", RewriteKind.FORCED_BRANCH, "a" * 40, "b" * 40)
_GONE = Rewrite("refs/tags/v1", RewriteKind.DELETED_TAG, "a" * 40)
_BY = replace(_FORCED, by="mallory", at="2026-11-26T03:00:00Z")
_DEFAULT = Rewrites(_RUN, (_FORCED,), refs_before=9, default_branch=True)


def _entry(number: int, rewrites: Rewrites | None, *, asked: bool = True) -> Entry:
    archive = Archive(layout.archive("octo", f"r{number}"), 1, "c" * 64, _RUN)
    result = ItemResult("backed-up", refs=1, archive=archive, rewrites=rewrites)
    return Entry(number, "octo", f"r{number}", False, False, False, {"git": result}, asked)


def _manifest(*found: Rewrites | None) -> Manifest:
    entries = [_entry(number, each) for number, each in enumerate(found, 1)]
    return Manifest(_RUN, 1, ["octo"], datetime(2026, 11, 27, tzinfo=UTC), by_identity(entries))


def test_each_rewrite_is_a_line_and_counts() -> None:
    manifest = _manifest(Rewrites(_RUN, (_FORCED, _GONE), more=3, refs_before=9, undecided=1))
    assert rewritten(manifest) == 5
    assert rewrite_lines(manifest) == [
        "octo/r1: branch main was forced from aaaaaaaaaaaa to bbbbbbbbbbbb",
        "octo/r1: tag v1 was deleted, it was at aaaaaaaaaaaa",
        "octo/r1: 3 more branches and tags were rewritten or deleted",
        "octo/r1: for 1 branch that moved, finding out whether it was forced took too much",
    ]
    assert suspicion(manifest) is None


def test_who_and_when_follow_where_they_are_known() -> None:
    (line,) = rewrite_lines(_manifest(Rewrites(_RUN, (_BY,))))
    assert line.endswith("bbbbbbbbbbbb, by mallory at 2026-11-26T03:00:00Z")


def test_what_an_earlier_run_found_is_not_told_again() -> None:
    earlier = replace(_DEFAULT, run_id="2026-11-20T17-00-00Z", one_commit=True)
    assert rewritten(_manifest(earlier)) == 0
    assert suspicion(_manifest(earlier)) is None


@pytest.mark.parametrize(
    ("forced", "others", "suspicious"),
    [(2, 0, False), (3, 11, True), (3, 12, False), (4, 15, True)],
)
def test_default_branches_are_suspicious_if_many_and_more_than_a_fifth_were_rewritten(
    forced: int, others: int, *, suspicious: bool
) -> None:
    found = suspicion(_manifest(*[_DEFAULT] * forced, *[None] * others))
    assert bool(found) == suspicious
    if found:
        assert found.keys == frozenset(
            layout.archive("octo", f"r{each}") for each in range(1, forced + 1)
        )


@pytest.mark.parametrize(
    ("lost", "before", "suspicious"),
    [(4, 5, False), (5, 16, True), (5, 17, False), (1, 1, True), (0, 0, False)],
)
def test_a_deletion_is_suspicious_if_it_is_large_or_nothing_is_left(
    lost: int, before: int, *, suspicious: bool
) -> None:
    found = suspicion(_manifest(Rewrites(_RUN, more=lost, refs_before=before, lost=lost)))
    assert bool(found) == suspicious


def test_so_many_suspicious_archives_that_nobody_would_list_them_are_all() -> None:
    ransom = replace(_DEFAULT, one_commit=True)
    found = suspicion(_manifest(*[ransom] * 2001))
    assert found
    assert found.keys is None
    assert frozen([found], "github_backups/octo/any.zip")


def test_an_acknowledgement_covers_its_run_and_earlier_ones() -> None:
    runs = ["2026-11-20T17-00-00Z", _RUN, "2026-12-04T17-00-00Z", "by-hand"]
    suspicions = [Suspicion(each, ("x",), frozenset({f"{each}.zip"})) for each in runs]
    left = still_open([*suspicions, suspicions[0]], {_RUN})
    assert [each.run_id for each in left] == ["2026-12-04T17-00-00Z", "by-hand"]
    assert frozen(left, "by-hand.zip")
    assert not frozen(left, f"{_RUN}.zip")
    assert [each.run_id for each in still_open(suspicions, {"by-hand"})] == runs[:3]


def test_the_alarm_names_the_reasons_and_the_command_that_ends_it() -> None:
    first = Suspicion("2026-11-20T17-00-00Z", ("a", "b"))
    text = alarm([first, Suspicion(_RUN, ("c", "d", "e"))], "./mirrors")
    assert text.startswith("SUSPICIOUS: a (run 2026-11-20T17-00-00Z); b (run")
    assert "; and 2 more. " in text
    assert text.endswith(f"repo-backup acknowledge {_RUN} --source ./mirrors")
    assert alarm([], "") == ""


def test_a_result_is_read_as_it_was_written() -> None:
    result = _entry(1, Rewrites(_RUN, (_BY, _GONE), 1, 9, 2, True, True, 1)).git
    assert read_result(result.document) == result


def test_a_kind_of_a_later_version_is_counted_and_what_is_damaged_is_named() -> None:
    document = _entry(1, Rewrites(_RUN, (_FORCED,))).git.document
    document["rewrites"]["named"][0]["kind"] = "forced-note"
    read = read_result(document).rewrites
    assert read
    assert (read.named, read.count) == ((), 1)
    document["rewrites"]["named"][0]["old"] = "main"
    with pytest.raises(DamagedError, match=r"rewrites.named\[0\].old"):
        read_result(document)


def test_two_attempts_of_a_run_tell_together() -> None:
    both = _DEFAULT.and_(Rewrites(_RUN, (_FORCED, _GONE), lost=1, refs_before=9))
    assert both.named == (_FORCED, _GONE)
    assert (both.default_branch, both.lost) == (True, 1)
    assert _DEFAULT.and_(None) == _DEFAULT
