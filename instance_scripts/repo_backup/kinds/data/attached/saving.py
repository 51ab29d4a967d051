"""Saves the attachments that a repository's texts link to, each once ever.

Which object each is stands in the working copy, in ``attachments/ITEM.json``.
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
"""New attachments of one repository in one run: what an interruption may cost is bounded."""
MOST_RETRIED = 100
"""Refused attachments of one repository that are tried again in a week."""
_NOT_TRIED = "not-tried"
_LOST = "its object is lost or false, and GitHub does not hand it out again"
_OF_TOO_MANY = f"a run downloads {MOST_IN_A_RUN:,} of a repository"

Lists = dict[str, tuple[Attachment, ...]]


@dataclass(frozen=True)
class SavedAttachments:
    """What is to be said of a repository's attachments.

    ``saved`` are the sizes of their objects, by SHA-256 (hex). ``reason`` is why the backup is
    incomplete, ``warning`` what is left to later runs.
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
        """Save what is not saved yet, as far as the run's allowance goes.

        ``again``: the destination is asked for what was saved before, too. ``retry``: some of what
        GitHub refused is tried again. Raises FatalError, and RepositoryError where a list cannot be
        read.
        """
        before, linked = _lists(copy), self._linked(copy)
        known = _by_url(each for entries in before.values() for each in entries)
        objects = self.resources.objects
        if objects is None or not self.resources.attachments.save or self.remote.of != "repository":
            return _said(_after(before, linked, known, _NOT_TRIED))
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
        return replace(_said(lists), reason=outcome.reason, warning=outcome.warning)

    def _linked(self, copy: WorkingCopy) -> dict[str, tuple[str, ...]]:
        """By the path of its list, the URLs in each document that links to any."""
        sites = self.host.attachment_sites
        found = ((path, attachments_in(copy.get(path), sites)) for path in copy.linking())
        return {attachments_path(path): urls for path, urls in found if urls}

    def _turn(self, refused: Sequence[str]) -> list[str]:
        """Those of the refused ones whose turn it is to be tried again, another part each week."""
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
    """What is known of each URL: what is saved in one list is saved."""
    known: dict[str, Attachment] = {}
    for each in attachments:
        if each.url not in known or each.sha256:
            known[each.url] = each
    return known


def _known_after(
    known: Mapping[str, Attachment], outcome: AttachmentOutcome
) -> dict[str, Attachment]:
    """What is known of each URL now. An object that could not be had again is not taken back."""
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
    """The lists as they are now; ``unknown`` is why nothing is known of a URL, for all such."""
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
            # The name that an earlier run gave it stays.
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


def _said(lists: Lists) -> SavedAttachments:
    every = [each for entries in lists.values() for each in entries]
    return SavedAttachments(
        Attached.of(every), {each.sha256: each.size or 0 for each in every if each.sha256}
    )
