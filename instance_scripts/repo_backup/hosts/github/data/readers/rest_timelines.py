"""Reads timelines through REST, one request for each item, if GraphQL is refused.

A timeline is read when its item's turn comes in the rotation. Besides, each run that reads anything
in the repository reads some of the timelines that were never read. So the requests stay few, and
each item has its timeline within a quarter. https://docs.github.com/rest/issues/timeline
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from repo_backup.hosts.data_counts import key_of
from repo_backup.hosts.github.api.identity import UnreadableItemsError
from repo_backup.hosts.github.api.refusals import Refused, refused
from repo_backup.hosts.github.data.numbers import number_of
from repo_backup.hosts.github.data.repository import (
    ITEM_FOLDERS,
    RepositoryRead,
    gone,
    merged_parts,
)
from repo_backup.runtime.errors import AllowanceSpentError, NotFoundError

PER_RUN = 100
"""The most timelines to read in a run of those that were never read; one request each."""
_ELSEWHERE = ("commented", "reviewed", "line-commented", "commit-commented", "committed")
"""Events that are saved as comments and reviews, or are commits in the mirror."""
_NAME = "timeline_data"
UNREADABLE = "timeline.unreadable"
"""The name, among the problems of a reading, for timeline entries that could not be read."""
_NOT_YET = Refused(
    "not-permitted",
    "GraphQL is refused; REST needs a request for each item, so all are read within a quarter",
)


@dataclass(frozen=True)
class RestTimelines:
    """The timelines of one repository's issues and pull requests."""

    data: RepositoryRead

    @property
    def is_wanted(self) -> bool:
        """Whether GraphQL is refused."""
        return self.data.account in self.data.graphql.refused

    def fill(self) -> Refused | None:
        """Read some of the timelines that were never read.

        Returns why the section is not complete; None if it is. Raises RepositoryError.
        """
        left = PER_RUN
        for path in self._lacking():
            if not left:
                return _NOT_YET
            left -= 1
            try:
                self.read(path)
            except AllowanceSpentError:
                return _NOT_YET
        return self.data.problems.get(UNREADABLE)

    def read(self, path: str) -> None:
        """Read one item's timeline, and mark entries that are gone. Raises RepositoryError."""
        document = self.data.documents.get(path)
        if document is None or self.data.documents.is_vanished(path):
            return
        entries, lost = list[Any](), 0
        try:
            for page in self.data.pages(f"/issues/{number_of(path)}/timeline", key="event"):
                entries += page.items
                lost += page.unreadable
        except NotFoundError:
            return  # The item is gone; the rotation marks it.
        if lost:
            self.data.problems.setdefault(UNREADABLE, refused(UnreadableItemsError(path, lost)))
        known = {key_of(each) for each in document.get("event_data") or ()}
        now = [
            each for entry in entries if (each := _shortened(entry)) and key_of(each) not in known
        ]
        before = document.get(_NAME)
        written = {**document, _NAME: merged_parts(before, now)}
        self.data.save(path, written, document)
        self.data.unmark_parts(path, written, _NAME, now)
        if not lost:
            self.data.mark_parts_gone(path, written, gone(_NAME, before, now))

    def _lacking(self) -> Iterator[str]:
        for folder in ITEM_FOLDERS:
            for path in self.data.alive_paths(folder):
                document = self.data.documents.get(path) or {}
                if _NAME not in document and "timeline_nodes" not in document:
                    yield path


def _shortened(entry: dict[str, Any]) -> dict[str, Any] | None:
    """An entry as it is saved; None if it is saved elsewhere.

    GitHub gives a cross-reference no id, and includes the whole issue that it comes from. It gets
    an id that names this issue, of which only some fields are saved.
    """
    if entry.get("event") in _ELSEWHERE:
        return None
    source = entry.get("source")
    if not isinstance(source, dict) or not isinstance(issue := source.get("issue"), dict):
        at = f"{entry.get('event')}:{entry.get('created_at')}"
        return entry if entry.get("id") else {**entry, "id": at}
    url = str(issue.get("repository_url") or "")
    name = "/".join(url.split("/")[-2:])
    kept = {key: issue.get(key) for key in ("id", "number", "html_url", "title", "repository_url")}
    return {
        **entry,
        "id": entry.get("id") or f"{entry.get('event')}:{name}#{issue.get('number')}",
        "source": {**source, "issue": kept},
    }
