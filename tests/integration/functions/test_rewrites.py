"""A suspicion is carried from mail to mail, and keeps overlays, until somebody acknowledges it."""

from dataclasses import replace

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Entry
from backup_contract.documents.parts.rewrites import Rewrite, RewriteKind, Rewrites
from backup_contract.kinds import GIT
from tests.integration.functions.chains import run
from tests.integration.functions.test_retirement import compacted, there
from tests.integration.functions.world import World

_RUNS = {week: f"2026-{day}T17-00-00Z" for week, day in ((1, "12-04"), (2, "12-11"))}
_FORCED = Rewrite("refs/heads/main", RewriteKind.FORCED_BRANCH, "a" * 40, "b" * 40)


def ransomed(entry: Entry, run_id: str) -> Entry:
    found = Rewrites(run_id, (_FORCED,), refs_before=1, default_branch=True, one_commit=True)
    return entry.having(GIT, replace(entry.git, rewrites=found))


def test_a_suspicion_stays_in_every_mail_and_keeps_overlays_until_it_is_acknowledged(
    world: World, s3: object
) -> None:
    saved, old = compacted(s3)
    other, others = compacted(s3, "other")
    run(world, 1, [ransomed(saved.entry(state="backed-up"), _RUNS[1]), other.entry()])
    assert "(SUSPICIOUS, 1 rewritten)" in world.mails[-1].subject
    assert world.mails[-1].body.startswith("SUSPICIOUS: octo/hello: all branches and tags")
    for week in (2, 3):
        run(world, week, [saved.entry(), other.entry()])
        assert "(SUSPICIOUS)" in world.mails[-1].subject
        assert world.mails[-1].body.startswith("SUSPICIOUS: octo/hello: all branches and tags")
    assert len(there(s3, old)) == 3
    assert there(s3, others) == []
    report = world.object(layout.report(_RUNS[2]))
    assert [each["run_id"] for each in report["suspicions"]] == [_RUNS[1]]
    assert (report["verdict"], report["rewritten"]) == ("verified", 0)
    world.write(layout.acknowledgement(_RUNS[2]), b"{}")
    run(world, 4, [saved.entry(), other.entry()])
    assert "SUSPICIOUS" not in world.mails[-1].subject + world.mails[-1].body
    assert there(s3, old) == []


def test_a_run_that_fails_is_mailed_with_what_is_open_and_an_illegible_item_is_named(
    world: World, s3: object
) -> None:
    saved, _ = compacted(s3)
    run(world, 1, [ransomed(saved.entry(state="backed-up"), _RUNS[1])])
    world.send("launcher", {"on_demand": True})
    world.end_instance()
    assert world.verdicts[-1] == "failed"
    assert "SUSPICIOUS" in world.mails[-1].subject
    assert world.mails[-1].body.startswith("SUSPICIOUS: octo/hello: ")
    damaged = {"pk": {"S": "suspicions"}, "document": {"S": "{"}}
    world.aws.client("dynamodb").put_item(TableName="runs", Item=damaged)
    run(world, 2, [saved.entry()])
    assert "item suspicions is damaged" in world.mails[-1].body
