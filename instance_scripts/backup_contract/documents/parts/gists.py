"""A gist in a manifest: an item of ``gists``. Pure."""

import re
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.documents.parts.entries import HOST, Entry
from backup_contract.documents.parts.results import (
    STATES_BESIDE,
    ItemResult,
    read_result,
    short_document,
)
from backup_contract.kinds import GIST, GIT

ALL = "*"
"""The id in the entry of an account whose gists could not be listed, if none was known before."""
_ID = re.compile(r"[0-9a-f]{1,64}|\*")


def gist_host(id: str) -> str:
    """The host in the identity of a gist. It contains the gist's id, which is not a number."""
    return f"{HOST}/gist/{id}"


def gist_entry(
    owner: str, id: str, result: ItemResult, *, secret: bool = False, asked: bool = True
) -> Entry:
    """The entry of a gist, whose name is its id."""
    results = {GIT: ItemResult("absent"), GIST: result}
    return Entry(0, owner, id, secret, False, False, results, asked, gist_host(id))


def gist_document(entry: Entry) -> dict[str, Any]:
    """The JSON object of a gist in the manifest's ``gists``."""
    return {
        "owner": entry.owner,
        "id": entry.name,
        "secret": entry.private,
        **({} if entry.asked else {"asked": False}),
        **short_document(entry.results[GIST]),
    }


def read_gist(document: Fields) -> Entry:
    """Read an item of ``gists``. Raises DamagedError."""
    id = fields.text(document, "id")
    if not _ID.fullmatch(id):
        raise DamagedError("id", "is not a gist's id")
    return gist_entry(
        fields.text(document, "owner"),
        id,
        read_result(document, STATES_BESIDE),
        secret=fields.flag(document, "secret"),
        asked="asked" not in document or fields.flag(document, "asked"),
    )
