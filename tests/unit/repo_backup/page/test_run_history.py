"""What all runs left is read run by run, and nothing that is found there is trusted."""

import json
from dataclasses import replace

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import ItemResult, Manifest, OrphanedArchive
from backup_contract.documents.parts.upstream import upstream_of
from backup_contract.kinds import GIT
from repo_backup.health.status import assess
from repo_backup.page.repository_status import repository_statuses, unnamed_archives
from repo_backup.runtime.errors import FatalError
from repo_backup.store.directory import DirectoryStore
from tests.unit.repo_backup.page.runs import Runs, entry, passed_over


def histories(runs: Runs) -> dict[str, str]:
    return {each.entry.full_name: each.letters.decode() for each in runs.read().repositories}


def statuses(runs: Runs) -> dict[str, str]:
    return {each.entry.name: each.status.value for each in repository_statuses(runs.read())}


def test_a_history_has_a_letter_for_every_run(runs: Runs) -> None:
    runs.add(entry(1), entry(2, "empty"), entry(3, "skipped"))
    runs.add(entry(1, "unchanged"), entry(2, "failed"), entry(3, "skipped"), verdict="partial")
    runs.add(verdict="missed", manifest=False)
    runs.add(entry(1, "unchanged"), entry(2))
    assert histories(runs) == {"octo/repo-1": "bu-u", "octo/repo-2": "ef-b", "octo/repo-3": "ss-."}


def test_uploads_are_counted_to_the_run_that_made_them(runs: Runs) -> None:
    first = "2026-11-06T17-00-00Z"
    assert runs.add(entry(1, run_id=first)) == first
    runs.add(entry(1, "unchanged", run_id=first))
    (repository,) = runs.read().repositories
    assert repository.uploads == {0: 1000}


def test_runs_are_in_the_order_of_their_beginning_whatever_they_are_named(runs: Runs) -> None:
    runs.add(entry(1))
    named = runs.root / "runs" / "a-name-of-its-own"
    (runs.root / "runs" / runs.add(entry(1, "unchanged"))).rename(named)
    document = json.loads((named / "manifest.json").read_bytes())
    (named / "manifest.json").write_text(json.dumps({**document, "run_id": named.name}))
    last = runs.add(entry(1, "failed"))
    assert [run.id for run in runs.read().runs] == [runs.ids[0], named.name, last]
    assert histories(runs) == {"octo/repo-1": "buf"}


def test_a_renamed_repository_keeps_its_history_and_says_what_it_was_called(runs: Runs) -> None:
    runs.add(entry(1, name="old"))
    runs.add(entry(1, name="new"))
    (repository,) = runs.read().repositories
    assert repository.entry.full_name == "octo/new"
    assert repository.former_names == {"octo/old"}
    assert repository.letters == b"bb"
    assert unnamed_archives(runs.read()) == []


def test_the_newest_runs_can_be_asked_for_alone(runs: Runs) -> None:
    for _ in range(3):
        runs.add(entry(1))
    runs.add(manifest=False, verdict="missed")
    assert [run.id for run in runs.read(newest=2).runs] == runs.ids[1:]


def test_what_the_reporter_objected_to_is_no_good_backup(runs: Runs) -> None:
    runs.add(entry(1), entry(2))
    problem = "octo/repo-1: github_backups/octo/repo-1.zip is not in the bucket"
    runs.add(entry(1), entry(2), verdict="unverified", problems=[problem])
    assert histories(runs) == {"octo/repo-1": "bx", "octo/repo-2": "bb"}
    assert statuses(runs) == {"repo-1": "not to be trusted", "repo-2": "backed up"}
    assert repository_statuses(runs.read())[0].last_good == 0


def test_nothing_of_a_run_whose_manifest_was_not_believed_is_good(runs: Runs) -> None:
    runs.add(entry(1), entry(2), verdict="unverified")
    assert histories(runs) == {"octo/repo-1": "x", "octo/repo-2": "x"}


def test_an_archive_that_a_restore_drill_found_bad_is_no_good_backup(runs: Runs) -> None:
    run_id = runs.add(entry(1), entry(2), verdict=None)
    path = runs.root / "runs" / run_id / "manifest.json"
    checked = [{"key": "github_backups/octo/repo-2.zip", "ok": False, "reason": "SHA-256 differs"}]
    document = {**json.loads(path.read_bytes()), "drill": {"ok": False, "checked": checked}}
    path.write_text(json.dumps(document))
    assert statuses(runs) == {"repo-1": "backed up", "repo-2": "not to be trusted"}


def test_an_archive_that_is_gone_or_another_is_noticed(runs: Runs) -> None:
    runs.add(entry(1), entry(2), entry(3))
    (runs.root / "github_backups/octo/repo-1.zip").unlink()
    runs.put("github_backups/octo/repo-2.zip", b"another")
    assert statuses(runs) == {
        "repo-1": "archive missing",
        "repo-2": "archive missing",
        "repo-3": "backed up",
    }


def test_while_a_run_is_under_way_archives_may_be_newer_than_any_manifest(runs: Runs) -> None:
    runs.add(entry(1))
    runs.add(manifest=False, verdict=None)
    runs.put(f"runs/{runs.ids[-1]}/progress.json", b'{"phase": "backing-up"}')
    runs.put("github_backups/octo/repo-1.zip", b"newer")
    assert statuses(runs) == {"repo-1": "backed up"}


def test_a_repository_that_disappeared_is_no_longer_listed_and_no_problem(runs: Runs) -> None:
    runs.add(entry(1), entry(2))
    runs.add(entry(1, "unchanged"))
    assert statuses(runs) == {"repo-1": "backed up", "repo-2": "no longer listed"}
    unknown = "octo/repo-2 may still be on GitHub: GitHub did not say; "
    assert repository_statuses(runs.read())[1].reason == f"{unknown}its archive is retained."
    (runs.root / "github_backups/octo/repo-2.zip").unlink()
    gone = "github_backups/octo/repo-2.zip is not at the source."
    assert repository_statuses(runs.read())[1].reason == unknown + gone


@pytest.mark.parametrize(
    ("now", "output"),
    [
        ("octo/other", "was renamed to octo/other"),
        ("them/repo-2", "was transferred to them/repo-2"),
        (None, "is no longer visible on GitHub"),
    ],
)
def test_page_and_status_say_what_github_said_of_one_that_is_no_longer_listed(
    runs: Runs, now: str | None, output: str
) -> None:
    former = entry(2)
    runs.add(entry(1), former)
    run_id = runs.add(entry(1, "unchanged"))
    key = layout.archive("octo", "repo-2")
    kept = OrphanedArchive(key, 2, "octo", "repo-2", GIT, former.git)
    path = runs.root / layout.manifest(run_id)
    manifest = Manifest.from_json(path.read_bytes())
    manifest.kept = [replace(kept, upstream=upstream_of("octo/repo-2", now))]
    path.write_bytes(manifest.to_json())
    line = f"octo/repo-2 {output}; its archive is retained."
    assert repository_statuses(runs.read())[1].reason == line
    assert assess(DirectoryStore(runs.root), 5, runs.soon, None).unlisted == [line]


def test_a_run_of_other_owners_makes_nobody_vanish(runs: Runs) -> None:
    runs.add(entry(1))
    run_id = runs.add(replace(entry(2), owner="other"))
    path = runs.root / "runs" / run_id / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "owners": ["other"]}))
    assert statuses(runs) == {"repo-1": "backed up", "repo-2": "backed up"}


def test_narrowed_runs_leave_each_repository_what_it_was(runs: Runs) -> None:
    before = [entry(1), entry(2, "failed", reason="451"), entry(3, "empty"), entry(4)]
    excluded = entry(5, "skipped", reason="--exclude repo-5")
    runs.add(
        *before,
        excluded,
        verdict="unverified",
        problems=["octo/repo-4: is odd"],
    )
    expected = {
        "repo-1": "backed up",
        "repo-2": "failed",
        "repo-3": "empty",
        "repo-4": "not to be trusted",
        "repo-5": "excluded",
    }
    assert statuses(runs) == expected
    for _ in range(2):
        runs.add(*map(passed_over, before), excluded, only=["x"])
        assert statuses(runs) == expected
    assert repository_statuses(runs.read())[1].reason == "451"


def test_what_narrowed_runs_alone_tell_of_a_repository(runs: Runs) -> None:
    new = passed_over(entry(3, "skipped"))
    runs.add(passed_over(entry(1)), passed_over(entry(2, "failed")), new, only=["x"])
    assert statuses(runs) == {"repo-1": "backed up", "repo-2": "failed", "repo-3": "not saved"}


def test_what_a_narrowed_run_saved_is_mended_and_what_it_found_bad_is_bad(runs: Runs) -> None:
    runs.add(entry(1), entry(2, "failed"), verdict="partial")
    problems = ["octo/repo-1: gone"]
    other = passed_over(entry(1))
    runs.add(other, entry(2), only=["repo-2"], verdict="unverified", problems=problems)
    assert statuses(runs) == {"repo-1": "not to be trusted", "repo-2": "backed up"}


def test_what_a_standing_option_excludes_is_excluded_at_once(runs: Runs) -> None:
    runs.add(entry(1))
    runs.add(entry(1).having(GIT, replace(entry(1).git, state="skipped", reason="--no-forks")))
    assert statuses(runs) == {"repo-1": "excluded"}


def test_a_failure_that_is_known_is_told_apart(runs: Runs) -> None:
    failing = entry(1, "failed", reason="451")
    runs.add(failing, entry(2), acknowledged=["octo/repo-1: 451"])
    assert statuses(runs) == {"repo-1": "known failure", "repo-2": "backed up"}


def test_a_failed_wiki_does_not_make_the_repository_old(runs: Runs) -> None:
    runs.add(entry(1, wiki=ItemResult("failed", "500")), verdict="partial")
    (found,) = repository_statuses(runs.read())
    answer = (found.status.word, found.reason, found.last_good)
    assert answer == ("wiki or project data or LFS list failed", "wiki: 500", 0)


def test_a_source_without_runs_is_named_as_one(runs: Runs) -> None:
    with pytest.raises(FatalError, match=r"there is no backup at this source: check --source$"):
        runs.read()
    runs.put("github_backups/octo/hello.zip", b"")
    with pytest.raises(FatalError, match="only 1 archives without a record"):
        runs.read()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"null",
        b"[]",
        b'{"schema": 2}',
        b"\xff\xfe",
        b'{"schema": 1}',
        b"[" * 100_000,
        b'{"schema": 1, "verdict": "<b>", "reported_at": "2026-11-27T17:00:00Z"}',
        b'{"schema": 1, "verdict": "verified", "reported_at": 5}',
    ],
)
def test_damaged_documents_are_named_and_left_out(runs: Runs, damage: bytes) -> None:
    good = runs.add(entry(1))
    bad = runs.add(entry(1, "unchanged"))
    runs.put(f"runs/{bad}/manifest.json", damage)
    runs.put(f"runs/{bad}/report.json", damage)
    found = runs.read()
    assert [each.partition(":")[0] for each in found.unreadable] == [
        f"runs/{bad}/report.json",
        f"runs/{bad}/manifest.json",
    ]
    assert [run.id for run in found.runs] == [good, bad]
    assert histories(runs) == {"octo/repo-1": "b-"}


WRONG_TYPES = {
    "id": "one",
    "owner": None,
    "name": 5,
    "state": ["backed-up"],
    "reason": 7,
    "warnings": [1],
    "archive": {"key": 1, "bytes": 1, "sha256": "", "run_id": "r"},
    "wiki": "yes",
}


@pytest.mark.parametrize(("name", "value"), WRONG_TYPES.items())
def test_entries_of_other_types_are_not_believed(runs: Runs, name: str, value: object) -> None:
    run_id = runs.add(entry(1))
    path = runs.root / "runs" / run_id / "manifest.json"
    document = json.loads(path.read_bytes())
    document["repositories"][0][name] = value
    path.write_text(json.dumps(document))
    found = runs.read()
    assert found.repositories == ()
    assert found.unreadable[0].startswith(f"runs/{run_id}/manifest.json: ")
