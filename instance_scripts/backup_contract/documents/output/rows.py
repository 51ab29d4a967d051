"""Rows that several documents of ``--json`` share."""

from collections.abc import Iterable
from typing import Annotated, TypedDict, cast

from backup_contract.documents.suspicion import Suspicion
from backup_contract.visibility import Visibility


class VisibilityRow(TypedDict):
    """How many of an owner's repositories GitHub showed to a run."""

    owner: Annotated[str, "the user or organization"]
    scope: Annotated[
        str,
        "public: no private ones; selected: not all of them; all; unknown: GitHub does not say",
    ]
    visible: Annotated[int, "repositories that were listed"]
    total: Annotated[int | None, "GitHub's count, unlisted ones included; null if it gives none"]


def visibility_rows(items: Iterable[Visibility]) -> list[VisibilityRow]:
    """Its rows in a document."""
    return [cast(VisibilityRow, each.document) for each in items]


class SuspicionRow(TypedDict):
    """A run that found history rewritten in a way that looks like an attack."""

    run_id: Annotated[str, "its name"]
    reasons: Annotated[list[str], "what it found"]
    keys: Annotated[list[str] | None, "keys of the archives concerned; null: all"]


def suspicion_rows(items: Iterable[Suspicion]) -> list[SuspicionRow]:
    """Its rows in a document."""
    return [cast(SuspicionRow, each.document) for each in items]


class LargeFilesRow(TypedDict):
    """The LFS objects, release assets or attachments that the archives of a run refer to."""

    kind: Annotated[str, "lfs-objects, data (release assets) or attachments"]
    count: Annotated[int, "files; one that several archives share is counted for each"]
    bytes: Annotated[int, "their size"]
    saved: Annotated[int, "how many of them are saved"]
    saved_bytes: Annotated[int, "size of the saved ones"]


class LargeFilesDocument(TypedDict):
    """The large files beside the archives of a run."""

    kinds: Annotated[list[LargeFilesRow], "by kind; empty: no archive refers to any"]
    uploaded: Annotated[int, "files that the run stored"]
    bytes_uploaded: Annotated[int, "their size"]
