"""Releases: a list that GitHub ends after the first 1,000, and what lies beyond."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from backup_contract.documents.data_index import Section
from repo_backup.hosts.github.api.graphql import NoGraphQLError, Result
from repo_backup.hosts.github.api.refusals import Refused, refused
from repo_backup.hosts.github.data.queries import RELEASE_IDS
from repo_backup.hosts.github.data.readers.reactions import ReactionQueue
from repo_backup.hosts.github.data.repository import RepositoryRead, merged
from repo_backup.runtime.errors import NotFoundError, RepositoryError

MOST_LISTED = 1000
"""https://docs.github.com/rest/releases/releases: the list ends there, with 422 or in silence."""
_MOST_NAME_CHARACTERS = 150


def release_path(release: Any) -> str:
    """Where a release is saved: by its tag, so that no two come together. Pure.

    A draft has no tag yet, only the name of one: its id makes it another. ``~`` is in no tag.
    """
    tag = str(release.get("tag_name") or "")
    name = quote(tag, safe="")
    if len(name) > _MOST_NAME_CHARACTERS:
        digest = hashlib.sha256(tag.encode()).hexdigest()[:16]
        name = f"{name[:_MOST_NAME_CHARACTERS]}~{digest}"
    if release.get("draft") or not tag:
        name = f"{name}~{release.get('id')}"
    return f"releases/{name}.json"


@dataclass
class Releases:
    """The releases of one repository."""

    data: RepositoryRead
    reacted: ReactionQueue
    seen: set[str] = field(default_factory=set)
    ids: set[int] = field(default_factory=set)

    def read(self) -> Section:
        """Read all releases; those that are gone are marked. Raises InterruptedRunError."""
        ended: Refused | None = None
        counted = self.data.task.signature.counts.get("releases")
        try:
            for page in self.data.pages("/releases"):
                self._save(page.items)
        except RepositoryError as error:
            ended = refused(error)
            if ended.state != "truncated" and not (counted or 0) > MOST_LISTED:
                return self.data.unread("releases", ended, github=counted)
        if ended or len(self.ids) >= MOST_LISTED or (counted or 0) > len(self.ids):
            try:
                counted = self._beyond()
            except RepositoryError as error:
                return self.data.unread("releases", refused(error), github=counted)
        for path in list(self.data.alive_paths("releases")):
            if path not in self.seen:
                self.data.lose(path)
        if counted is not None and len(self.ids) < counted:
            why = Refused("truncated", f"GitHub counts {counted} and shows {len(self.ids)}")
            return self.data.unread("releases", why, github=counted)
        return self.data.complete("releases", whole=True, github=counted)

    def _beyond(self) -> int | None:
        """Read what the list does not show, one request each; GitHub's count."""
        try:
            return self._by_id()
        except NoGraphQLError:
            self._by_tag()
            return None

    def _by_id(self) -> int | None:
        total = None
        parts = self.data.graphql.connection(
            RELEASE_IDS, self.data.account, self.data.name, _connection, 100
        )
        for part in parts:
            total = part.total
            for node in part.nodes:
                if (number := node.get("databaseId")) and number not in self.ids:
                    self._single(f"/releases/{number}")
        return total

    def _by_tag(self) -> None:
        tags = {release.get("tag_name") for release in self._saved() if not release.get("draft")}
        for page in self.data.pages("/tags"):
            for tag in page.items:
                if tag.get("name") not in tags:
                    self._single(f"/releases/tags/{quote(str(tag.get('name')), safe='')}")

    def _saved(self) -> Iterator[Any]:
        return (self.data.documents.get(path) for path in self.seen)

    def _single(self, below: str) -> None:
        try:
            self._save([self.data.get(below)])
        except NotFoundError:
            return

    def _save(self, items: list[Any]) -> None:
        for item in items:
            path = release_path(item)
            before = self.data.documents.get(path)
            document = merged(before, item)
            self.data.save(path, document, before)
            self.reacted.look_at(path, document)
            self.seen.add(path)
            self.ids.add(item["id"])


def _connection(result: Result) -> Any:
    return result.part("repository").get("releases") or {}
