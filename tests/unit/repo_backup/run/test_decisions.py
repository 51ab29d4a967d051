"""Pure decisions: what is left out, what clashes, what shrank, what is drilled, what is written."""

import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain
from backup_contract.documents.manifest import (
    Archive,
    Entry,
    Item,
    ItemResult,
    Manifest,
    OrphanedArchive,
)
from backup_contract.documents.parts.entries import Identity, by_identity
from backup_contract.kinds import GIT, WIKI
from backup_contract.moments import iso, run_id_of
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.github.remote import repository_of
from repo_backup.kinds.base import Kind
from repo_backup.kinds.git.wiki import wiki_url
from repo_backup.kinds.registry import KINDS
from repo_backup.restore import drill
from repo_backup.run import key_ownership as keys
from repo_backup.run import listing
from repo_backup.run.selection import Selection

HELLO = RemoteRepository(
    1, "octo", "hello", False, False, False, 100, True, "https://h/octo/hello.git"
)
FIRST, SECOND = Identity("github.com", 1), Identity("github.com", 2)
USUAL, OWN = "github_backups/octo/hello.zip", "github_backups/octo/hello~2.zip"


def only_git(remote: RemoteRepository) -> list[Kind]:
    """What is backed up of a repository with --no-wikis."""
    return [KINDS[GIT]]


def test_only_the_trailing_git_of_an_address_makes_the_wikis() -> None:
    dotted = replace(HELLO, name="octo.github.io", clone_url="https://h/octo/octo.github.io.git")
    assert wiki_url(dotted) == "https://h/octo/octo.github.io.wiki.git"


@pytest.mark.parametrize("name", ["..", ".", "a/b", "", "a b", "a\0b", "\u00e9"], ids=range(7))
def test_a_name_that_must_not_become_a_path_is_refused(name: str) -> None:
    item = {"id": 1, "owner": {"login": "octo"}, "name": name}
    item |= {"private": False, "fork": False, "clone_url": "u"}
    assert "unsafe" in (repository_of(item).refused or "")


@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        (Selection(), None),
        (Selection(only=("hel*",)), None),
        (Selection(only=("OCTO/hello",)), None),
        (Selection(only=("other",)), "not in --only other"),
        (Selection(exclude=("x", "h*")), "--exclude h*"),
        (Selection(max_size_kib=99), "--max-size: 100 KiB"),
        (Selection(forks=False, archived=False), None),
    ],
)
def test_what_is_left_out(selection: Selection, reason: str | None) -> None:
    assert selection.skip_reason(HELLO) == reason


def test_forks_and_archived_ones_are_left_out_on_request() -> None:
    assert Selection(forks=False).skip_reason(replace(HELLO, fork=True)) == "--no-forks"
    assert Selection(archived=False).skip_reason(replace(HELLO, archived=True)) == "--no-archived"


@pytest.mark.parametrize(
    ("folded", "key"),
    [(False, "github_backups/octo/Hello.zip"), (True, "github_backups/octo/Hello~2.zip")],
)
def test_names_that_differ_in_case_share_a_key_nowhere(folded: bool, key: str) -> None:
    both = [HELLO, replace(HELLO, id=2, name="Hello")]
    found = keys.archive_keys(both, {}, {}, kinds_of=only_git, folded=folded)
    assert found[FIRST, GIT] == keys.Key("github_backups/octo/hello.zip")
    assert found[SECOND, GIT].text == key


@pytest.mark.parametrize(
    ("owner", "before", "key"),
    [
        (None, None, USUAL),
        (1, USUAL, USUAL),
        (7, None, OWN),
        (7, OWN, OWN),
        (None, OWN, OWN),
    ],
    ids=["free", "its own", "another's", "another's still", "free again"],
)
def test_a_key_is_whose_archive_was_recorded_there(
    owner: int | None, before: str | None, key: str
) -> None:
    key_owners = {} if owner is None else {USUAL: _kept(owner, USUAL)}
    entries = by_identity([_archived(2, before)] if before else [])
    if owner == 1:
        key_owners, entries = {USUAL: _kept(2, USUAL)}, by_identity([_archived(2, before or "")])
    found = keys.archive_keys(
        [replace(HELLO, id=2)], key_owners, entries, kinds_of=only_git, folded=False
    )
    assert found[SECOND, GIT].text == key
    assert (found[SECOND, GIT].reason is None) is (owner != 7)


def test_two_that_changed_names_overwrite_neither_archive() -> None:
    swapped = [replace(HELLO, id=1, name="b"), replace(HELLO, id=2, name="a")]
    key_owners = {f"github_backups/octo/{n}.zip": _kept(i, n) for i, n in ((1, "a"), (2, "b"))}
    found = keys.archive_keys(swapped, key_owners, {}, kinds_of=only_git, folded=False)
    assert found[FIRST, GIT].text == "github_backups/octo/b~1.zip"
    assert found[SECOND, GIT].text == "github_backups/octo/a~2.zip"


@pytest.mark.parametrize(
    ("before", "now", "shrunk"),
    [(10, 4, True), (10, 5, False), (4, 0, True), (3, 1, True), (2, 1, False), (1, 0, True)],
)
def test_less_than_half_of_last_times_listing_is_an_error(
    before: int, now: int, shrunk: bool
) -> None:
    remotes = [replace(HELLO, id=number) for number in range(now)]
    assert bool(listing.shrunk(remotes, {"octo": before})) is shrunk


@pytest.mark.parametrize(
    ("remotes", "selection", "has_token", "output"),
    [
        ([HELLO], Selection(), False, None),
        ([], Selection(), False, "without a token only public repositories are seen: give GITHUB"),
        ([], Selection(), True, "GitHub lists no repository of octo; give a token"),
        ([HELLO], Selection(exclude=("*",)), True, "exclude all 1 repositories: 1 (--exclude *)"),
        ([HELLO], Selection(only=("x",)), True, "no repository matches --only x"),
    ],
)
def test_a_run_of_nothing_at_all_is_objected_to(
    remotes: list[RemoteRepository], selection: Selection, has_token: bool, output: str | None
) -> None:
    found = listing.objection(remotes, ["octo"], selection, allow_none=False, has_token=has_token)
    assert (found is None) if output is None else output in (found or "")


def test_an_account_that_is_empty_can_be_accepted() -> None:
    assert listing.objection([], ["octo"], Selection(), allow_none=True, has_token=True) is None


def _kept(number: int, key: str) -> OrphanedArchive:
    archive = Archive(key, 1, "0" * 64, "r0")
    return OrphanedArchive(key, number, "octo", "former", GIT, ItemResult("kept", archive=archive))


def _archived(number: int, key: str) -> Entry:
    part = ItemResult("backed-up", archive=Archive(key, 1, "0", "r0"))
    return Entry(number, "octo", "hello", False, False, False, {GIT: part})


def _entry(number: int, size: int, run_id: str = "r1", drilled: str | None = None) -> Entry:
    key = layout.archive("o", str(number))
    archive = Archive(key, size, "0" * 64, run_id, drilled_at=drilled)
    results = {GIT: ItemResult("backed-up", archive=archive)}
    return Entry(number, "o", str(number), False, False, False, results)


def _items(entries: list[Entry]) -> list[Item]:
    return [item for entry in entries for item in entry.items]


def test_the_drill_takes_the_largest_change_and_those_never_drilled() -> None:
    entries = [_entry(n, n, "old", "2026-01-01T00:00:00Z") for n in range(50)]
    entries += [_entry(90, 5, "new"), _entry(91, 9, "new"), _entry(92, 1, "old")]
    chosen = drill.choose(drill.candidates(_items(entries)), "new", 10**9, random.Random(1), 2)
    assert chosen[0].archive.key == "github_backups/o/91.zip"
    assert {each.archive.key for each in chosen[1:]} == {
        "github_backups/o/90.zip",
        "github_backups/o/92.zip",
    }


def test_the_drill_leaves_out_what_the_disk_has_no_room_for() -> None:
    found = drill.candidates(_items([_entry(1, 1000)]))
    assert drill.choose(found, "r1", 2000, random.Random(1), 2) == []


def test_a_chain_is_drilled_as_one_and_counts_as_changed_by_the_run_that_added_to_it() -> None:
    plain = _entry(1, 20, "new", "2026-01-02T00:00:00Z")
    entry = _entry(2, 10, "old", "2026-01-02T00:00:00Z")
    chain = Chain("0" * 12, 2, 15, 1, "0" * 64, "new", None, 0)
    chained = entry.having(GIT, replace(entry.git, chain=chain))
    found = drill.candidates(_items([plain, chained]))
    assert [each.bytes for each in drill.choose(found, "new", 100, random.Random(1), 0)] == [25]
    assert [each.bytes for each in drill.choose(found, "new", 50, random.Random(1), 0)] == [20]


def test_drills_read_every_archive_within_a_year_however_many_are_stored_anew() -> None:
    monday, day = datetime(2026, 1, 5, tzinfo=UTC), timedelta(days=1)
    entries = [_entry(n, 1, run_id_of(monday), iso(monday)) for n in range(60)]
    read: dict[str, int] = dict.fromkeys(
        (each.git.archive.key for each in entries if each.git.archive), 0
    )
    for week in range(1, 53):
        now = monday + 7 * week * day
        # Six archives are replaced in each run, and nobody has read the new ones.
        entries[:6] = [_entry(n, 1, run_id_of(now)) for n in range(6)]
        found = drill.candidates(_items(entries))
        for each in drill.choose(found, "", 100, random.Random(week), drill.at_a_time(60)):
            read[each.archive.key] = week
            number = int(each.item.entry.name)
            entries[number] = _entry(number, 1, each.archive.run_id, iso(now))
    assert min([*read.values()][6:]) > 0


@pytest.mark.parametrize(
    ("days", "runs"), [(None, 52), (0, 52), (1, 52), (7, 52), (30, 12), (200, 1), (900, 1)]
)
def test_where_runs_are_rarer_than_weekly_a_drill_reads_more(days: int | None, runs: int) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    drilled = None if days is None else iso(now - timedelta(days=days))
    found = drill.candidates(_items([_entry(1, 1), _entry(2, 1, "r1", drilled)]))
    assert drill.runs_a_year(found, now) == runs
    assert drill.at_a_time(520, runs) == 1 + -(-520 // runs)


@pytest.mark.parametrize(("archives", "drawn"), [(1, 2), (52, 2), (53, 3), (10_000, 194)])
def test_a_year_of_drills_reaches_every_archive(archives: int, drawn: int) -> None:
    assert drill.at_a_time(archives) == drawn


def test_what_is_kept_is_what_no_entry_names_and_none_to_come_may_name() -> None:
    key_owners = {
        key: _kept(number, key) for number, key in enumerate(("o/a", "o/b", "o/c", "p/d"))
    }
    entries = by_identity([_archived(1, "o/b"), _archived(2, "o/c")])
    mine = {key: each for key, each in key_owners.items() if key[0] == "o"}
    found = keys.KeyOwners(mine, {FIRST: ["o/b"], SECOND: ["o/c"]})
    assert [each.key for each in found.kept({})] == ["o/a"]
    assert [each.key for each in found.kept(entries)] == ["o/a"]
    assert [each.key for each in found.kept({**entries, FIRST: _archived(1, "o/new")})] == [
        "o/a",
        "o/b",
    ]


def test_a_manifest_reads_back_as_it_was_written() -> None:
    moment = datetime(2026, 11, 27, 17, tzinfo=UTC)
    wiki = ItemResult("absent", seconds=0.1)
    entries = by_identity([_entry(1, 10), _entry(2, 20).having(WIKI, wiki)])
    manifest = Manifest("r1", 2, ["octo"], moment, entries, 2, moment, True, "soon", None, ["e"])
    again = Manifest.from_json(manifest.to_json())
    assert again == manifest
    assert again.totals["bytes_uploaded"] == 30
    manifest.kept = [
        _kept(7, layout.archive("o", "k")),
        replace(_kept(8, layout.archive("o", "gone")), kind=WIKI, result=ItemResult("kept")),
    ]
    again = Manifest.from_json(manifest.to_json())
    assert again == manifest
    assert again.totals["bytes_stored"] == 31


def test_what_was_found_in_an_archive_stays_with_it() -> None:
    remarked = Archive(
        layout.archive("o", "n"), 1, "0" * 64, "r1", remarks=("malformed history: badTimezone (1)",)
    )
    part = ItemResult("unchanged", archive=remarked)
    entry = Entry(1, "o", "n", False, False, False, {GIT: part})
    manifest = Manifest("r2", 1, ["o"], datetime.now(UTC), by_identity([entry]), 1)
    assert Manifest.from_json(manifest.to_json()).entries[FIRST].git.archive == remarked


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"schema": 2}', b'{"schema": 1}'])
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        Manifest.from_json(data)


def test_a_manifest_of_ten_thousand_repositories_is_written_in_no_time() -> None:
    entries = by_identity(_entry(number, number) for number in range(10_000))
    manifest = Manifest("r1", 1, ["o"], datetime.now(UTC), entries, 10_000)
    started = time.process_time()
    data = manifest.to_json()
    Manifest.from_json(data)
    assert time.process_time() - started < 5
    assert len(data) < 10_000_000
