"""The files of releases: each is saved once, and every trouble is named."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.parts.results import Referred
from repo_backup.kinds.base import AssetChoice
from repo_backup.kinds.data.asset_files import safe_name
from repo_backup.kinds.data.data_kind import ProjectData
from repo_backup.restore.binaries import restore_binaries
from repo_backup.runtime.budgets import Allowance
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import AllowanceSpentError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.directory import DirectoryStore
from tests.unit.repo_backup.kinds.data.host import MemoryHost, Runs

RELEASE = "releases/v1.0.json"


def asset(number: int, data: bytes, name: str = "a.zip", *, digest: bool = True) -> dict[str, Any]:
    answer = f"sha256:{hashlib.sha256(data).hexdigest()}" if digest else None
    return {
        **{"id": number, "name": name, "size": len(data), "state": "uploaded", "digest": answer},
        "updated_at": f"2026-01-01T00:00:{number:02}Z",
    }


def release(*assets: dict[str, Any]) -> dict[str, Any]:
    return {"id": 1, "tag_name": "v1.0", "assets": [*assets]}


@pytest.fixture
def host() -> MemoryHost:
    return MemoryHost({RELEASE: release(asset(1, b"one"))}, assets={1: b"one", 2: b"other"})


@pytest.fixture
def runs(tmp_path: Path, host: MemoryHost) -> Runs:
    return Runs(tmp_path, host, DirectoryStore(tmp_path / "bucket"))


def objects(runs: Runs) -> set[bytes]:
    files = (each for each in (runs.root / "bucket/objects").rglob("*") if each.is_file())
    return {each.read_bytes() for each in files}


def numbers(result: ItemResult) -> Referred:
    assert result.objects
    return result.objects


def restored(runs: Runs, name: str) -> dict[str, bytes]:
    """The files of releases where a restore puts them."""
    folder = runs.restore(name).path
    assert not restore_binaries(
        runs.store, RetryPolicy(CancellationToken()), ProjectData(), folder
    ).failed
    places = (each for each in (folder / "releases").rglob("*") if each.suffix != ".json")
    return {
        each.relative_to(folder).as_posix(): each.read_bytes() for each in places if each.is_file()
    }


def test_a_file_is_saved_and_never_asked_for_again(runs: Runs, host: MemoryHost) -> None:
    result = runs.back_up()
    assert (result.state, numbers(result)) == ("backed-up", Referred(1, 3, 1, 3))
    assert objects(runs) == {b"one"}
    assert runs.back_up().state == "unchanged"
    assert runs.back_up(full=True).state == "unchanged"
    assert host.asked == [1]
    assert restored(runs, "out") == {"releases/v1.0/a.zip": b"one"}


def test_a_file_without_a_digest_is_hashed_on_its_way(runs: Runs, host: MemoryHost) -> None:
    host.documents[RELEASE] = release(asset(1, b"one", digest=False))
    assert numbers(runs.back_up()).saved == 1
    assert objects(runs) == {b"one"}
    runs.back_up()
    assert host.asked == [1]


@pytest.mark.parametrize("digest", [True, False])
def test_a_replaced_file_is_a_new_object_and_the_one_before_stays(
    runs: Runs, host: MemoryHost, digest: bool
) -> None:
    host.documents[RELEASE] = release(asset(1, b"one", digest=digest))
    runs.back_up()
    host.documents[RELEASE] = release(asset(2, b"other", digest=digest))
    result = runs.back_up()
    assert result.chain
    assert numbers(result) == Referred(2, 8, 2, 8)
    earlier = f"releases/v1.0/a.zip~{hashlib.sha256(b'one').hexdigest()[:12]}"
    assert restored(runs, "out") == {"releases/v1.0/a.zip": b"other", earlier: b"one"}


def test_two_files_are_restored_apart_whose_names_differ_in_case_alone(
    runs: Runs, host: MemoryHost
) -> None:
    host.documents[RELEASE] = release(asset(1, b"one", "README"), asset(2, b"other", "readme"))
    runs.back_up()
    other = f"releases/v1.0/readme~{hashlib.sha256(b'other').hexdigest()[:12]}"
    assert restored(runs, "out") == {"releases/v1.0/README": b"one", other: b"other"}


@pytest.mark.parametrize("tags", [("v1", "V1"), ("V1", "v1")])
def test_releases_are_restored_apart_whose_tags_differ_in_case_alone(
    runs: Runs, host: MemoryHost, tags: tuple[str, str]
) -> None:
    """The second comes with an overlay, and changes with another."""
    first, second = tags
    del host.documents[RELEASE]
    host.documents[f"releases/{first}.json"] = release(asset(1, b"one"))
    runs.back_up()
    for month, name in ((1, "b.zip"), (2, "c.zip")):
        file = {**asset(2, b"other", name), "updated_at": f"2026-0{month}-01T00:00:00Z"}
        host.documents[f"releases/{second}.json"] = release(file)
        assert runs.back_up().chain
    digits = hashlib.sha256(second.encode()).hexdigest()[:12]
    assert restored(runs, "out") == {
        f"releases/{first}/a.zip": b"one",
        f"releases/{second}~{digits}/c.zip": b"other",
    }
    paths = [each.relative_to(runs.root / "out") for each in (runs.root / "out").rglob("*")]
    assert len({str(each).casefold() for each in paths}) == len(paths)
    names = {each.name for each in paths if each.parent.name == "assets"}
    assert names == {f"{first}.json", f"{second}~{digits}.json"}


def test_files_of_a_release_that_is_gone_stay(runs: Runs, host: MemoryHost) -> None:
    runs.back_up()
    del host.documents[RELEASE]
    assert numbers(runs.back_up()) == Referred(1, 3, 1, 3)
    assert restored(runs, "out") == {"releases/v1.0/a.zip": b"one"}


def test_a_renamed_file_is_not_fetched_again(runs: Runs, host: MemoryHost) -> None:
    runs.back_up()
    renamed = {**asset(1, b"one", "b.zip"), "updated_at": "2026-02-01T00:00:00Z"}
    host.documents[RELEASE] = release(renamed)
    assert numbers(runs.back_up()) == Referred(1, 3, 1, 3)
    assert host.asked == [1]
    assert restored(runs, "out") == {"releases/v1.0/b.zip": b"one"}


def test_what_cannot_be_had_is_named_fails_and_is_tried_again(runs: Runs, host: MemoryHost) -> None:
    host.documents[RELEASE] = release(
        asset(1, b"one"), asset(2, b"real", "b.zip"), asset(3, b"gone", "c.zip")
    )
    host.assets[2] = b"fake"
    result = runs.back_up()
    assert result.state == "failed"
    assert result.reason
    assert "2 release assets could not be saved: v1.0/b.zip: its bytes have the" in result.reason
    assert "v1.0/c.zip: there is none" in result.reason
    assert numbers(result) == Referred(3, 11, 1, 3)
    assert runs.restore("out").remarks[-1] == "2 of 3 release assets are not saved"
    # Nothing that the signature shows has changed.
    assert runs.back_up().state == "failed"
    host.assets |= {2: b"real", 3: b"gone"}
    result = runs.back_up()
    assert (result.state, result.reason, numbers(result).saved) == ("backed-up", None, 3)


def test_a_file_without_a_digest_takes_no_more_than_half_of_the_free_disk(
    runs: Runs, host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.documents[RELEASE] = release(asset(1, b"one", digest=False), asset(2, b"other", "b.zip"))
    room = shutil.disk_usage(runs.root)._replace(free=5)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room)
    result = runs.back_up()
    assert "v1.0/a.zip: it is too large for the temporary directory" in (result.reason or "")
    # What has a digest needs no disk.
    assert (numbers(result).saved, host.asked) == (1, [2])


def test_a_file_that_is_longer_than_it_says_is_no_object(runs: Runs, host: MemoryHost) -> None:
    host.documents[RELEASE] = release(asset(1, b"on", digest=False))
    assert "it has more than 2 bytes" in (runs.back_up().reason or "")
    assert not objects(runs)


def test_the_runs_bound_leaves_a_named_rest_to_later_runs(runs: Runs, host: MemoryHost) -> None:
    host.documents[RELEASE] = release(asset(1, b"one"), asset(2, b"other", "b.zip"))
    runs.choice = AssetChoice(allowance=Allowance(6))
    result = runs.back_up()
    warning = "1 release asset (5 B) left to later runs: --max-assets allows 6 B in each"
    assert (result.state, result.warnings) == ("backed-up", (warning,))
    runs.choice = AssetChoice(allowance=Allowance(6))
    result = runs.back_up()
    assert (result.warnings, numbers(result).saved) == ((), 2)
    assert host.asked == [1, 2]


def test_a_file_that_no_run_may_fetch_is_named_as_such_and_costs_later_runs_nothing(
    runs: Runs, host: MemoryHost
) -> None:
    runs.choice = AssetChoice(allowance=Allowance(2))
    (warning,) = runs.back_up().warnings
    assert warning.endswith("--max-assets allows 2 B in each; 1 of them never fits")
    asked = len(host.tasks)
    runs.choice = AssetChoice(allowance=Allowance(2))
    result = runs.back_up(days=0.001)
    assert (result.state, result.warnings) == ("unchanged", (warning,))
    assert len(host.tasks) == asked
    runs.choice = AssetChoice(allowance=Allowance(3))
    result = runs.back_up(days=0.001)
    assert (result.warnings, numbers(result).saved) == ((), 1)


def test_a_file_for_which_only_this_run_had_no_room_is_tried_by_the_next(
    runs: Runs, host: MemoryHost
) -> None:
    host.documents[RELEASE] = release(asset(1, b"one"), asset(2, b"large", "b.zip"))
    host.assets[2] = b"large"
    for saved in (1, 2):
        runs.choice = AssetChoice(allowance=Allowance(5))
        assert numbers(runs.back_up(days=0.001)).saved == saved


def test_what_the_hours_share_does_not_suffice_for_is_put_off(runs: Runs, host: MemoryHost) -> None:
    host.assets[1] = AllowanceSpentError("this hour's share is used")
    result = runs.back_up()
    assert result.state == "backed-up"
    assert result.warnings == (
        "1 release asset (3 B) left to later runs: this hour's share is used",
    )
    host.assets[1] = b"one"
    assert numbers(runs.back_up()).saved == 1


def test_without_assets_none_is_asked_for_until_they_are_wanted(
    runs: Runs, host: MemoryHost
) -> None:
    runs.choice = AssetChoice(save=False)
    result = runs.back_up()
    assert (result.objects, result.warnings, host.asked) == (None, (), [])
    runs.choice = AssetChoice()
    assert numbers(runs.back_up()).saved == 1
    runs.choice = AssetChoice(save=False)
    assert numbers(runs.back_up()).saved == 1


def test_an_archive_of_an_earlier_version_gets_its_files(runs: Runs, host: MemoryHost) -> None:
    runs.choice = AssetChoice(save=False)
    runs.back_up(days=7)
    runs.choice = AssetChoice()
    # The next run, minutes later: nothing else is due.
    assert numbers(runs.back_up(days=0.001)).saved == 1


def test_a_release_without_files_is_looked_at_once(runs: Runs, host: MemoryHost) -> None:
    host.documents[RELEASE] = release()
    assert numbers(runs.back_up()) == Referred(0, 0, 0, 0)
    asked = len(host.tasks)
    assert runs.back_up(days=0.001).state == "unchanged"
    assert len(host.tasks) == asked


def test_an_upload_that_broke_off_is_no_file(runs: Runs, host: MemoryHost) -> None:
    host.documents[RELEASE] = release({**asset(1, b"one"), "state": "starter"})
    assert numbers(runs.back_up()).count == 0


@pytest.mark.parametrize(
    "listed", [None, "a.zip", {"state": "uploaded"}, asset(2, b"other") | {"size": -1}]
)
def test_a_file_that_the_list_does_not_describe_is_named_and_costs_no_other(
    runs: Runs, host: MemoryHost, listed: Any
) -> None:
    host.documents[RELEASE] = release(asset(1, b"one"), listed)
    result = runs.back_up()
    assert result.state == "failed"
    reason = "GitHub lists 1 release asset without the fields needed to download: v1.0"
    assert reason in str(result.reason)
    assert objects(runs) == {b"one"}
    host.documents[RELEASE] = release(asset(1, b"one"), asset(2, b"other"))
    assert runs.back_up().state == "backed-up"
    assert objects(runs) == {b"one", b"other"}


@pytest.mark.parametrize("listed", [{"assets": None}, {}], ids=["null", "missing"])
def test_a_release_whose_list_of_files_is_not_there_is_not_one_without_files(
    runs: Runs, host: MemoryHost, listed: dict[str, Any]
) -> None:
    whole = release(asset(1, b"one"))
    host.documents[RELEASE] = {k: v for k, v in whole.items() if k != "assets"} | listed
    result = runs.back_up()
    assert result.state == "failed"
    assert "GitHub lists 1 release asset without the fields needed to download" in str(
        result.reason
    )
    host.documents[RELEASE] = whole
    assert runs.back_up().state == "backed-up"
    assert objects(runs) == {b"one"}


def test_a_full_run_finds_what_was_put_in_an_objects_place(runs: Runs, host: MemoryHost) -> None:
    runs.back_up()
    place = runs.root / "bucket" / layout.content(hashlib.sha256(b"one").hexdigest())
    place.chmod(0o644)
    place.write_bytes(b"two")
    result = runs.back_up(full=True)
    assert "did not match its key and was replaced" in (result.reason or "")
    assert objects(runs) == {b"one"}


@pytest.mark.parametrize("name", ["..", ".", "", "a/../../b", "/etc/passwd", "x" * 300, "a\0b"])
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    found = safe_name(name)
    assert found not in ("", ".", "..")
    assert "/" not in found
    assert "\0" not in found
    assert len(found) <= 151
