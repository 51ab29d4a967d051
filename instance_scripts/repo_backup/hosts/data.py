"""The interface of a host's data beyond git: issues, reviews, releases, settings.

A host reads them into :class:`Documents`, a working copy of what earlier runs saved, and reports
how complete each section is. The kind decides whether the copy becomes an archive or an overlay.
The host decides which requests to make, and keeps to its limits.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from backup_contract.documents.data_index import Section
from repo_backup.hosts.base import RemoteRepository
from repo_backup.net.http import Answer

Json = Any
"""A document as the module ``json`` returns it: dicts, lists, strings, numbers, booleans, None."""


@dataclass(frozen=True)
class Signature:
    """The state of a repository's data, found without reading the data.

    An equal ``fingerprint`` means that no count or date has changed. ``counts`` are the host's own
    numbers by section, for sections where it has one.
    """

    fingerprint: str
    counts: Mapping[str, int] = field(default_factory=dict)


class Documents(Protocol):
    """The working copy: JSON documents by path, as ``issues/12.json``; changed in place.

    Only documents that differ from the saved ones go into an archive, so writing the same again
    costs nothing. No document is ever removed: one that vanished at the host is marked.
    """

    def get(self, path: str) -> Json | None:
        """The document; None if there is none."""

    def put(self, path: str, document: Json) -> None:
        """Write a document, without the fields that must not be saved. Undoes ``vanished``."""

    def paths(self, folder: str) -> Iterable[str]:
        """The paths in a folder such as ``issues``, sorted by number if the names are numbers."""

    def vanished(self, path: str, part: str = "") -> None:
        """Mark a document as gone from the host. It stays; ``deleted.json`` records since when.

        ``part`` names something inside the document, as ``comment_data/123``.
        """

    def reappeared(self, path: str, part: str) -> None:
        """Undo ``vanished`` for a part that the host shows again."""

    def is_vanished(self, path: str, part: str = "") -> bool:
        """Whether this run or an earlier one marked it as gone."""


@dataclass(frozen=True)
class Task:
    """What to read of a repository in this run.

    ``before`` are the sections as the last run left them; if empty, everything is read.
    ``changed``: counts or dates differ, so sections that have them continue from where they were
    left. ``settings``: sections without counts or dates are read again. ``rotation``: in sections
    with dates, ``rotation_items`` items are read again, by number, starting at this place.
    ``full``: every item is read again. A reading may pause ``pause_after_seconds`` after it began,
    so that what it has read is stored. ``resumed``: it goes on after a pause, moments ago, so only
    what is under way is due.
    """

    signature: Signature
    now: datetime
    before: Mapping[str, Section] = field(default_factory=dict)
    changed: bool = True
    settings: bool = True
    rotation: int = 0
    rotation_items: int = 0
    full: bool = False
    pause_after_seconds: float = math.inf
    resumed: bool = False


@dataclass(frozen=True)
class Reading:
    """What was read: each section's state, and where the next rotation starts.

    ``under_way``: the allowance, the deadline or a pause ended the reading. The documents have what
    was read, and the next reading continues from there. ``paused``: it can do so at once.
    """

    sections: Mapping[str, Section]
    rotation: int = 0
    under_way: bool = False
    paused: bool = False


class DataHost(Protocol):
    """Reads repositories' data. Any number of threads may use it at once."""

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests were made so far, by purpose."""

    def announce(self, remotes: Iterable[RemoteRepository]) -> None:
        """Announce the repositories to be requested, so that one request can cover many."""

    def signature(self, remote: RemoteRepository) -> Signature:
        """The present state of this repository's data. One request covers many repositories.

        Raises RepositoryError if the host does not answer, AbsentError if there is no data.
        """

    def read(self, remote: RemoteRepository, task: Task, documents: Documents) -> Reading:
        """Read what the task asks for into the documents.

        A section that fails or is refused is a state, not an error. Raises InterruptedRunError, and
        RepositoryError if nothing at all can be read.
        """


@dataclass(frozen=True)
class AttachmentSites:
    """Where a host's attachments are: below the URL ``web``, and at ``images`` (names of hosts,
    without a port), which take no token."""

    web: str
    images: tuple[str, ...] = ()


class ReleaseHost(DataHost, Protocol):
    """A host whose releases have assets."""

    def open_asset(
        self, remote: RemoteRepository, number: int, headers: Mapping[str, str]
    ) -> AbstractContextManager[Answer]:
        """The bytes of the release asset with this id, after following redirects.

        The token is not sent to the storage that the host redirects to. Raises RepositoryError.
        """

    def asset_sizes(self, remote: RemoteRepository) -> list[int]:
        """The size in bytes of each release asset that the host lists for the repository.

        Raises RepositoryError.
        """


class AttachmentHost(ReleaseHost, Protocol):
    """A host whose texts link to attachments."""

    @property
    def attachment_sites(self) -> AttachmentSites:
        """Where attachments are."""

    def open_attachment(
        self, remote: RemoteRepository, url: str, headers: Mapping[str, str]
    ) -> AbstractContextManager[Answer]:
        """The response for an attachment that a text of this repository links to.

        Redirects are followed, and the token goes to no other server. The response may be a page
        that asks to sign in. Raises RepositoryError.
        """

    def signed_images(self, remote: RemoteRepository, urls: Sequence[str]) -> Mapping[str, str]:
        """The addresses by which a page of the host shows these images, by URL.

        Each opens one image without a token, for some minutes. Images that the host does not show
        are missing. Raises RepositoryError.
        """
