"""Project data from run to run: what is stored, what stays, and what is told of it."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.data_index import Section
from backup_contract.documents.manifest import Entry, Manifest
from backup_contract.documents.parts.entries import by_identity
from backup_contract.kinds import DATA, GIT
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.kinds.data.salvage import salvage_chain
from repo_backup.kinds.git import compaction
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.base import Blob, Stored
from repo_backup.store.chain_store import find_chain
from repo_backup.store.directory import DirectoryStore
from tests.unit.repo_backup.kinds.data.host import HELLO, KEY, START, MemoryHost, Runs, Versioned


def issue(number: int, title: str = "a") -> dict[str, object]:
    return {"number": number, "title": title, "user": None, "comment_data": []}


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost({f"issues/{number}.json": issue(number) for number in range(1, 6)})


@pytest.fixture
def runs(tmp_path: Path, host: MemoryHost) -> Runs:
    return Runs(tmp_path, host, DirectoryStore(tmp_path / "bucket"))


def files(runs: Runs, name: str) -> dict[str, object]:
    folder = runs.restore(name).path
    return {
        path.relative_to(folder).as_posix(): json.loads(path.read_bytes())
        for path in folder.rglob("*.json")
    }


def named_in(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return set(archive.namelist())


def test_the_first_run_stores_everything_with_an_index(runs: Runs) -> None:
    result = runs.back_up()
    assert (result.state, result.refs, result.reason) == ("backed-up", 5, None)
    assert result.archive
    assert result.archive.key == KEY == "github_backups/octo/hello~data.zip"
    found = files(runs, "restored")
    assert found["issues/3.json"] == issue(3)
    assert found["deleted.json"] == {}
    index = found["index.json"]
    assert isinstance(index, dict)
    assert (index["repository"], index["id"], index["run_id"]) == ("octo/hello", 7, "r1")
    assert index["documents"] == {"issues": 5}
    assert index["sections"]["issues"]["state"] == "complete"


def test_while_nothing_changes_and_nothing_is_due_nothing_is_read(runs: Runs) -> None:
    first = runs.back_up()
    again = runs.back_up(days=0.001)
    assert (again.state, again.archive, len(runs.host.tasks)) == ("unchanged", first.archive, 1)
    assert again.data == first.data


def test_a_change_is_an_overlay_of_what_changed_alone(runs: Runs, tmp_path: Path) -> None:
    runs.back_up()
    runs.host.documents["issues/2.json"] = issue(2, "b")
    runs.host.documents["issues/6.json"] = issue(6)
    result = runs.back_up()
    assert (result.state, result.refs) == ("backed-up", 6)
    assert result.archive
    assert result.chain
    overlay = layout.overlay(KEY, result.chain.id, 1)
    lists = {"hello.data/index.json", "hello.data/deleted.json"}
    changed = {"hello.data/issues/2.json", "hello.data/issues/6.json"}
    assert named_in(tmp_path / "bucket" / overlay) == lists | changed
    assert files(runs, "restored")["issues/2.json"] == issue(2, "b")


def test_what_vanished_stays_with_its_date_also_in_a_new_base(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.store = Versioned(tmp_path / "bucket")
    runs.back_up()
    del runs.host.documents["issues/2.json"]
    grown = runs.back_up()
    assert grown.chain
    when = files(runs, "grown")["deleted.json"]
    assert when == {"issues/2.json": f"{runs.now:%Y-%m-%dT%H:%M:%SZ}"}
    monkeypatch.setattr(compaction, "MOST_LINKS", 1)
    runs.host.documents["issues/7.json"] = issue(7)
    compacted = runs.back_up()
    assert compacted.chain is None
    found = files(runs, "compacted")
    assert (found["deleted.json"], found["issues/2.json"]) == (when, issue(2))


def test_a_renamed_repositorys_new_archive_has_what_only_the_old_one_had(runs: Runs) -> None:
    runs.back_up()
    del runs.host.documents["issues/2.json"]
    runs.remote = replace(HELLO, name="hi")
    result = runs.back_up(key=layout.archive("octo", "hi", DATA))
    assert (result.state, result.chain) == ("backed-up", None)
    restored = runs.restore()
    assert restored.path.name == "hi.data"
    assert (restored.path / "issues/2.json").exists()
    assert not runs.host.tasks[-1].full


def test_what_was_read_without_finding_a_change_is_written_down_alone(runs: Runs) -> None:
    first = runs.back_up()
    runs.host.fingerprint = "a counter went up"
    second = runs.back_up()
    assert (second.state, second.chain, second.archive) == ("unchanged", None, first.archive)
    assert first.data
    assert second.data
    assert second.data.signature != first.data.signature
    assert second.data.settings_read_at == "2026-12-14T17:00:00Z"
    runs.back_up(days=0.001)
    assert len(runs.host.tasks) == 2


def test_a_first_reading_that_breaks_off_is_no_complete_backup_and_goes_on(runs: Runs) -> None:
    runs.host.most = 2
    first = runs.back_up()
    assert first.state == "failed"
    assert first.archive
    assert first.reason == (
        "issues under way, 2 of 5 (the hour's requests are used up); the next run goes on"
    )
    runs.host.most = 1000
    second = runs.back_up(days=0.001)
    assert runs.host.tasks[-1].before["issues"].state == "under-way"
    assert (second.state, second.reason, second.refs) == ("backed-up", None, 5)


def test_a_long_first_reading_is_stored_in_parts_and_is_complete_with_the_last(
    runs: Runs, tmp_path: Path
) -> None:
    runs.host.pause_after = 2
    result = runs.back_up()
    assert [part.state for part in runs.parts] == ["failed", "failed"]
    assert [part.refs for part in runs.parts] == [2, 4]
    assert runs.parts[0].reason == (
        "issues under way, 2 of 5 (the hour's requests are used up); the next run goes on"
    )
    assert (result.state, result.reason, result.refs, result.warnings) == ("backed-up", None, 5, ())
    assert result.chain
    assert result.chain.links == 2
    stored = [each.stat().st_size for each in (tmp_path / "bucket").rglob("hello~data*.zip")]
    assert result.bytes_put_by("r1") == sum(stored)
    assert runs.restore().remarks == ()
    assert len(files(runs, "again")) == 5 + 2
    # Nothing is asked for again: neither by the parts that follow, nor by the next run.
    assert [task.resumed for task in runs.host.tasks] == [False, True, True]
    runs.back_up(days=0.001)
    assert len(runs.host.tasks) == 3


def test_a_run_that_is_killed_after_a_part_goes_on_behind_it(runs: Runs) -> None:
    runs.host.pause_after = 2
    runs.back_up()
    runs.result = runs.parts[-1]  # All that the run's checkpoint says.
    result = runs.back_up(days=0.001)
    assert runs.host.tasks[-1].before["issues"].here == 4
    assert (result.state, result.reason, result.refs) == ("backed-up", None, 5)
    assert len(files(runs, "restored")) == 5 + 2


def test_a_change_is_stored_in_parts_too_and_all_that_was_saved_stays(runs: Runs) -> None:
    runs.back_up()
    runs.host.pause_after = 3
    runs.host.documents |= {f"issues/{n}.json": issue(n, "b") for n in range(1, 9)}
    result = runs.back_up()
    assert [part.refs for part in runs.parts] == [5, 6]
    assert (result.state, result.refs) == ("backed-up", 8)
    assert runs.host.tasks[1].before["issues"].state == "complete"


def test_what_is_read_again_as_a_whole_is_not_stored_in_parts(runs: Runs) -> None:
    runs.back_up()
    runs.host.pause_after = 2
    assert runs.back_up(full=True).state == "unchanged"
    assert runs.parts == []


def test_a_run_that_is_told_to_stop_ends_with_the_part_that_it_stored(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.host.pause_after = 2
    put = runs.store.put_archive

    def told(key: str, archive: Blob, *, new: bool = False) -> Stored:
        runs.stop.request("the machine is taken away")
        return put(key, archive, new=new)

    monkeypatch.setattr(runs.store, "put_archive", told)
    result = runs.back_up()
    assert (result.state, result.refs, runs.parts) == ("failed", 2, [])


def test_a_failed_section_costs_itself_and_a_lacking_right_does_not(runs: Runs) -> None:
    runs.host.states["settings.hooks"] = Section("not-permitted", reason="needs Webhooks: read")
    allowed = runs.back_up()
    assert (allowed.state, allowed.reason) == ("backed-up", None)
    assert allowed.data
    assert [each.name for each in allowed.data.sections] == ["settings.hooks"]
    runs.host.states["labels"] = Section("failed", reason="GitHub answers 502")
    failed = runs.back_up()
    assert (failed.state, failed.reason) == ("failed", "labels failed (GitHub answers 502)")
    assert failed.archive == allowed.archive
    runs.host.states["labels"] = Section("complete")
    assert runs.back_up(days=0.001).state in ("backed-up", "unchanged")


def test_an_overlay_that_no_run_came_to_name_is_followed_by_what_is_so_now(runs: Runs) -> None:
    named = runs.back_up()
    runs.host.documents["issues/2.json"] = issue(2, "of a run that was killed")
    runs.back_up()
    runs.result = named
    runs.host.documents["issues/2.json"] = issue(2, "c")
    result = runs.back_up()
    assert result.chain
    assert result.chain.links == 2
    assert files(runs, "restored")["issues/2.json"] == issue(2, "c")


def test_an_overlay_that_was_put_and_never_listed_is_listed(runs: Runs, tmp_path: Path) -> None:
    named = runs.back_up()
    runs.host.documents["issues/6.json"] = issue(6)
    killed = runs.back_up()
    assert killed.chain
    (tmp_path / "bucket" / layout.chain_document(KEY, killed.chain.id)).unlink()
    runs.result = named
    result = runs.back_up()
    assert result.chain
    assert result.chain.links == 2
    assert runs.restore().remarks == ()


def test_what_can_be_read_of_a_damaged_chain_is_in_the_new_archive(
    runs: Runs, tmp_path: Path
) -> None:
    runs.back_up()
    del runs.host.documents["issues/2.json"]
    grown = runs.back_up()
    assert grown.chain
    overlay = tmp_path / "bucket" / layout.overlay(KEY, grown.chain.id, 1)
    data = bytearray(overlay.read_bytes())
    data[50] ^= 1
    overlay.write_bytes(data)
    result = runs.back_up(full=True)
    assert (result.state, result.chain) == ("backed-up", None)
    assert any("SHA-256 differs" in each for each in result.warnings)
    assert "issues/2.json" in files(runs, "restored")


def test_what_can_be_read_of_a_damaged_base_is_in_the_new_one_beside_all_there_is_now(
    runs: Runs, tmp_path: Path
) -> None:
    runs.back_up()
    del runs.host.documents["issues/2.json"]
    runs.host.documents["issues/1.json"] = issue(1, "edited since")
    archive = tmp_path / "bucket" / KEY
    data = bytearray(archive.read_bytes())
    data[data.index(b"issues/1.json") + 20] ^= 1
    archive.write_bytes(data)
    result = runs.back_up(full=True)
    assert (result.state, result.chain) == ("backed-up", None)
    assert any("everything is read anew, and 4 documents" in each for each in result.warnings)
    assert runs.restore().remarks == ()
    restored = files(runs, "again")
    assert restored["issues/1.json"] == issue(1, "edited since")
    assert restored["issues/2.json"]
    assert "issues/2.json" in str(restored["deleted.json"])


def test_a_base_that_is_gone_is_replaced_by_all_there_is_now(runs: Runs, tmp_path: Path) -> None:
    runs.back_up()
    (tmp_path / "bucket" / KEY).write_bytes(b"")
    result = runs.back_up(full=True)
    assert (result.state, result.refs) == ("backed-up", 5)
    assert any("0 documents that could be read" in each for each in result.warnings)
    assert runs.restore().remarks == ()


@pytest.mark.parametrize(("number", "count"), [(HELLO.id, 5), (HELLO.id + 1, 0)])
def test_nothing_is_kept_of_a_base_that_is_another_repositorys(
    runs: Runs, tmp_path: Path, number: int, count: int
) -> None:
    chain = find_chain(runs.store, runs.back_up())
    with WorkingCopy(tmp_path / "copy.sqlite", START) as copy:
        assert (
            salvage_chain(runs.store, chain, number, copy, tmp_path, CancellationToken()) == count
        )


def test_a_full_run_reads_everything_again(runs: Runs) -> None:
    runs.back_up()
    assert runs.back_up(full=True, days=0.001).state == "unchanged"
    assert runs.host.tasks[-1].full


def test_a_host_that_does_not_answer_fails_this_item_and_keeps_its_archive(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = runs.back_up()

    def refuse(_: object) -> None:
        raise RepositoryError("GitHub answers 500")

    monkeypatch.setattr(runs.host, "signature", refuse)
    failed = runs.back_up()
    assert (failed.state, failed.archive, failed.data) == ("failed", first.archive, first.data)


def test_what_the_manifest_says_of_it_is_read_as_it_was_written(runs: Runs) -> None:
    runs.host.states["settings.hooks"] = Section("not-permitted", reason="needs Webhooks: read")
    runs.host.states["settings.keys"] = Section("not-permitted", reason="needs Webhooks: read")
    runs.host.states["releases"] = Section("truncated", 1000, 1200)
    result = replace(runs.back_up(), seconds=0.0)
    entry = Entry(7, "octo", "hello", False, False, False, {GIT: result, DATA: result})
    manifest = Manifest("r1", 1, ["octo"], START, by_identity([entry]), 1)
    written = manifest.to_json()
    assert Manifest.from_json(written).entries == manifest.entries
    groups = json.loads(written)["repositories"][0]["data"]["sections"]
    assert [each["names"] for each in groups] == [
        ["releases"],
        ["settings.hooks", "settings.keys"],
    ]


def test_attached_files_are_counted_over_all_documents_and_runs(
    runs: Runs, host: MemoryHost
) -> None:
    def attached(*numbers: int) -> str:
        return " ".join(f"https://github.com/user-attachments/files/{n}/a.pdf" for n in numbers)

    def counted(days: float) -> int:
        result = runs.back_up(days=days)
        assert result.data
        return result.data.unsaved_attachments

    host.documents["issues/1.json"] = {**issue(1), "body": attached(1, 2)}
    assert counted(7) == 2
    host.documents["issues/2.json"] = {**issue(2), "comment_data": [{"body": attached(3)}]}
    assert counted(7) == 3
    assert counted(0.001) == 3
    host.documents["issues/1.json"] = issue(1)
    assert counted(7) == 1
