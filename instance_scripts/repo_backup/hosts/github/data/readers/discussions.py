"""Discussions: GraphQL alone has them, with their comments and the replies to those."""

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backup_contract.documents.data_index import Section
from backup_contract.moments import iso
from repo_backup.hosts.data_counts import key_of
from repo_backup.hosts.github.api.graphql import NoGraphQLError, Result
from repo_backup.hosts.github.api.refusals import Refused, refused
from repo_backup.hosts.github.data.discussion_queries import (
    DISCUSSION,
    DISCUSSIONS,
    MORE_DISCUSSION_COMMENTS,
    MORE_REPLIES,
)
from repo_backup.hosts.github.data.fields_table import clean
from repo_backup.hosts.github.data.readers.reactions import ReactionQueue
from repo_backup.hosts.github.data.repository import RepositoryRead, gone, merged, merged_parts
from repo_backup.runtime.errors import NotFoundError, RepositoryError

_AT_ONCE = 25
_MORE_AT_ONCE = 50


@dataclass
class _Walk:
    """How far the discussions have been read."""

    first: bool
    known: str
    newest: str
    cursor: str | None = None

    @property
    def text(self) -> str | None:
        return json.dumps(vars(self)) if self.cursor else None


@dataclass
class Discussions:
    """The discussions of one repository."""

    data: RepositoryRead
    reacted: ReactionQueue

    def read(self) -> Section:
        """Read the discussions that are new or updated. Raises InterruptedRunError."""
        walk = _begun(self.data.before("discussions"))
        try:
            self._read(walk)
        except NoGraphQLError as error:
            why = Refused("not-permitted", f"only GraphQL has discussions: {error}")
            return self.data.unread("discussions", why)
        except RepositoryError as error:
            return self.data.unread("discussions", refused(error, "switched-off"), walk.text)
        return self.data.complete("discussions", newest=walk.newest or None, whole=walk.first)

    def _read(self, walk: _Walk) -> None:
        order = ("CREATED_AT", "ASC") if walk.first else ("UPDATED_AT", "DESC")
        asked = {
            **self.data.name,
            "field": order[0],
            "direction": order[1],
            "after": walk.cursor,
        }
        parts = self.data.graphql.connection(
            DISCUSSIONS, self.data.account, asked, _connection, _AT_ONCE
        )
        started = walk.cursor is None
        for part in parts:
            if problem := next((p for p in part.problems if p.type != "NOT_FOUND"), None):
                raise problem.error
            nodes = clean(part.nodes)
            dates = [str(node.get("updatedAt") or "") for node in nodes]
            for node, date in zip(nodes, dates, strict=True):
                if walk.first or date >= walk.known:
                    self.save(node)
            if walk.first:
                walk.newest = min(max([walk.newest, *dates]), iso(self.data.task.now))
            elif started:
                walk.newest = max([walk.newest, *dates])
            started, walk.cursor = False, part.after
            if not walk.first and any(date < walk.known for date in dates):
                return

    def read_single(self, number: int) -> bool:
        """Read one discussion; whether the repository has it."""
        asked = {**self.data.name, "number": number}
        try:
            result = self.data.graphql.ask(DISCUSSION, self.data.account, asked)
            found = result.part("repository").get("discussion")
        except NotFoundError:
            return False
        result.whole()
        if not isinstance(found, dict):
            return False
        self.save(clean(found))
        return True

    def save(self, node: dict[str, Any]) -> None:
        """Write a discussion with all that is said in it; what is no longer said is marked."""
        number = node.get("number")
        if type(number) is not int:
            return
        path = f"discussions/{number}.json"
        before = self.data.documents.get(path) or {}
        told = [self._comment(each) for each in self._all(node, "comments")]
        known = {key_of(each): each for each in before.get("comment_data") or ()}
        lost = gone("comment_data", known.values(), told)
        for comment in told:
            replies = (known.get(key_of(comment)) or {}).get("reply_data")
            lost += gone("reply_data", replies, comment["reply_data"])
            comment["reply_data"] = merged_parts(replies, comment["reply_data"])
        document = merged(before, {name: node[name] for name in node if name != "comments"})
        document["comment_count"] = (node.get("comments") or {}).get("totalCount")
        document["comment_data"] = merged_parts(known.values(), told)
        self.data.save(path, document, before or None)
        self.data.lose_parts(path, document, lost)
        self.reacted.queue(path, "", [document])
        for comment in told:
            self.reacted.queue(path, "comment_data", [comment])
            self.reacted.queue(path, "reply_data", comment["reply_data"])

    def _comment(self, node: dict[str, Any]) -> dict[str, Any]:
        comment = {name: node[name] for name in node if name != "replies"}
        comment["reply_count"] = (node.get("replies") or {}).get("totalCount")
        comment["reply_data"] = self._all(node, "replies")
        return comment

    def _all(self, node: dict[str, Any], name: str) -> list[Any]:
        """All nodes of a connection, of which the answer has the first ones."""
        connection = node.get(name) or {}
        listed: list[Any] = list(connection.get("nodes") or ())
        info = connection.get("pageInfo") or {}
        if info.get("hasNextPage"):
            rest = self.data.graphql.connection(
                MORE_DISCUSSION_COMMENTS if name == "comments" else MORE_REPLIES,
                self.data.account,
                {"id": node.get("id"), "after": info.get("endCursor")},
                lambda result: result.part("node")[name],
                _MORE_AT_ONCE,
            )
            listed += _cleaned(each for part in rest for each in part.nodes)
        return [each for each in listed if isinstance(each, dict)]


def _connection(result: Result) -> Any:
    connection = result.part("repository").get("discussions")
    if not isinstance(connection, dict):
        result.whole()
        raise RepositoryError("GitHub's GraphQL answered nothing for discussions")
    return connection


def _cleaned(nodes: Iterable[Any]) -> list[Any]:
    return [clean(node) for node in nodes]


def _begun(before: Section | None) -> _Walk:
    if before and before.after:
        with contextlib.suppress(ValueError, TypeError):
            return _Walk(**json.loads(before.after))
    known = before.newest if before else None
    return _Walk(first=known is None, known=known or "", newest=known or "")
