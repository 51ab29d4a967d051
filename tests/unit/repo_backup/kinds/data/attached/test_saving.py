"""Attachments: each is saved once, and what GitHub does not hand out is named."""

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.parts.attached import Attached as Numbers
from backup_contract.documents.parts.results import Referred
from repo_backup.kinds.base import AssetChoice, AttachmentChoice
from repo_backup.kinds.data.attached import saving
from repo_backup.kinds.data.data_kind import ProjectData
from repo_backup.prune.zip_references import objects_in_zip
from repo_backup.restore.binaries import restore_binaries
from repo_backup.runtime.budgets import Allowance
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import ForbiddenError, NotFoundError, TransientError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.directory import DirectoryStore
from tests.unit.repo_backup.kinds.data.host import HELLO, Attached, MemoryHost, Runs

SITE = "https://github.com"
FILE = f"{SITE}/user-attachments/files/17213245/report.pdf"
IMAGE = f"{SITE}/user-attachments/assets/8c5a6b2e-0000-4000-8000-1234567890ab"


def issue(number: int, *links: str) -> dict[str, Any]:
    return {"number": number, "title": "t", "body": " ".join(links)}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits before it is tried again."""
    monkeypatch.setattr("repo_backup.runtime.retry.FIRST_DELAY_SECONDS", 0.0)


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost(
        {"issues/1.json": issue(1, FILE)},
        attachments={FILE: Attached(b"pdf"), IMAGE: Attached(b"image", "image/png")},
    )


@pytest.fixture
def runs(tmp_path: Path, host: MemoryHost) -> Runs:
    return Runs(tmp_path, host, DirectoryStore(tmp_path / "bucket"))


def objects(runs: Runs) -> set[bytes]:
    files = (each for each in (runs.root / "bucket/objects").rglob("*") if each.is_file())
    return {each.read_bytes() for each in files}


def numbers(result: ItemResult) -> Numbers:
    assert result.data
    assert result.data.attached
    return result.data.attached


def restored(runs: Runs, name: str) -> dict[str, bytes]:
    """The files where a restore puts them, each beside the list that names it."""
    folder = runs.restore(name).path
    failed = restore_binaries(
        runs.store, RetryPolicy(CancellationToken()), ProjectData(), folder
    ).failed
    assert not failed
    found = {}
    for path in (folder / "attachments").glob("*.json"):
        for each in json.loads(path.read_bytes())["attachments"]:
            if "sha256" in each:
                place = path.with_suffix("") / each["file"]
                found[place.relative_to(folder / "attachments").as_posix()] = place.read_bytes()
    return found


def test_an_attachment_is_saved_and_never_asked_for_again(runs: Runs, host: MemoryHost) -> None:
    result = runs.back_up()
    assert (result.state, result.reason, result.warnings) == ("backed-up", None, ())
    assert numbers(result) == Numbers(1, 1, 3)
    assert result.objects == Referred(1, 3, 1, 3)
    assert result.object_list
    assert objects(runs) == {b"pdf"}
    assert runs.back_up().state == "unchanged"
    assert runs.back_up(full=True).state == "unchanged"
    assert host.opened == [FILE]
    assert restored(runs, "out") == {"issues~1/report.pdf": b"pdf"}


def test_an_archive_without_a_list_still_tells_which_objects_it_needs(runs: Runs) -> None:
    archive = runs.back_up().archive
    assert archive
    with runs.store.open(archive.key) as file:
        sha256, found = objects_in_zip(file, CancellationToken())
    assert (sha256, found) == (archive.sha256, {hashlib.sha256(b"pdf").hexdigest()})


def test_a_later_run_stores_only_the_lists_that_are_new(runs: Runs, host: MemoryHost) -> None:
    runs.back_up()
    host.documents["issues/2.json"] = issue(2, FILE, IMAGE)
    result = runs.back_up()
    assert result.chain
    assert result.chain.links == 1
    assert numbers(result) == Numbers(2, 2, 8)
    assert host.opened == [FILE, IMAGE]
    overlay = runs.store.read(result.archive.key.replace(".zip", f"+{result.chain.id}.0001.zip"))  # type: ignore[union-attr]
    assert overlay
    assert b"attachments/issues~2.json" in overlay
    assert b"attachments/issues~1.json" not in overlay
    assert restored(runs, "out") == {
        "issues~1/report.pdf": b"pdf",
        "issues~2/report.pdf": b"pdf",
        "issues~2/8c5a6b2e-0000-4000-8000-1234567890ab.png": b"image",
    }


def test_a_link_that_was_edited_away_takes_no_saved_file_with_it(
    runs: Runs, host: MemoryHost
) -> None:
    runs.back_up()
    host.documents["issues/1.json"] = issue(1, IMAGE)
    assert numbers(runs.back_up()) == Numbers(2, 2, 8)
    assert restored(runs, "out")["issues~1/report.pdf"] == b"pdf"


def test_files_of_one_name_are_restored_apart(runs: Runs, host: MemoryHost) -> None:
    other = FILE.replace("17213245/report", "17213246/REPORT")
    host.attachments[other] = Attached(b"other")
    host.documents["issues/1.json"] = issue(1, FILE, other)
    runs.back_up()
    marked = f"{hashlib.sha256(other.encode()).hexdigest()[:12]}~REPORT.pdf"
    assert restored(runs, "out") == {
        "issues~1/report.pdf": b"pdf",
        f"issues~1/{marked}": b"other",
    }


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (NotFoundError("404"), "not-found"),
        (ForbiddenError("403"), "refused"),
        (Attached(b"<html>Sign in", "text/html; charset=utf-8", f"{SITE}/login"), "sign-in"),
        (Attached(b"<html>Sign in", "text/html; charset=utf-8", FILE), "sign-in"),
        (Attached(b"<html>of a single sign-on", "text/html", "https://idp.test/sso"), "sign-in"),
        (Attached(b"anything", "text/plain", f"{SITE}/login?return_to=x"), "sign-in"),
        (Attached(b"\n<!DOCTYPE html><title>Sign in", "", FILE), "sign-in"),
    ],
)
def test_what_is_refused_is_no_file_and_no_failure_and_is_tried_again_in_a_week(
    runs: Runs, host: MemoryHost, answer: Any, code: str
) -> None:
    host.attachments[FILE] = answer
    result = runs.back_up()
    assert (result.state, result.reason) == ("backed-up", None)
    assert numbers(result) == Numbers(1, 0, 0, {code: 1})
    assert runs.restore("out").remarks == ("1 of 1 attachments are not saved",)
    host.documents["issues/2.json"] = issue(2)
    runs.back_up(days=0.001)
    assert (host.opened, objects(runs)) == ([FILE], set())
    assert runs.back_up(days=7).state == "unchanged"
    host.attachments[FILE] = Attached(b"pdf")
    assert numbers(runs.back_up(days=7)).saved == 1
    assert host.opened == [FILE] * 3


def test_a_page_that_its_server_offers_as_a_file_is_one(runs: Runs, host: MemoryHost) -> None:
    shown = {"Content-Disposition": 'attachment; filename="a.html"'}
    host.attachments[FILE] = Attached(b"<html>mine", "text/html", headers=shown)
    runs.back_up()
    assert objects(runs) == {b"<html>mine"}


def test_a_file_that_its_storage_has_packed_is_saved_unpacked(runs: Runs, host: MemoryHost) -> None:
    packed = {"Content-Encoding": "gzip"}
    host.attachments[FILE] = Attached(gzip.compress(b"log" * 9), headers=packed)
    assert numbers(runs.back_up()) == Numbers(1, 1, 27)
    assert objects(runs) == {b"log" * 9}


@pytest.mark.parametrize("answer", [TransientError("502"), Attached(b"pd", length=3)])
def test_what_fails_makes_the_backup_incomplete_and_is_tried_by_the_next_run(
    runs: Runs, host: MemoryHost, answer: Any
) -> None:
    host.attachments[FILE] = answer
    result = runs.back_up()
    assert result.state == "failed"
    path = "/user-attachments/files/17213245/report.pdf"
    assert f"1 attachment could not be saved: {path}: " in (result.reason or "")
    assert numbers(result).missing == 1
    assert runs.back_up(days=0.001).state == "failed"
    host.attachments[FILE] = Attached(b"pdf")
    result = runs.back_up(days=0.001)
    assert (result.state, result.reason, numbers(result)) == ("backed-up", None, Numbers(1, 1, 3))


def test_an_image_of_a_private_repository_is_fetched_by_the_address_of_a_page(
    runs: Runs, host: MemoryHost
) -> None:
    signed = "https://private-user-images.githubusercontent.com/1/2.png?jwt=x"
    host.attachments |= {IMAGE: NotFoundError("404"), signed: Attached(b"image", "image/png")}
    host.signed[IMAGE] = signed
    host.documents["issues/1.json"] = issue(1, IMAGE)
    assert numbers(runs.back_up()).refused == {"not-found": 1}
    runs.remote = replace(HELLO, private=True)
    runs.result = None
    assert numbers(runs.back_up()).saved == 1
    (entry,) = (each for each in restored(runs, "out"))
    assert entry == "issues~1/8c5a6b2e-0000-4000-8000-1234567890ab.png"
    assert b"jwt" not in (runs.root / "out/hello.data/attachments/issues~1.json").read_bytes()


def test_the_runs_bound_leaves_a_named_rest_to_later_runs(runs: Runs, host: MemoryHost) -> None:
    host.documents["issues/1.json"] = issue(1, FILE, IMAGE)
    runs.choice = AssetChoice(allowance=Allowance(6))
    result = runs.back_up()
    assert (result.state, numbers(result).missing) == ("backed-up", 1)
    warning = "1 attachment left to later runs: --max-assets allows 6 B in each"
    assert result.warnings == (warning,)
    runs.choice = AssetChoice(allowance=Allowance(6))
    assert numbers(runs.back_up(days=0.001)).saved == 2


def test_an_attachment_that_no_run_may_download_is_named_as_such(
    runs: Runs, host: MemoryHost
) -> None:
    runs.choice = AssetChoice(allowance=Allowance(2))
    result = runs.back_up()
    assert (numbers(result).refused, result.warnings) == ({"too-large": 1}, ())
    assert runs.back_up(days=0.001).state == "unchanged"
    assert host.opened == [FILE]


def test_a_large_attachment_waits_for_the_temporary_directory(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repo_backup.kinds.data.attached.fetching.SMALL_BYTES", 2)
    assert numbers(runs.back_up()).saved == 1
    assert not runs.choice.scratch.locked()


def test_a_repository_of_many_attachments_takes_several_runs(
    runs: Runs, host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "MOST_IN_A_RUN", 1)
    host.documents["issues/1.json"] = issue(1, FILE, IMAGE)
    result = runs.back_up()
    assert (numbers(result).saved, len(result.warnings)) == (1, 1)
    assert numbers(runs.back_up(days=0.001)).saved == 2


def test_of_many_refused_ones_another_part_is_tried_again_each_week(
    runs: Runs, host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "MOST_RETRIED", 2)
    urls = [f"{SITE}/user-attachments/files/{number}/a" for number in range(5)]
    host.documents["issues/1.json"] = issue(1, *urls)
    runs.back_up()
    del host.opened[:]
    for _ in range(4):
        runs.back_up()
    assert (len(host.opened), set(host.opened)) == (8, set(urls))
    del host.opened[:]
    runs.attached = AttachmentChoice(retries=Allowance(1))
    runs.back_up()
    assert len(host.opened) == 1


def test_a_run_that_is_told_to_stop_keeps_what_it_has_and_the_next_one_goes_on(
    runs: Runs, host: MemoryHost
) -> None:
    class Stopping(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            runs.stop.request("the instance is reclaimed")
            return super().get(key, default)

    host.documents["issues/1.json"] = issue(1, FILE, *(f"{IMAGE}{n}" for n in range(40)))
    host.attachments = Stopping(host.attachments)
    result = runs.back_up()
    assert result.archive
    assert 1 <= numbers(result).saved + sum(numbers(result).refused.values()) <= 4
    assert "left to later runs: the instance is reclaimed" in result.warnings[0]
    runs.stop = CancellationToken()
    host.attachments = dict(host.attachments)
    assert numbers(runs.back_up(days=0.001)).missing == 0


def test_without_attachments_none_is_asked_for_and_all_are_counted(
    runs: Runs, host: MemoryHost
) -> None:
    runs.attached = AttachmentChoice(save=False)
    result = runs.back_up()
    assert (result.objects, host.opened) == (Referred(0, 0, 0, 0), [])
    assert numbers(result) == Numbers(1, 0, 0, {"not-tried": 1})
    # The next run that reads saves them.
    runs.attached = AttachmentChoice()
    assert runs.back_up(days=0.001).state == "unchanged"
    assert numbers(runs.back_up()).saved == 1
    runs.attached = AttachmentChoice(save=False)
    assert numbers(runs.back_up()).saved == 1


def test_what_failed_is_no_failure_any_more_once_attachments_are_switched_off(
    runs: Runs, host: MemoryHost
) -> None:
    host.attachments[FILE] = TransientError("502")
    assert runs.back_up().state == "failed"
    runs.attached = AttachmentChoice(save=False)
    result = runs.back_up(days=0.001)
    assert (result.state, result.reason, result.unserved) == ("unchanged", None, None)
    reads = len(host.tasks)
    runs.back_up(days=0.001)
    assert len(host.tasks) == reads


def test_github_is_asked_no_more_once_it_asks_to_wait(runs: Runs, host: MemoryHost) -> None:
    urls = [f"{SITE}/user-attachments/files/{number}/a" for number in range(40)]
    host.documents["issues/1.json"] = issue(1, *urls)
    host.attachments |= dict.fromkeys(urls, TransientError("429", 600.0))
    result = runs.back_up()
    assert (result.state, result.warnings) == (
        "backed-up",
        ("40 attachments left to later runs: 429",),
    )
    assert len(host.opened) <= 4


def test_an_archive_of_an_earlier_version_gets_its_attachments_with_the_weeks_reading(
    runs: Runs, host: MemoryHost
) -> None:
    runs.attached = AttachmentChoice(save=False)
    result = runs.back_up()
    assert result.data
    runs.result = replace(result, data=replace(result.data, attached=None, attachments=1))
    runs.attached = AttachmentChoice()
    runs.back_up(days=0.001)
    assert not host.opened
    assert numbers(runs.back_up()).saved == 1


def test_an_object_that_a_report_missed_is_fetched_again_and_named_if_it_is_refused(
    runs: Runs, host: MemoryHost
) -> None:
    result = runs.back_up()
    assert result.archive
    key = layout.object_list(result.archive.key, layout.chain_id(result.archive.sha256))
    lost = runs.root / "bucket" / layout.content(hashlib.sha256(b"pdf").hexdigest())
    lost.unlink()
    assert runs.back_up(days=0.001, damaged=(key,)).state == "unchanged"
    assert lost.is_file()
    lost.unlink()
    host.attachments[FILE] = NotFoundError("404")
    result = runs.back_up(days=0.001, damaged=(key,))
    assert "GitHub no longer serves it" in (result.reason or "")
    assert numbers(result).saved == 1


@pytest.mark.parametrize("file", ["..", "a/../../b", "/etc/passwd", "x" * 300])
def test_no_name_in_a_list_leads_out_of_its_folder(tmp_path: Path, file: str) -> None:
    entry = {"url": FILE, "file": file, "size": 3, "sha256": "0" * 64}
    (tmp_path / "attachments").mkdir()
    document = json.dumps({"schema": 1, "attachments": [entry, entry]})
    (tmp_path / "attachments/issues~1.json").write_text(document)
    places = [place for _, _, place in ProjectData().places(tmp_path)]
    assert {each.parent for each in places} == {tmp_path / "attachments/issues~1"}
    assert len({each.name for each in places}) == 2
    assert all(len(each.name) < 200 for each in places)
