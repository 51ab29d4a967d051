"""Each link of each chain is compared with its document, that with the last accepted run."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_contract import object_keys as layout
from backup_contract.documents.chain import ChainDocument
from reporter.judge import key_ranges
from reporter.judge.archive_state import Checked
from reporter.observe import archive_check
from reporter.observe.archive_check import check
from reporter.observe.bucket import Bucket
from reporter.observe.copied_objects import CopiedObjects
from tests.integration.functions.chains import SavedRepository, run
from tests.integration.functions.world import World

DENIED = "AccessDenied"


@pytest.fixture
def saved(s3: Any) -> SavedRepository:
    """A base and two overlays of an earlier run."""
    return SavedRepository.put(s3)


def checked(saved: SavedRepository, links: int | None = None, accepted: int | None = 2) -> Checked:
    """What a run is told that names so many overlays, after one that named ``accepted``."""
    known = {} if accepted is None else saved.accepted(accepted)
    return check(Bucket(saved.s3, "backups"), [saved.item(links)], known)


def sound(found: Checked) -> bool:
    return (found.problems, found.chain_problems, found.notices) == ((), (), ())


def test_what_an_earlier_run_was_accepted_with_costs_a_listing_and_the_document(
    saved: SavedRepository, asked: Counter[str]
) -> None:
    assert sound(checked(saved))
    assert asked == {"ListObjectVersions": 1, "GetObject": 1}


def test_only_what_this_run_wrote_is_asked_for_by_itself(
    saved: SavedRepository, asked: Counter[str]
) -> None:
    saved.add(b"new")
    asked.clear()
    assert sound(checked(saved))
    assert asked == {"ListObjectVersions": 1, "GetObject": 1, "HeadObject": 1}


def test_with_no_accepted_run_everything_is_asked_for(
    saved: SavedRepository, asked: Counter[str]
) -> None:
    assert sound(checked(saved, accepted=None))
    assert asked["HeadObject"] == 3


def _removed(saved: SavedRepository) -> None:
    saved.s3.delete_object(Bucket="backups", Key=saved.document.links[0].key)


def _replaced(saved: SavedRepository) -> None:
    saved.s3.put_object(Bucket="backups", Key=saved.document.links[0].key, Body=b"overlay x")


def _rewritten(saved: SavedRepository) -> None:
    """Another overlay, and a document and a manifest that agree with it."""
    was = saved.document
    saved.document = ChainDocument(was.base_key, was.id)
    saved.add(b"another")
    saved.add(b"overlay 1")


def _damaged(saved: SavedRepository) -> None:
    saved.write(b"{]\n" * 2)


def _shorter(saved: SavedRepository) -> None:
    saved.write(saved.document.first(1).to_bytes())


def _other_lines(saved: SavedRepository) -> None:
    link = replace(saved.document.links[1], refs=9)
    saved.write(saved.document.first(1).with_link(link).to_bytes())


def _foreign(saved: SavedRepository) -> None:
    saved.write(saved.document.to_bytes().replace(b"octo/hello+", b"octo/other+"))


def _undocumented(saved: SavedRepository) -> None:
    saved.s3.delete_object(Bucket="backups", Key=saved.document.key)


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        (_removed, "hello+{id}.0001.zip is not in the bucket"),
        (_replaced, "hello+{id}.0001.zip was replaced after the backup wrote version"),
        (_rewritten, "hello+{id}.json does not list the 2 overlays that an earlier run was"),
        (_damaged, "hello+{id}.json is damaged: line 1"),
        (_shorter, "hello+{id}.json lists 1 of 2 overlays"),
        (_other_lines, "hello+{id}.json is not what the manifest records"),
        (_foreign, "hello+{id}.json is damaged: line 1: key is not github_backups/octo/hello+"),
        (_undocumented, "hello+{id}.json is damaged: it is not in the bucket, or empty"),
    ],
)
def test_what_changed_of_an_accepted_chain_is_one_line_and_no_problem_of_an_archive(
    saved: SavedRepository, change: Callable[[SavedRepository], None], objection: str
) -> None:
    known = saved.accepted(2)
    change(saved)
    found = check(Bucket(saved.s3, "backups"), [saved.item()], known)
    assert found.problems == ()
    (line,) = found.chain_problems
    assert line.startswith("octo/hello: github_backups/octo/")
    assert objection.format(id=saved.document.id) in line
    assert found.damaged_chains == (saved.document.key,)


@pytest.mark.parametrize("accepted", [1, 0])
def test_a_bad_overlay_of_this_run_is_a_problem_like_a_bad_archive(
    saved: SavedRepository, accepted: int
) -> None:
    saved.s3.put_object(Bucket="backups", Key=saved.document.links[1].key, Body=b"x")
    found = checked(saved, accepted=accepted)
    assert found.chain_problems == ()
    (line,) = found.problems
    assert line.startswith(f"octo/hello: {saved.document.links[1].key} has 1 bytes, not 9")


def test_overlays_that_are_not_named_any_more_are_missed(saved: SavedRepository) -> None:
    found = checked(saved, links=1)
    assert "had 2 overlays in an earlier run, and has 1 now" in found.chain_problems[0]
    found = checked(saved, links=0)
    assert "had 2 overlays in an earlier run, and has 0 now" in found.chain_problems[0]


def test_another_base_begins_anew(saved: SavedRepository) -> None:
    known = saved.accepted(2)
    saved.rebased(b"new base")
    assert sound(check(Bucket(saved.s3, "backups"), [saved.item()], known))


def test_what_a_killed_run_added_is_a_notice(saved: SavedRepository) -> None:
    """The document is longer than the manifest says, and an overlay is named by no run."""
    link = saved.add(b"never accepted")
    found = checked(saved, links=2)
    assert (found.problems, found.chain_problems) == ((), ())
    (notice,) = found.notices
    assert notice.startswith(f"octo/hello: {link.key} is an overlay that no run names")


def test_an_overlay_over_a_base_without_any_is_a_notice(s3: Any) -> None:
    saved = SavedRepository.put(s3, links=0)
    s3.put_object(Bucket="backups", Key=saved.document.next_key, Body=b"x")
    assert "no run names" in checked(saved, accepted=0).notices[0]


def test_sixty_junk_overlays_of_the_chain_are_one_notice(saved: SavedRepository) -> None:
    for number in range(3, 63):
        key = layout.overlay(saved.archive.key, saved.document.id, number)
        saved.s3.put_object(Bucket="backups", Key=key, Body=b"")
    (notice,) = checked(saved).notices
    assert "0003.zip and 59 more are overlays that no run names" in notice


@pytest.mark.parametrize("cost", [1000, 1])
def test_neighbours_in_the_order_of_keys_are_told_apart(
    s3: Any, asked: Counter[str], monkeypatch: pytest.MonkeyPatch, cost: int
) -> None:
    """``a-b.zip`` lies between the overlays of ``a`` and its base, ``a.wiki.zip`` after them.

    In one range, and in one for each.
    """
    monkeypatch.setattr(key_ranges, "_LEAST", cost)
    monkeypatch.setattr(key_ranges, "_MOST", cost)
    names = ("a", "a-b", "a.wiki", "A", "a_b", "ab")
    all_saved = [SavedRepository.put(s3, name, body=name.encode()) for name in names]
    known = {key: named for each in all_saved for key, named in each.accepted().items()}
    items = [each.item() for each in all_saved]
    asked.clear()
    found = check(Bucket(s3, "backups"), items, known)
    assert sound(found)
    assert found.chains == 6
    # The emulator leaves out the first key behind a KeyMarker, which then is asked for.
    assert (asked["ListObjectVersions"], asked["HeadObject"]) == ((1, 0) if cost > 1 else (6, 5))


def test_a_bucket_without_versions_goes_by_the_etags_of_overlays(
    s3: Any, asked: Counter[str]
) -> None:
    s3.create_bucket(
        Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    saved = SavedRepository.put(s3, bucket="plain")
    asked.clear()
    assert sound(check(Bucket(s3, "plain"), [saved.item()], saved.accepted()))
    assert asked == {"ListObjectVersions": 1, "GetObject": 1, "HeadObject": 1}
    s3.put_object(Bucket="plain", Key=saved.document.links[0].key, Body=b"overlay x")
    (line,) = check(Bucket(s3, "plain"), [saved.item()], saved.accepted()).chain_problems
    assert "0001.zip has another CRC32 than the backup wrote" in line


def test_with_suspended_versions_an_id_that_all_objects_have_proves_nothing(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="backups", VersioningConfiguration={"Status": "Suspended"})
    saved = SavedRepository.put(s3)
    document = ChainDocument(saved.document.base_key, saved.document.id)
    for link in saved.document.links:
        document = document.with_link(replace(link, version_id="null"))
    saved.document = document
    saved.write(document.to_bytes())
    assert checked(saved).chain_problems == ()
    s3.put_object(Bucket="backups", Key=document.links[0].key, Body=b"overlay x")
    assert "0001.zip" in checked(saved).chain_problems[0]


@pytest.mark.parametrize("forbidden", ["ListObjectVersions", "List"])
def test_where_listing_is_refused_everything_is_asked_for_and_that_is_a_notice(
    saved: SavedRepository, asked: Counter[str], forbidden: str
) -> None:
    with refusing(saved.s3, forbidden):
        found = checked(saved)
        assert (found.problems, found.chain_problems) == ((), ())
        assert found.notices[0].startswith("the versions below s3://backups/github_backups/octo/ ")
        assert "AccessDenied: no" in found.notices[0]
        assert len(found.notices) == (2 if forbidden == "List" else 1)
        assert asked["HeadObject"] == (3 if forbidden == "List" else 1)
        _replaced(saved)
        assert "0001.zip" in checked(saved).chain_problems[0]


def test_a_document_that_may_not_be_read_costs_a_line(saved: SavedRepository) -> None:
    with refusing(saved.s3, "GetObject"):
        found = checked(saved)
    assert found.problems == ()
    assert "may not be read (AccessDenied: no)" in found.chain_problems[0]
    assert found.damaged_chains == ()


def test_a_replaced_base_is_to_be_made_anew_and_one_that_is_only_hidden_is_not(
    saved: SavedRepository,
) -> None:
    saved.s3.put_object(Bucket="backups", Key=saved.archive.key, Body=b"base")
    assert checked(saved).damaged_chains == (saved.document.key,)
    with refusing(saved.s3, "HeadObject"):
        found = checked(saved)
    assert "could not be checked" in found.problems[0]
    assert found.damaged_chains == ()


def test_archives_that_the_time_does_not_suffice_for_are_counted(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_check, "CHECK_TIME", timedelta())
    every = [SavedRepository.put(s3, name, links=links) for name, links in (("a", 1), ("b", 0))]
    found = check(Bucket(s3, "backups"), [each.item() for each in every])
    assert found.problems == ("2 of 2 archives were not checked: time ran out",)
    assert found.chain_problems == ()


def test_the_clients_other_answers_are_left_alone(saved: SavedRepository) -> None:
    checked(saved)
    assert saved.s3.list_object_versions(Bucket="backups")["Versions"]


class refusing:  # noqa: N801 - reads as a verb
    """Operations of this client whose name begins so are refused."""

    def __init__(self, s3: Any, operation: str) -> None:
        self.s3, self.operation = s3, operation

    def __enter__(self) -> None:
        self.s3.meta.events.register("before-call.s3", self._refuse)

    def __exit__(self, *_: object) -> None:
        self.s3.meta.events.unregister("before-call.s3", self._refuse)

    def _refuse(self, model: Any, **_: Any) -> Any:
        if not model.name.startswith(self.operation):
            return None
        answer = {"Error": {"Code": DENIED, "Message": "no"}, "ResponseMetadata": {}}
        return type("Answer", (), {"status_code": 403, "headers": {}, "content": b""})(), answer


def test_a_run_after_an_accepted_overlay_was_replaced_is_partial_and_says_so(
    world: World, saved: SavedRepository
) -> None:
    for week in (0, 1):
        run(world, week, [saved.entry()])
    _replaced(saved)
    run(world, 2, [saved.entry()], verdict="partial")
    subject, text = world.mails[-1].subject, world.mails[-1].body
    assert "partial: 1 problem, 1 repositories" in subject
    assert "Problems:\n  - octo/hello: github_backups/octo/hello+" in text
    assert "What to do: A restore stops before an overlay that is named above" in text
    # The next run has made a new base.
    saved.rebased(b"whole again")
    run(world, 3, [saved.entry(state="backed-up")])


def _copied(saved: SavedRepository, *, sha256: str | None = None) -> None:
    """What was recorded is of another bucket, of which this one is a copy."""
    elsewhere: dict[str, Any] = {"version_id": "of-the-first-bucket"}
    saved.archive = replace(saved.archive, **elsewhere)
    was = saved.document
    saved.document = ChainDocument(was.base_key, was.id)
    for link in was.links:
        other = elsewhere | ({"sha256": sha256} if sha256 else {})
        saved.document = saved.document.with_link(replace(link, **other))
    saved.write(saved.document.to_bytes())


def test_copies_are_told_once_and_then_known_by_the_listing(
    saved: SavedRepository, asked: Counter[str]
) -> None:
    _copied(saved)
    found = checked(saved, accepted=None)
    assert (found.problems, found.chain_problems, found.damaged_chains) == ((), (), ())
    (reported,) = found.notices
    assert reported.startswith("this bucket is a copy: 3 archives and overlays have")
    assert found.copied_chains == (saved.document.key,)
    ((key, known),) = saved.accepted().items()
    asked.clear()
    again = check(Bucket(saved.s3, "backups"), [saved.item()], {key: known._replace(copied=True)})
    assert sound(again)
    assert again.copied_chains == found.copied_chains
    assert asked == {"ListObjectVersions": 1, "GetObject": 1}


def test_the_store_s_own_sha256_of_a_copy_is_enough(
    saved: SavedRepository, asked: Counter[str]
) -> None:
    _copied(saved)
    copied = {"Bucket": "backups", "Key": saved.archive.key}
    saved.s3.put_object(**copied, Body=b"base", ChecksumAlgorithm="SHA256")
    saved.archive = replace(saved.archive, checksum=None)
    assert checked(saved, accepted=None).problems == ()


def test_other_bytes_of_the_same_size_and_checksum_are_no_copy(saved: SavedRepository) -> None:
    _copied(saved, sha256="0" * 64)
    found = checked(saved, accepted=None)
    assert "was replaced after the backup wrote version of-the-first" in found.problems[0]
    assert found.damaged_chains == (saved.document.key,)


def test_what_was_put_over_the_recorded_version_is_no_copy(saved: SavedRepository) -> None:
    saved.s3.put_object(
        Bucket="backups", Key=saved.archive.key, Body=b"base", ChecksumAlgorithm="CRC32"
    )
    assert "was replaced after the backup wrote" in checked(saved, accepted=None).problems[0]


def test_a_copy_that_is_replaced_later_is_named(saved: SavedRepository) -> None:
    _copied(saved)
    ((key, known),) = saved.accepted().items()
    link = saved.document.links[0]
    saved.s3.put_object(
        Bucket="backups", Key=link.key, Body=b"OVERLAY 0", ChecksumAlgorithm="CRC32"
    )
    found = check(Bucket(saved.s3, "backups"), [saved.item()], {key: known._replace(copied=True)})
    assert link.key in found.chain_problems[0]


def test_a_copy_that_the_time_does_not_suffice_for_is_counted(
    saved: SavedRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    _copied(saved)
    monkeypatch.setattr(CopiedObjects, "is_copy", lambda *_: None)
    found = checked(saved, accepted=None)
    assert found.problems == ("1 of 1 archives were not checked: time ran out",)
    assert found.damaged_chains == ()
