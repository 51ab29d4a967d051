"""What is said of rewritten history. Pure."""

from collections.abc import Iterator

from repo_backup.page.headline import Concern, concern, counted, newest_finished
from repo_backup.page.repository_status import Tone
from repo_backup.page.run_history import Chronicle

_SUSPICIOUS = (
    "The history from before is in the backup, and nothing of it is given up meanwhile. Look into "
    "this (docs/rewrites.md); if it was intended, run: repo-backup acknowledge "
)
_REWRITTEN = (
    "The history from before is in the backup (docs/rewrites.md). Branches that are rewritten on "
    "purpose can be named in KnownRewrites."
)


def alarms(chronicle: Chronicle, running: str | None) -> Iterator[Concern]:
    """Open suspicions, then what the newest run that ended found rewritten."""
    if found := chronicle.suspicions:
        lines = [("", f"{each.run_id}: {reason}") for each in found for reason in each.reasons]
        title = "History was rewritten as an attacker would"
        yield concern(Tone.BAD, title, f"{_SUSPICIOUS}{found[-1].run_id}", lines)
    newest = newest_finished(chronicle.runs, running)
    if newest and newest.rewritten:
        branches = counted(newest.rewritten, "branch or tag", "branches and tags")
        title = f"{branches} rewritten or deleted on GitHub"
        yield concern(Tone.WATCH, title, _REWRITTEN, [("", each) for each in newest.rewrites])
