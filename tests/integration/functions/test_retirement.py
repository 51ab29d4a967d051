"""Overlays whose base was replaced are hidden after two verified runs, and nothing else is."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.functions.chains import SavedRepository, put_at, run
from tests.integration.functions.world import DUE, Fault, World

WEEK = timedelta(weeks=1)


def compacted(s3: Any, name: str = "hello") -> tuple[SavedRepository, str]:
    """A repository with a new base in week 1 over a chain of week 0, whose prefix it returns."""
    saved = SavedRepository.put(s3, name, body=name.encode())
    old = f"github_backups/octo/{name}+{saved.document.id}."
    put_at(DUE, "github_backups/octo/")
    saved.rebased(b"another base")
    put_at(DUE + WEEK, saved.archive.key)
    return saved, old


def there(s3: Any, prefix: str) -> list[str]:
    return [
        each["Key"]
        for each in s3.list_objects_v2(Bucket="backups", Prefix=prefix).get("Contents", [])
    ]


def test_the_second_verified_run_over_a_new_base_hides_the_old_overlays(
    world: World, s3: Any
) -> None:
    saved, old = compacted(s3)
    run(world, 1, [saved.entry(state="backed-up")])
    assert len(there(s3, old)) == 3
    run(world, 2, [saved.entry()])
    assert there(s3, old) == []
    assert len(s3.list_object_versions(Bucket="backups", Prefix=old)["Versions"]) == 4
    report = world.object("runs/2026-12-11T17-00-00Z/report.json")
    assert report["retired"] == [f"{old}* (3)"]
    run(world, 3, [saved.entry()])
    assert there(s3, saved.archive.key) == [saved.archive.key]


def test_the_list_of_the_binaries_of_a_replaced_chain_is_hidden_with_it(
    world: World, s3: Any
) -> None:
    saved, old = compacted(s3)
    s3.put_object(Bucket="backups", Key=f"{old}objects.json", Body=b"x")
    put_at(DUE, f"{old}objects.json")
    for week in (1, 2):
        run(world, week, [saved.entry()])
    assert there(s3, old) == []
    assert f"{old}objects.json" in {
        each["Key"] for each in s3.list_object_versions(Bucket="backups", Prefix=old)["Versions"]
    }


def test_a_run_that_is_not_verified_in_between_starts_the_count_anew(world: World, s3: Any) -> None:
    saved, old = compacted(s3)
    other = SavedRepository.put(s3, "other", links=0)
    run(world, 1, [saved.entry(), other.entry()])
    run(world, 2, [saved.entry(), other.entry(state="failed")], verdict="partial")
    run(world, 3, [saved.entry(), other.entry()])
    assert len(there(s3, old)) == 3
    run(world, 4, [saved.entry(), other.entry()])
    assert there(s3, old) == []


@pytest.mark.parametrize("status", ["Suspended", "refused"])
def test_nothing_is_hidden_where_s3_does_not_say_that_versions_are_kept(
    world: World, s3: Any, status: str
) -> None:
    saved, old = compacted(s3)
    run(world, 1, [saved.entry()])
    if status == "Suspended":
        s3.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": status})
    else:
        refused = Fault("error", operation="s3.GetBucketVersioning", code="AccessDenied", times=9)
        world.faults.append(refused)
    run(world, 2, [saved.entry()])
    assert len(there(s3, old)) == 3
    assert len(world.mails) == 2


def test_what_cannot_be_hidden_costs_neither_mail_nor_report_and_goes_later(
    world: World, s3: Any
) -> None:
    saved, old = compacted(s3)
    run(world, 1, [saved.entry()])
    world.faults.append(Fault("error", operation="s3.DeleteObjects", code="AccessDenied"))
    run(world, 2, [saved.entry()])
    assert world.object("runs/2026-12-11T17-00-00Z/report.json")["retired"] == []
    assert (len(there(s3, old)), len(world.mails)) == (3, 2)
    run(world, 3, [saved.entry()])
    assert there(s3, old) == []


def test_a_chain_that_is_named_stays_though_its_base_is_younger(world: World, s3: Any) -> None:
    """As in a copy of the bucket: overlays are copied first, for a plus sign is before a dot."""
    saved = SavedRepository.put(s3)
    put_at(DUE, "github_backups/octo/hello+")
    put_at(DUE + WEEK, saved.archive.key)
    for week in (1, 2, 3):
        run(world, week, [saved.entry()])
    assert len(there(s3, "github_backups/octo/hello+")) == 3


def test_what_github_does_not_list_any_more_keeps_all_its_overlays(world: World, s3: Any) -> None:
    saved, old = compacted(s3)
    gone = {
        "key": saved.archive.key,
        **{"id": 7, "owner": "octo", "name": "hello", "wiki": False},
        **{name: saved.result().document[name] for name in ("lfs", "refs_digest", "refs")},
        "archive": saved.archive.document,
    }
    other = SavedRepository.put(s3, "other", links=0)
    for week in (1, 2, 3):
        run(world, week, [other.entry()], kept=[gone])
    assert len(there(s3, old)) == 3
