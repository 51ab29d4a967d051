"""Rows that several documents of ``--json`` share, and how they are made."""

from collections.abc import Iterable
from typing import Annotated, TypedDict, cast

from backup_contract.documents.suspicion import Suspicion
from backup_contract.visibility import Visibility


class VisibilityRow(TypedDict):
    """How many of an owner's repositories GitHub showed to a run."""

    owner: Annotated[str, "the user or organization"]
    scope: Annotated[
        str,
        "public: no private ones; selected: not all of them; all; unknown: GitHub does not tell",
    ]
    visible: Annotated[int, "repositories that were listed"]
    total: Annotated[int | None, "as GitHub counts them, unlisted ones too; null where it does not"]


def visibility_rows(items: Iterable[Visibility]) -> list[VisibilityRow]:
    """As the documents have it."""
    return [cast(VisibilityRow, each.document) for each in items]


class SuspicionRow(TypedDict):
    """A run that found history rewritten in a way that looks like an attack."""

    run_id: Annotated[str, "its name"]
    reasons: Annotated[list[str], "what it found"]
    keys: Annotated[list[str] | None, "the archives that it concerns; null: all"]


def suspicion_rows(items: Iterable[Suspicion]) -> list[SuspicionRow]:
    """As the documents have it."""
    return [cast(SuspicionRow, each.document) for each in items]


class LargeFilesRow(TypedDict):
    """The LFS objects, release assets or attachments that the archives of a run refer to."""

    kind: Annotated[str, "lfs-objects, data (release assets) or attachments"]
    count: Annotated[int, "each archive's; one that several share counts for each"]
    bytes: Annotated[int, "of all"]
    saved: Annotated[int, "how many of them are saved"]
    saved_bytes: Annotated[int, "of the saved ones"]


class LargeFilesDocument(TypedDict):
    """The large files beside the archives of a run."""

    kinds: Annotated[list[LargeFilesRow], "empty: no archive refers to any"]
    uploaded: Annotated[int, "how many the run stored"]
    bytes_uploaded: Annotated[int, "of those"]
