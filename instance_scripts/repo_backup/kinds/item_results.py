"""What became of an item, by what was found and fetched of it. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from backup_contract.documents.manifest import Archive, ItemResult
from backup_contract.documents.parts.rewrites import Rewrites
from backup_contract.kinds import GIT, LFS
from repo_backup.kinds.base import CurrentState, Fetched


def without_change(fingerprint: str, earlier: ItemResult) -> bool:
    """Whether upstream is what an archive was made of, which may lack some of it. Pure."""
    lacks = earlier.unserved
    return fingerprint == (lacks.upstream_digest if lacks else earlier.refs_digest)


def is_known(found: CurrentState, earlier: ItemResult) -> bool:
    """Whether what an earlier run left is still all there is to save. Pure."""
    if found.is_known:
        return found.is_known(earlier)
    return without_change(found.fingerprint, earlier)


def result_of(fetched: Fetched, archive: Archive) -> ItemResult:
    """What was fetched and stored. Pure."""
    return ItemResult(
        "backed-up",
        refs_digest=fetched.fingerprint,
        refs=fetched.count,
        lfs=fetched.lfs,
        archive=archive,
        unserved=fetched.unserved,
        rewrites=fetched.rewrites,
        data=fetched.data,
        objects=fetched.objects,
    )


def is_unheard_of(kind: str, result: ItemResult) -> bool:
    """Whether nothing need be told of an item: nobody expects there to be one. Pure."""
    return kind == LFS and result.state == "absent" and result.archive is None


def is_ruled_out(kind: str, results: Mapping[str, ItemResult]) -> bool:
    """Whether there is nothing of a kind by what became of the repository's others, nor was in an
    earlier run: then nothing need be asked. Pure."""
    if kind != LFS or LFS in results:
        return False
    git = results.get(GIT)
    return git is None or git.archive is None or not git.lfs


def rewrites_in(result: ItemResult, earlier: ItemResult | None, run_id: str) -> Rewrites | None:
    """What a run found rewritten, in its earlier attempts as well. Pure."""
    found = result.rewrites
    if earlier is None:
        return found
    if earlier.rewrites and earlier.rewrites.run_id == run_id:
        return earlier.rewrites.and_(found)
    if result.state == "empty" and earlier.state != "empty" and earlier.refs:
        return Rewrites(run_id, more=earlier.refs, refs_before=earlier.refs, lost=earlier.refs)
    return found


def about(found: CurrentState) -> ItemResult:
    """What there is to say without an archive. Pure."""
    return ItemResult("empty", None, found.warnings, found.fingerprint, found.count)


def lacking(result: ItemResult) -> ItemResult:
    """The same, saying what its archive lacks. Without a branch, a tag or a section of project data
    it is a failure. Pure."""
    lacks = result.unserved
    if lacks and lacks.warning and lacks.warning not in result.warnings:
        result = replace(result, warnings=(*result.warnings, lacks.warning))
    reason = (lacks.reason if lacks else None) or (result.data.failure if result.data else None)
    return replace(result, state="failed", reason=reason) if reason else result
