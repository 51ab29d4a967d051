"""The output of ``list``, ``diff`` and ``verify``: archives, and changes in them."""

from typing import Annotated, NotRequired, TypedDict

from backup_contract.documents.output.project_data import ItemChangesRow
from backup_contract.documents.output.runs import RunRow
from backup_contract.documents.output.schema import SourceDocument


class ArchiveRow(TypedDict):
    """One archive, in ``list``."""

    repository: Annotated[str, "owner/name"]
    wiki: Annotated[bool, "whether it is a wiki's archive"]
    kind: Annotated[str, "git: the repository itself; wiki; data: its project data"]
    key: Annotated[str, "its key in the store"]
    bytes: Annotated[int, "its size, overlays included"]
    overlays: Annotated[int, "the number of its overlays"]
    state: Annotated[
        str | None,
        "the run's result: backed-up, unchanged, failed …; kept: no longer listed; missing: the "
        "archive does not exist any more; expired: the version of that run does not; "
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
    changed: Annotated[dict[str, list[str]], "by ref, the object ids before and after"]


class DiffRow(TypedDict):
    """One archive that changed, in ``diff``."""

    repository: Annotated[str, "owner/name, as the later run has it"]
    kind: Annotated[str, "git: the repository itself; wiki; data: its project data"]
    change: Annotated[
        str, "added; gone: no longer listed; changed: its refs or items; renamed: nothing else"
    ]
    former_name: Annotated[str | None, "owner/name in the earlier run, if it was another"]
    bytes_before: Annotated[int | None, "its size, overlays included; null if it did not exist"]
    bytes_after: Annotated[int | None, "the same in the later run"]
    refs: Annotated[RefsRow | None, "the changed refs; null with --no-refs, or if not read"]
    items: Annotated[
        ItemChangesRow | None, "the changed project data; null with --no-refs, or if not read"
    ]
    refs_unread: Annotated[str | None, "why its refs or items were not read; null if they were"]


class DiffDocument(SourceDocument):
    """``repo-backup diff --json``."""

    before: Annotated[str, "the run that RUN1 selects"]
    after: Annotated[str, "the run that RUN2 selects"]
    incomplete: Annotated[
        list[str], "the runs of the two that did not complete; they may lack some"
    ]
    repositories: Annotated[list[DiffRow], "the archives that differ, by name"]


class CheckedRow(TypedDict):
    """One archive that was read back, in ``verify``."""

    key: Annotated[str, "its key in the store"]
    good: Annotated[bool, "whether git found every object, and the refs match the manifest"]
    read: Annotated[
        bool, "false: this machine could not read it, which says nothing about the archive"
    ]
    reason: Annotated[str | None, "what is wrong with it, or why it was not read; null if good"]
    remarks: Annotated[list[str], "remarks, such as malformed history or unchecked links"]


class VerifyDocument(SourceDocument):
    """``repo-backup verify --json``."""

    checked: Annotated[int, "archives that were read back"]
    bad: Annotated[int, "bad ones among those"]
    unread: Annotated[int, "archives that this machine could not read"]
    archives: Annotated[list[CheckedRow], "each archive, read or not"]
