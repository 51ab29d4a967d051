"""Reads a repository's settings, each into a document of its own."""

from typing import Any
from urllib.parse import quote

from backup_contract.documents.data_index import Section, SectionState
from backup_contract.moments import iso
from repo_backup.hosts.github.api.refusals import Refused, refused
from repo_backup.hosts.github.data.repository import RepositoryRead
from repo_backup.hosts.github.data.sections import SETTINGS, Setting
from repo_backup.runtime.errors import AbsentError, NotFoundError, RepositoryError

REPOSITORY = "settings/repository.json"
"""The repository's own document, which is read before the other settings."""


def section_name(setting: str) -> str:
    """The section of a setting."""
    return f"settings.{setting}"


def read_setting(data: RepositoryRead, name: str) -> Section:
    """Read one setting into its document, which is empty if GitHub has none (no Pages site, say).

    Raises InterruptedRunError.
    """
    setting, section = SETTINGS[name], section_name(name)
    try:
        is_empty = _is_known_empty(data, setting)
        document = _empty_document(setting) if is_empty else _ask(data, name, setting)
    except RepositoryError as error:
        why = refused(error, setting.absent)
        if why.state != "complete":
            return _unread(data, section, why)
        document = None
    path = f"settings/{name}.json"
    data.documents.put(path, document)
    return Section(
        "complete",
        here=len(document) if isinstance(document, list | dict) and not setting.one else 1,
        github=data.task.signature.counts.get(section),
        read_at=iso(data.task.now),
    )


def _unread(data: RepositoryRead, section: str, why: Refused) -> Section:
    before = data.task.before.get(section)
    state: SectionState = why.state
    return Section(
        state,
        here=before.here if before else 0,
        read_at=before.read_at if before else None,
        reason=why.reason,
    )


def _is_known_empty(data: RepositoryRead, setting: Setting) -> bool:
    """Whether earlier responses show that a setting is empty, so that no request is needed."""
    known = {**(data.documents.get(REPOSITORY) or {}), **data.task.signature.counts}
    zeros = [known.get(name) for name in setting.none_if]
    return bool(zeros) and all(each is not None and not each for each in zeros)


def _empty_document(setting: Setting) -> Any:
    """The document of an empty setting, as a request would have produced it."""
    if setting.one:
        return None
    return {} if setting.each else []


def _ask(data: RepositoryRead, name: str, setting: Setting) -> Any:
    if name == "topics":
        # The repository's own document, which was read just before, usually has them.
        known = data.documents.get(REPOSITORY) or {}
        if isinstance(known.get("topics"), list):
            return known["topics"]
        names = _object(data, setting.endpoint).get("names")
        if not isinstance(names, list):
            raise RepositoryError("GitHub's response is not a list of topics")
        return names
    if setting.one:
        return _object(data, setting.endpoint, setting.kind)
    listed = _list(data, setting, setting.endpoint)
    if setting.others:
        further = {other: _further(data, setting, below) for other, below in setting.others}
        return {"actions": sorted(listed, key=_order), **further}
    if not setting.each:
        return sorted(listed, key=_order)
    return {str(item.get(setting.key)): _single(data, setting, item) for item in listed}


def _object(data: RepositoryRead, below: str, kind: str = "") -> Any:
    """One object. Raises RepositoryError if the response is not an object."""
    found = data.get(below, kind)
    if not isinstance(found, dict):
        raise RepositoryError(f"GitHub's response is not an object for {data.path}{below}")
    return found


def _list(data: RepositoryRead, setting: Setting, below: str) -> list[Any]:
    query: dict[str, Any] = dict(setting.query or {})
    pages = data.pages(
        below, setting.kind, field=setting.field, key=setting.key, whole=True, **query
    )
    return [item for page in pages for item in page.items]


def _further(data: RepositoryRead, setting: Setting, below: str) -> Any:
    """Another list of a setting, or one list for each environment; the environments were read just
    before."""
    if "{}" not in below:
        return sorted(_list(data, setting, below), key=_order)
    environments = data.documents.get("settings/environments.json") or ()
    return {
        name: sorted(_list(data, setting, below.format(quote(name, safe=""))), key=_order)
        for each in environments
        if isinstance(name := each.get("name"), str)
    }


def _single(data: RepositoryRead, setting: Setting, item: Any) -> Any:
    """The whole of an item that a list shows in short; None if GitHub has no more."""
    try:
        return _object(data, setting.each.format(quote(str(item.get(setting.key)), safe="")))
    except (AbsentError, NotFoundError):
        return None


def _order(item: Any) -> str:
    """A sort key: GitHub promises no order, and another order must not count as a change."""
    return str(item.get("name") or item.get("login") or item.get("id") or "")
