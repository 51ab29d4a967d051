"""Describes rewritten history, and decides when it looks like an attack. Pure."""

from collections.abc import Iterator, Sequence

from backup_contract.documents.manifest import Item, Manifest
from backup_contract.documents.parts.rewrites import Rewrite, RewriteKind, Rewrites
from backup_contract.documents.suspicion import Suspicion
from backup_contract.kinds import GIT

MOST_KEYS = 2000
"""How many archives a suspicion names individually. Beyond that it covers all archives."""
LEAST_DEFAULT_BRANCHES = 3
"""In fewer repositories, a force-push to the default branch counts as an ordinary rewrite."""
LEAST_LOST = 5
"""Ordinary clean-ups delete fewer branches and tags."""
_SHARE_OF_REPOSITORIES = 20
_SHARE_OF_REFS = 30
_PERCENT = 100
_MOST_REASONS, _TOLD_REASONS = 20, 3
_SHORT_ID = 12
_TEXTS = {
    RewriteKind.FORCED_BRANCH: "branch {name} was forced from {old} to {new}",
    RewriteKind.MOVED_TAG: "tag {name} was moved from {old} to {new}",
    RewriteKind.DELETED_BRANCH: "branch {name} was deleted, it was at {old}",
    RewriteKind.DELETED_TAG: "tag {name} was deleted, it was at {old}",
}


def rewritten(manifest: Manifest | None) -> int:
    """The number of rewritten branches and tags in all repositories and wikis."""
    return sum(found.count for _, found in _found(manifest))


def rewrite_lines(manifest: Manifest | None) -> list[str]:
    """A line for each rewritten branch and tag, and for the rest of each repository."""
    return [line for item, found in _found(manifest) for line in _lines(item.name, found)]


def suspicion(manifest: Manifest | None) -> Suspicion | None:
    """The suspicion that a run raises, if something in it looks like an attack; otherwise None."""
    if manifest is None:
        return None
    found = list(_found(manifest))
    reasons, concerned = [], []
    forced = [item for item, each in found if item.kind == GIT and each.default_branch]
    compared = sum(1 for item in manifest.repositories if item.archive and item.asked)
    if _exceeds(len(forced), compared, LEAST_DEFAULT_BRANCHES, _SHARE_OF_REPOSITORIES):
        reasons.append(
            f"the default branches of {len(forced)} of {compared} repositories were rewritten"
        )
        concerned += forced
    for item, each in found:
        if reason := objection_to(each):
            reasons.append(f"{item.name}: {reason}")
            concerned.append(item)
    if not reasons:
        return None
    if (more := len(reasons) - _MOST_REASONS) > 0:
        reasons[_MOST_REASONS:] = [f"{more} more like these"]
    keys = frozenset(item.archive.key for item in concerned if item.archive)
    return Suspicion(manifest.run_id, tuple(reasons), keys if len(keys) <= MOST_KEYS else None)


def alarm(suspicions: Sequence[Suspicion], source: str) -> str:
    """The warning about open suspicions, shown first; empty if there are none.

    ``source`` is the location of the backup, as in the program's option.
    """
    if not suspicions:
        return ""
    reasons = [f"{reason} (run {each.run_id})" for each in suspicions for reason in each.reasons]
    more = len(reasons) - _TOLD_REASONS
    shown = "; ".join(reasons[:_TOLD_REASONS]) + (f"; and {more} more" if more > 0 else "")
    return (
        f"SUSPICIOUS: {shown}. The history from before is in the backup, and nothing of it is "
        "compacted or retired until you have looked into this (docs/rewrites.md) and run: "
        f"repo-backup acknowledge {suspicions[-1].run_id} --source {source}"
    )


def _found(manifest: Manifest | None) -> Iterator[tuple[Item, Rewrites]]:
    for item in manifest.items if manifest else ():
        found = item.result.rewrites
        # A result carried over from an earlier run may report that run's rewrites.
        if manifest and found and found.run_id == manifest.run_id:
            yield item, found


def objection_to(found: Rewrites | None) -> str:
    """Why one repository's rewrites look like an attack; empty if they do not."""
    if found is None:
        return ""
    if found.one_commit:
        return "all branches and tags were replaced by one commit"
    if found.refs_before and found.lost == found.refs_before:
        return f"all {found.lost} branches and tags were deleted"
    if _exceeds(found.lost, found.refs_before, LEAST_LOST, _SHARE_OF_REFS):
        return f"{found.lost} of {found.refs_before} branches and tags were deleted"
    return ""


def _exceeds(count: int, all_: int, least: int, percent: int) -> bool:
    return count >= least and count * _PERCENT > all_ * percent


def _lines(name: str, found: Rewrites) -> Iterator[str]:
    for each in found.named:
        yield f"{name}: {_text(each)}"
    if found.more:
        yield f"{name}: {found.more} more branches and tags were rewritten or deleted"
    if found.undecided:
        branches = "1 branch that moved, finding out whether it was"
        if found.undecided != 1:
            branches = f"{found.undecided} branches that moved, finding out whether they were"
        yield f"{name}: for {branches} forced took too much"


def _text(each: Rewrite) -> str:
    short = each.name.removeprefix("refs/heads/").removeprefix("refs/tags/")
    old, new = each.old[:_SHORT_ID], (each.new or "")[:_SHORT_ID]
    who = f", by {each.by} at {each.at}" if each.by else ""
    return _TEXTS[each.kind].format(name=short, old=old, new=new) + who
