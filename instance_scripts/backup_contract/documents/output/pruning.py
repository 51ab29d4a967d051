"""The output of ``prune-objects``: the objects that nothing restorable refers to."""

from typing import Annotated, TypedDict

from backup_contract.documents.output.schema import SourceDocument


class PrunedRow(TypedDict):
    """One object that nothing restorable refers to, in ``prune-objects``."""

    key: Annotated[str, "its key in the store"]
    bytes: Annotated[int, "its size"]
    modified_at: Annotated[str, "when it was written, by the store's clock; ISO 8601, UTC"]
    state: Annotated[
        str,
        "removable; with --yes: hidden (a delete marker, the version stays), removed, changed (it "
        "was written again, and stays) or refused",
    ]
    reason: Annotated[str | None, "why it was not removed; null if it was"]
    locked_until: Annotated[
        str | None, "until when Object Lock keeps its bytes; null if they are not locked"
    ]


class PruneDocument(SourceDocument):
    """``repo-backup prune-objects --json``."""

    older_than_days: Annotated[int, "younger objects stay"]
    keeps_versions: Annotated[
        bool | None, "whether removed objects stay as earlier versions; null: not permitted to ask"
    ]
    objects: Annotated[list[PrunedRow], "each object that may be removed"]
    needed: Annotated[int, "objects that something restorable refers to"]
    needed_bytes: Annotated[int, "their size"]
    young: Annotated[int, "objects that nothing refers to, and that are not old enough"]
    young_bytes: Annotated[int, "their size"]
    read: Annotated[int, "lists and archives that were read"]
    ignored: Annotated[list[str], "keys of damaged versions that no manifest names"]
