"""Reads releases: the list, which GitHub ends after 1,000 releases, and then the others."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from backup_contract.documents.data_index import Section
from repo_backup.hosts.github.api.graphql import NoGraphQLError, Result
from repo_backup.hosts.github.api.identity import UnreadableItemsError, is_identified
from repo_backup.hosts.github.api.refusals import Refused, refused
from repo_backup.hosts.github.data.queries import RELEASE_IDS
from repo_backup.hosts.github.data.readers.reactions import ReactionQueue
from repo_backup.hosts.github.data.repository import RepositoryRead, merged
from repo_backup.runtime.errors import NotFoundError, RepositoryError

MOST_LISTED = 1000
"""https://docs.github.com/rest/releases/releases: the list ends there, with or without a 422."""
_MOST_NAME_CHARACTERS = 150


def release_path(release: Any) -> str:
    """The path of a release's document, named after its tag, which is unique. Pure.

    A draft's tag does not exist yet and may equal another's, so the draft's id is added after
    ``~``, which no tag can contain.
    """
    tag = str(release.get("tag_name") or "")
    name = quote(tag, safe="", errors="surrogatepass")
    if len(name) > _MOST_NAME_CHARACTERS:
        digest = hashlib.sha256(tag.encode(errors="surrogatepass")).hexdigest()[:16]
        name = f"{name[:_MOST_NAME_CHARACTERS]}~{digest}"
    if release.get("draft") or not tag:
        name = f"{name}~{release.get('id')}"
    return f"releases/{name}.json"


@dataclass
class Releases:
    """The releases of one repository.

    ``seen`` are the ids of the releases that were read, by path, ``ids`` the same ids, and
    ``drafts`` the number of drafts among them. ``names`` are the paths in use, by their case-folded
    form.
    """

    data: RepositoryRead
    reacted: ReactionQueue
    seen: dict[str, int] = field(default_factory=dict)
    ids: set[int] = field(default_factory=set)
    drafts: int = 0
    names: dict[str, str] = field(default_factory=dict)

    def read(self) -> Section:
        """Read all releases, and mark those that are gone. Raises InterruptedRunError."""
        ended: Refused | None = None
        unreadable = 0
        counted = self.data.task.signature.counts.get("releases")
        try:
            for page in self.data.pages("/releases", key="id", whole=True):
                unreadable += page.unreadable
                self._save(page.items)
        except UnreadableItemsError:
            pass
        except RepositoryError as error:
            ended = refused(error)
            if ended.state != "truncated" and not (counted or 0) > MOST_LISTED:
                return self.data.unread("releases", ended, github=counted)
        short = unreadable > 0 or (counted or 0) > len(self.ids)
        if ended or short or len(self.ids) >= MOST_LISTED:
            try:
                counted = self._beyond()
            except RepositoryError as error:
                return self.data.unread("releases", refused(error), github=counted)
        if unreadable and (counted is None or len(self.ids) < counted):
            lost = UnreadableItemsError("/releases", unreadable)
            return self.data.unread("releases", refused(lost), github=counted)
        if counted is not None and len(self.ids) < counted:
            why = Refused("truncated", f"GitHub counts {counted} but shows {len(self.ids)}")
            return self.data.unread("releases", why, github=counted)
        self.data.mark_unlisted("releases", self.seen, self._is_hidden)
        return self.data.complete("releases", whole=True, github=counted)

    def _is_hidden(self, release: Any) -> bool:
        """Whether it is a draft that GitHub may be hiding: it lists drafts only to users with push
        access, and listed none."""
        return bool(release.get("draft")) and not self.drafts and release["id"] not in self.ids

    def _beyond(self) -> int | None:
        """Read the releases that the list does not show, one request each. Returns GitHub's count;
        None without GraphQL."""
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
                number = node.get("databaseId")
                if type(number) is int and number not in self.ids:
                    self._single(f"/releases/{number}")
        return total

    def _by_tag(self) -> None:
        tags = {release.get("tag_name") for release in self._saved() if not release.get("draft")}
        for page in self.data.pages("/tags", key="name", whole=True):
            for tag in page.items:
                if tag.get("name") not in tags:
                    self._single(f"/releases/tags/{quote(str(tag.get('name')), safe='')}")

    def _saved(self) -> Iterator[Any]:
        return (self.data.documents.get(path) for path in self.seen)

    def _single(self, below: str) -> None:
        try:
            release = self.data.get(below)
        except NotFoundError:
            return
        if is_identified(release, "id"):
            self._save([release])

    def _save(self, items: list[Any]) -> None:
        for item in items:
            path = self._path(item)
            before = self.data.documents.get(path)
            document = merged(before, item)
            self.data.save(path, document, before)
            self.reacted.look_at(path, document)
            self.seen[path] = item["id"]
            self.ids.add(item["id"])
            self.drafts += item.get("draft") is True

    def _path(self, release: Any) -> str:
        """A path that no other release has, not even in another case: some file systems ignore
        case."""
        path = release_path(release)
        if not self.names:
            self.names = {each.casefold(): each for each in self.data.documents.paths("releases")}
        known = self.names.setdefault(path.casefold(), path)
        is_taken = known != path and self.data.documents.get(path) is None
        if is_taken or self.seen.get(path, release["id"]) != release["id"]:
            return f"{path.removesuffix('.json')}~{release['id']}.json"
        return path


def _connection(result: Result) -> Any:
    return result.part("repository").get("releases") or {}
