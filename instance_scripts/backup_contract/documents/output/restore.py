"""The output of ``restore``, for one repository and for several."""

from typing import Annotated, TypedDict

from backup_contract.documents.output.schema import SourceDocument


class RestoreDocument(SourceDocument):
    """``repo-backup restore --json``."""

    repository: Annotated[str, "owner/name"]
    wiki: Annotated[bool, "whether it is a wiki"]
    kind: Annotated[str, "git: the repository itself; wiki; data: its project data"]
    key: Annotated[str, "the archive"]
    version_id: Annotated[str | None, "its version in the bucket; null in a directory"]
    run_id: Annotated[str | None, "the run of --at or --run-id; null without them"]
    incomplete: Annotated[
        bool, "an earlier state than requested, because an overlay is missing or damaged"
    ]
    mirror: Annotated[
        str | None, "path of the bare mirror, or of the folder of --data; null if it was pushed"
    ]
    data: Annotated[str | None, "path of its project data, restored with it; null if there is none"]
    pushed_to: Annotated[str | None, "address, without credentials; null if it was not pushed"]
    remarks: Annotated[list[str], "remarks, such as malformed history or unchecked links"]
    refs_not_pushed: Annotated[dict[str, str], "by ref, why the host refused it"]


class RestoredRow(TypedDict):
    """One archive, in ``restore`` of several repositories."""

    repository: Annotated[str, "owner/name, with ~ID if another repository has the plain key"]
    kind: Annotated[str, "git: the repository itself; wiki; data: its project data"]
    key: Annotated[str, "the archive's key in the store"]
    state: Annotated[str, "restored; present: an earlier command restored it; failed"]
    path: Annotated[str | None, "where it is; null if it failed or was pushed"]
    pushed_to: Annotated[str | None, "the address that it was pushed to; null with --into"]
    incomplete: Annotated[bool, "an earlier state than requested, or without some large files"]
    reason: Annotated[str | None, "why it failed; null if it did not"]
    remarks: Annotated[list[str], "remarks, such as malformed history or unchecked links"]


class UnsavedRow(TypedDict):
    """A repository that is not in the backup, in ``restore`` of several."""

    repository: Annotated[str, "owner/name"]
    reason: Annotated[str, "the reason in the run's manifest"]


class RestoreManyDocument(SourceDocument):
    """``repo-backup restore --json`` of several names, of a pattern, or with ``--all``."""

    into: Annotated[str | None, "the folder; null with --push-to-owner"]
    pushed_to_owner: Annotated[str | None, "the account; null with --into"]
    run_id: Annotated[str | None, "the run of --at or --run-id; null without them"]
    restored: Annotated[int, "archives that were restored"]
    present: Annotated[int, "archives that were already restored, in the requested state"]
    failed: Annotated[int, "archives that could not be restored"]
    archives: Annotated[list[RestoredRow], "each archive"]
    unsaved: Annotated[list[UnsavedRow], "repositories without an archive"]
