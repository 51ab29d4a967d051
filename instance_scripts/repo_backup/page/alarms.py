"""The concerns about rewritten history. Pure."""

from collections.abc import Iterator

from repo_backup.page.headline import Concern, concern, counted, newest_finished
from repo_backup.page.repository_status import Tone
from repo_backup.page.run_history import RunHistory

_SUSPICIOUS = (
    "The earlier history is in the backup and is kept until this is acknowledged. Investigate it "
    "(docs/rewrites.md); if it was intended, run: repo-backup acknowledge "
)
_REWRITTEN = (
    "The history from before is in the backup (docs/rewrites.md). Branches that are rewritten on "
    "purpose can be named in KnownRewrites."
)


def alarms(run_history: RunHistory, running: str | None) -> Iterator[Concern]:
    """Open suspicions, then the rewrites of the newest finished run."""
    if found := run_history.suspicions:
        lines = [("", f"{each.run_id}: {reason}") for each in found for reason in each.reasons]
        title = "History was rewritten as an attacker would"
        yield concern(Tone.BAD, title, f"{_SUSPICIOUS}{found[-1].run_id}", lines)
    newest = newest_finished(run_history.runs, running)
    if newest and newest.rewritten:
        branches = counted(newest.rewritten, "branch or tag", "branches and tags")
        title = f"{branches} rewritten or deleted on GitHub"
        yield concern(Tone.WATCH, title, _REWRITTEN, [("", each) for each in newest.rewrites])
