"""The results of items, from what was found and fetched. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from backup_contract.documents.manifest import Archive, ItemResult
from backup_contract.documents.parts.rewrites import Rewrites
from backup_contract.kinds import GIT, LFS
from repo_backup.kinds.base import CurrentState, Fetched


def without_change(fingerprint: str, earlier: ItemResult) -> bool:
    """Whether upstream is the same as when the archive was made, even if the archive lacks some of
    it. Pure."""
    lacks = earlier.unserved
    return fingerprint == (lacks.upstream_digest if lacks else earlier.refs_digest)


def is_known(found: CurrentState, earlier: ItemResult) -> bool:
    """Whether an earlier result still covers all there is to save. Pure."""
    if found.is_known:
        return found.is_known(earlier)
    return without_change(found.fingerprint, earlier)


def result_of(fetched: Fetched, archive: Archive) -> ItemResult:
    """The result for what was fetched and stored in this archive. Pure."""
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


def is_unremarkable(kind: str, result: ItemResult) -> bool:
    """Whether a result needs no mention: most repositories have no LFS objects. Pure."""
    return kind == LFS and result.state == "absent" and result.archive is None


def is_ruled_out(kind: str, results: Mapping[str, ItemResult]) -> bool:
    """Whether the repository's other results show that it has no item of this kind, so that no
    request is needed. An item that an earlier run had is never ruled out. Pure."""
    if kind != LFS or LFS in results:
        return False
    git = results.get(GIT)
    return git is None or git.archive is None or not git.lfs


def rewrites_in(result: ItemResult, earlier: ItemResult | None, run_id: str) -> Rewrites | None:
    """What a run found rewritten, including its earlier attempts. Pure."""
    found = result.rewrites
    if earlier is None:
        return found
    if earlier.rewrites and earlier.rewrites.run_id == run_id:
        return earlier.rewrites.and_(found)
    if result.state == "empty" and earlier.state != "empty" and earlier.refs:
        return Rewrites(run_id, more=earlier.refs, refs_before=earlier.refs, lost=earlier.refs)
    return found


def empty_result(found: CurrentState) -> ItemResult:
    """The result for an empty item, which has no archive. Pure."""
    return ItemResult("empty", None, found.warnings, found.fingerprint, found.count)


def lacking(result: ItemResult) -> ItemResult:
    """The result with what its archive lacks, as a warning or a reason. It becomes ``failed`` if a
    branch, a tag or a section of project data is missing. Pure."""
    lacks = result.unserved
    if lacks and lacks.warning and lacks.warning not in result.warnings:
        result = replace(result, warnings=(*result.warnings, lacks.warning))
    reason = (lacks.reason if lacks else None) or (result.data.failure if result.data else None)
    return replace(result, state="failed", reason=reason) if reason else result
