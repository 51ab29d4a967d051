"""Writes a restored gist's description, file names and comments beside it.

They are in the data of its owner's account, not in the gist's own archive.
"""

from collections.abc import Mapping
from pathlib import Path

from backup_contract.documents.json_text import json_text
from backup_contract.kinds import ACCOUNT
from repo_backup.restore.archive_reader import unreadable
from repo_backup.restore.catalogue import NoArchiveError, find
from repo_backup.restore.data.stored_documents import open_documents
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.base import Store

_LIST = "account/gists.json"


def write_gist_details(
    store: Store, owner: str, mirrors: Mapping[str, Path], run_id: str | None
) -> list[str]:
    """Write ``ID.json`` beside each restored mirror, by gist id. Returns remarks.

    A gist that the account's data does not have is skipped. Raises FatalError.
    """
    try:
        found = find(store, owner, ACCOUNT, run_id=run_id)
        documents = dict(open_documents(store, found).read([_LIST]))
    except NoArchiveError:
        return []
    except RepositoryError as error:
        return [f"descriptions and comments of {owner}'s gists: {error}"]
    listed = documents.get(_LIST)
    for each in listed if isinstance(listed, list) else ():
        mirror = mirrors.get(str(each.get("id"))) if isinstance(each, dict) else None
        if mirror:
            place = mirror.with_suffix(".json")
            try:
                place.write_bytes(json_text(each))
            except OSError as error:
                raise unreadable(error, place) from error
    return []
