"""Rows that several documents of ``--json`` share, and how they are made."""

from collections.abc import Iterable
from typing import Annotated, TypedDict, cast

from backup_contract.documents.suspicion import Suspicion
from backup_contract.visibility import Visibility


class VisibilityRow(TypedDict):
    """How many of an owner's repositories GitHub showed to a run."""

    owner: Annotated[str, "the user or organisation"]
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
    """A run that found history rewritten as an attacker would."""

    run_id: Annotated[str, "its name"]
    reasons: Annotated[list[str], "what it found"]
    keys: Annotated[list[str] | None, "the archives that it concerns; null: all"]


def suspicion_rows(items: Iterable[Suspicion]) -> list[SuspicionRow]:
    """As the documents have it."""
    return [cast(SuspicionRow, each.document) for each in items]
