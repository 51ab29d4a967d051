"""Saves the attachments that a repository's texts link to, each once.

The document ``attachments/ITEM.json`` lists the attachments of an item with their objects.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from backup_contract.documents.fields import DamagedError
from backup_contract.documents.parts.attached import Attached
from backup_contract.documents.parts.attachments import (
    ATTACHMENTS,
    Attachment,
    attachments_document,
    attachments_path,
    read_attachments,
)
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import AttachmentHost
from repo_backup.kinds.base import Resources
from repo_backup.kinds.data.attached.downloads import AttachmentDownloads
from repo_backup.kinds.data.attached.files import file_name
from repo_backup.kinds.data.attached.links import attachments_in
from repo_backup.kinds.data.attached.outcome import AttachmentOutcome
from repo_backup.kinds.data.documents import WorkingCopy
from repo_backup.runtime.errors import RepositoryError

MOST_IN_A_RUN = 2000
"""New attachments of one repository in one run: it limits what an interruption can cost."""
MOST_RETRIED = 100
"""Refused attachments of one repository that are tried again in a week."""
_NOT_TRIED = "not-tried"
_LOST = "its object is lost or damaged, and GitHub no longer serves it"
_OF_TOO_MANY = f"a run downloads at most {MOST_IN_A_RUN:,} of a repository"

Lists = dict[str, tuple[Attachment, ...]]


@dataclass(frozen=True)
class SavedAttachments:
    """The state of a repository's attachments.

    ``saved`` maps the SHA-256 (hex) of each saved object to its size in bytes. ``reason`` is why
    the backup is incomplete, and ``warning`` what is left to later runs.
    """

    attached: Attached
    saved: Mapping[str, int] = field(default_factory=dict)
    reason: str | None = None
    warning: str | None = None


@dataclass(frozen=True)
class AttachmentSaver:
    """Saves the attachments that a working copy's texts link to, as of ``now``.

    ``room`` is for temporary files.
    """

    remote: RemoteRepository
    resources: Resources
    host: AttachmentHost
    room: Path
    now: datetime

    def save(self, copy: WorkingCopy, *, again: bool, retry: bool) -> SavedAttachments:
        """Save what is not saved yet, within the run's allowance.

        ``again``: also check that objects of earlier runs are still in the store. ``retry``: try
        some attachments again that GitHub refused. Raises FatalError, and RepositoryError if a list
        cannot be read.
        """
        before, linked = _lists(copy), self._linked(copy)
        known = _by_url(each for entries in before.values() for each in entries)
        objects = self.resources.objects
        if objects is None or not self.resources.attachments.save or self.remote.of != "repository":
            return _state_of(_after(before, linked, known, _NOT_TRIED))
        urls = dict.fromkeys(url for each in linked.values() for url in each)
        outcome = AttachmentOutcome()
        missing = AttachmentDownloads(self.remote, self.resources, self.host, objects, self.room)
        lost = missing.lost([each for each in known.values() if each.sha256]) if again else []
        wanted = [url for url in urls if url not in known or known[url].state == "missing"]
        wanted += lost
        if retry:
            wanted += self._turn([url for url in urls if url in known and known[url].refused])
        outcome.left |= dict.fromkeys(wanted[MOST_IN_A_RUN:], _OF_TOO_MANY)
        missing.save(wanted[:MOST_IN_A_RUN], outcome)
        outcome.failed |= {url: _LOST for url in lost if outcome.refused.pop(url, None)}
        lists = _after(before, linked, _known_after(known, outcome))
        for path, entries in lists.items():
            copy.put(path, attachments_document(entries))
        return replace(_state_of(lists), reason=outcome.reason, warning=outcome.warning)

    def _linked(self, copy: WorkingCopy) -> dict[str, tuple[str, ...]]:
        """The URLs in each document that links to attachments, by the path of its list."""
        sites = self.host.attachment_sites
        found = ((path, attachments_in(copy.get(path), sites)) for path in copy.linking())
        return {attachments_path(path): urls for path, urls in found if urls}

    def _turn(self, refused: Sequence[str]) -> list[str]:
        """The refused URLs whose turn it is to be tried again: other ones each week."""
        if not refused:
            return []
        start = self.now.toordinal() // 7 * MOST_RETRIED % len(refused)
        turn = [*refused[start:], *refused[:start]][:MOST_RETRIED]
        return [url for url in turn if self.resources.attachments.retries.take(1)]


def _lists(copy: WorkingCopy) -> Lists:
    found: Lists = {}
    for path in [*copy.paths(ATTACHMENTS)]:
        try:
            found[path] = read_attachments(copy.get(path) or {})
        except DamagedError as error:
            raise RepositoryError(str(error.within(path))) from error
    return found


def _by_url(attachments: Iterable[Attachment]) -> dict[str, Attachment]:
    """The best entry for each URL: one that is saved, if any list has that."""
    known: dict[str, Attachment] = {}
    for each in attachments:
        if each.url not in known or each.sha256:
            known[each.url] = each
    return known


def _known_after(
    known: Mapping[str, Attachment], outcome: AttachmentOutcome
) -> dict[str, Attachment]:
    """The entry of each URL after this run. If an object could not be fetched again, the old entry
    stays."""
    after = dict(known)
    for url, saved in outcome.saved.items():
        name = file_name(url, saved.suffix, ())
        after[url] = Attachment(url, name, saved.size, saved.sha256)
    for url, code in outcome.refused.items():
        after[url] = Attachment(url, file_name(url, "", ()), refused=code)
    return after


def _after(
    before: Lists,
    linked: Mapping[str, Sequence[str]],
    known: Mapping[str, Attachment],
    unknown: str | None = None,
) -> Lists:
    """The new lists. ``unknown`` is the refusal code for URLs without a known entry."""
    lists: Lists = {}
    for path in dict.fromkeys([*before, *linked]):
        own = {each.url: each for each in before.get(path, ())}
        urls = dict.fromkeys(
            [*(url for url, each in own.items() if each.sha256), *linked.get(path, ())]
        )
        lists[path] = tuple(_entries(urls, own, known, unknown))
    return lists


def _entries(
    urls: Iterable[str],
    own: Mapping[str, Attachment],
    known: Mapping[str, Attachment],
    unknown: str | None,
) -> Iterator[Attachment]:
    taken: set[str] = set()
    for url in urls:
        if url in own and own[url].sha256 == (known[url].sha256 if url in known else None):
            # It keeps the name that an earlier run gave it.
            found = known.get(url, own[url])
            entry = replace(found, file=own[url].file)
        else:
            found = known.get(url) or Attachment(url, file_name(url, "", ()), refused=unknown)
            entry = replace(found, file=_free_name(found, taken))
        taken.add(entry.file.casefold())
        yield entry


def _free_name(found: Attachment, taken: set[str]) -> str:
    if found.file.casefold() not in taken:
        return found.file
    return file_name(found.url, _suffix(found.file), taken)


def _suffix(name: str) -> str:
    _, dot, suffix = name.rpartition(".")
    return dot + suffix if dot else ""


def _state_of(lists: Lists) -> SavedAttachments:
    every = [each for entries in lists.values() for each in entries]
    return SavedAttachments(
        Attached.of(every), {each.sha256: each.size or 0 for each in every if each.sha256}
    )
