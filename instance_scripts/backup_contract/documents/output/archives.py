"""What ``list``, ``diff`` and ``verify`` print: the archives, and what changed in them."""

from typing import Annotated, NotRequired, TypedDict

from backup_contract.documents.output.project_data import ItemChangesRow
from backup_contract.documents.output.runs import RunRow
from backup_contract.documents.output.schema import SourceDocument


class ArchiveRow(TypedDict):
    """One archive, in ``list``."""

    repository: Annotated[str, "owner/name"]
    wiki: Annotated[bool, "whether it is the wiki's"]
    kind: Annotated[str, "git: the repository itself; wiki; data: its project data"]
    key: Annotated[str, "where it lies in the store"]
    bytes: Annotated[int, "its size, overlays included"]
    overlays: Annotated[int, "how many are laid over it"]
    state: Annotated[
        str | None,
        "what the run found: backed-up, unchanged, failed …; kept: no longer listed; missing: it "
        "is not there any more; expired: that of the run is not; "
        "null if no manifest names it",
    ]
    run_id: Annotated[
        str | None, "the run that uploaded it, or its last overlay; null if no manifest names it"
    ]
    version_id: Annotated[str | None, "its version in the bucket; null in a directory"]
    sha256: Annotated[str | None, "of the zip, hexadecimal; null if no manifest names it"]


class VersionRow(TypedDict):
    """One version of an archive, in ``list --versions``."""

    version_id: Annotated[str | None, "its id in the bucket; null in a directory"]
    modified_at: Annotated[str, "ISO 8601, UTC"]
    bytes: Annotated[int, "its size"]
    latest: Annotated[bool, "whether it is the current one"]


class ListDocument(SourceDocument):
    """``repo-backup list --json``: one of the three lists."""

    archives: NotRequired[Annotated[list[ArchiveRow], "without an option"]]
    runs: NotRequired[Annotated[list[RunRow], "with --runs, newest first"]]
    versions: NotRequired[Annotated[list[VersionRow], "with --versions, newest first"]]


class RefsRow(TypedDict):
    """Changes of the refs of one archive, in ``diff``; HEAD is among them with its branch."""

    added: Annotated[dict[str, str], "object ids by ref"]
    gone: Annotated[dict[str, str], "object ids by ref"]
    changed: Annotated[dict[str, list[str]], "by ref the object id before and after"]


class DiffRow(TypedDict):
    """One archive that changed, in ``diff``."""

    repository: Annotated[str, "owner/name, as the later run has it"]
    kind: Annotated[str, "git: the repository itself; wiki; data: its project data"]
    change: Annotated[
        str, "added; gone: not listed any more; changed: its refs or items; renamed: only that"
    ]
    former_name: Annotated[str | None, "owner/name in the earlier run, if it was another"]
    bytes_before: Annotated[int | None, "its size, overlays included; null if it was not there"]
    bytes_after: Annotated[int | None, "the same in the later run"]
    refs: Annotated[RefsRow | None, "of what changed; null with --no-refs, or if unread"]
    items: Annotated[
        ItemChangesRow | None, "of changed project data; null with --no-refs, or if unread"
    ]
    refs_unread: Annotated[str | None, "why its refs or items cannot be read; null if they were"]


class DiffDocument(SourceDocument):
    """``repo-backup diff --json``."""

    before: Annotated[str, "the run that RUN1 means"]
    after: Annotated[str, "the run that RUN2 means"]
    incomplete: Annotated[list[str], "which of the two did not complete, and may lack some"]
    repositories: Annotated[list[DiffRow], "what is not the same in both, by name"]


class CheckedRow(TypedDict):
    """One archive that was read back, in ``verify``."""

    key: Annotated[str, "where it lies in the store"]
    good: Annotated[bool, "whether git found every object, and the refs are the manifest's"]
    read: Annotated[bool, "false: this machine could not read it, which says nothing of it"]
    reason: Annotated[str | None, "what is wrong with it, or with reading it; null if nothing is"]
    remarks: Annotated[list[str], "remarks, such as malformed history or unchecked links"]


class VerifyDocument(SourceDocument):
    """``repo-backup verify --json``."""

    checked: Annotated[int, "archives that were read back"]
    bad: Annotated[int, "of those"]
    unread: Annotated[int, "archives that this machine could not read"]
    archives: Annotated[list[CheckedRow], "each archive, read or not"]
