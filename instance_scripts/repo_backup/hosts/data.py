"""What the program needs of a host beyond git: a repository's issues, reviews, releases, settings.

A host reads them into :class:`Documents`, a working copy of what earlier runs have saved, and says
for each section how complete it is. What becomes of the copy, an archive or an overlay of one, is
the kind's; how a host is asked, and within which limits, is the host's.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from backup_contract.documents.data_index import Section
from repo_backup.hosts.base import Remote
from repo_backup.net.http import Answer

Json = Any
"""A document as ``json`` gives it: dicts, lists, texts, numbers, booleans, None."""


@dataclass(frozen=True)
class Signature:
    """What a repository's data is now, by a question that reads nothing of it.

    The same ``fingerprint`` means that nothing has changed that counts or dates show; ``counts``
    are the host's own numbers by section, where it gives one.
    """

    fingerprint: str
    counts: Mapping[str, int] = field(default_factory=dict)


class Documents(Protocol):
    """The working copy: JSON documents by path, as ``issues/12.json``; changed in place.

    Only what differs from what was saved before gets into an archive, so that writing the same
    again costs nothing. No document is ever removed: what vanished at the host is marked.
    """

    def get(self, path: str) -> Json | None:
        """The document; None where there is none."""

    def put(self, path: str, document: Json) -> None:
        """Write a document, without the fields that must not be saved. Undoes ``vanished``."""

    def paths(self, folder: str) -> Iterable[str]:
        """The paths below a folder, as ``issues``, by number where the names are numbers."""

    def vanished(self, path: str, part: str = "") -> None:
        """The host has it no more: it stays, and ``deleted.json`` tells since when.

        ``part`` names something inside the document, as ``comment_data/123``.
        """

    def is_vanished(self, path: str, part: str = "") -> bool:
        """Whether an earlier run, or this one, found it gone."""


@dataclass(frozen=True)
class Task:
    """What is to be read of a repository now.

    ``before`` are the sections as the last run left them; none: everything is read. ``changed``:
    counts or dates differ, so that the sections which have them are read from where they were left.
    ``settings``: what has neither counts nor dates is read again. ``rotation``: of what has dates,
    the items from this place in the order of their numbers on are read again, ``rotation_items`` of
    them. ``full``: every item is.
    """

    signature: Signature
    now: datetime
    before: Mapping[str, Section] = field(default_factory=dict)
    changed: bool = True
    settings: bool = True
    rotation: int = 0
    rotation_items: int = 0
    full: bool = False


@dataclass(frozen=True)
class Reading:
    """What was read: each section's state, and from where the next rotation goes on.

    ``under_way``: the allowance or the deadline ended it; what was read is in the documents, and
    the next run goes on from there.
    """

    sections: Mapping[str, Section]
    rotation: int = 0
    under_way: bool = False


class DataHost(Protocol):
    """Where repositories' data comes from; any number of threads may ask at once."""

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests were made so far, by what for."""

    def announce(self, remotes: Iterable[Remote]) -> None:
        """Tell of the repositories that will be asked for, so that many are asked for at once."""

    def signature(self, remote: Remote) -> Signature:
        """What this repository's data is now; asked of the host for many repositories at once.

        Raises RepositoryError when the host does not tell, AbsentError when there is none.
        """

    def read(self, remote: Remote, task: Task, documents: Documents) -> Reading:
        """Read what the task asks for into the documents.

        A section that fails or is refused is a state, no error. Raises InterruptedRunError, and
        RepositoryError when nothing at all can be read.
        """


class ReleaseHost(DataHost, Protocol):
    """A host whose releases have files."""

    def open_asset(
        self, remote: Remote, number: int, headers: Mapping[str, str]
    ) -> AbstractContextManager[Answer]:
        """The bytes of the release's file with this id, by the first answer that has any of them.

        No token goes to the storage that the host names. Raises RepositoryError.
        """
