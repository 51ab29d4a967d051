"""An account's own data in a manifest: an item of ``accounts``. Pure."""

from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.fields import Fields
from backup_contract.documents.parts.entries import HOST, Entry
from backup_contract.documents.parts.results import STATES_BESIDE, ItemResult, read_result
from backup_contract.kinds import ACCOUNT, GIT


def account_host(login: str, host: str = HOST) -> str:
    """The host in the identity of an account.

    It contains the login, because accounts and repositories may have the same id.
    """
    return f"{host}/{login.lower()}"


def account_entry(login: str, result: ItemResult, *, asked: bool = True) -> Entry:
    """The entry of an account with its own data."""
    results = {GIT: ItemResult("absent"), ACCOUNT: result}
    return Entry(0, login, "", False, False, False, results, asked, account_host(login))


def account_document(entry: Entry) -> dict[str, Any]:
    """The JSON object of an account in the manifest's ``accounts``."""
    asked = {} if entry.asked else {"asked": False}
    return {"owner": entry.owner, **asked, **entry.results[ACCOUNT].document}


def read_account(document: Fields) -> Entry:
    """Read an item of ``accounts``. Raises DamagedError."""
    asked = "asked" not in document or fields.flag(document, "asked")
    login, result = fields.text(document, "owner"), read_result(document, STATES_BESIDE)
    return account_entry(login, result, asked=asked)
