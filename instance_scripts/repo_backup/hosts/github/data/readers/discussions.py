"""Reads discussions with their comments and replies, which only GraphQL has."""

import contextlib
import json
from dataclasses import dataclass
from typing import Any

from backup_contract.documents.data_index import Section
from backup_contract.moments import iso
from repo_backup.hosts.data_counts import key_of
from repo_backup.hosts.github.api.graphql import NoGraphQLError, Result
from repo_backup.hosts.github.api.identity import UnreadableItemsError, is_node
from repo_backup.hosts.github.api.refusals import Refused, refused
from repo_backup.hosts.github.data.connections import all_nodes
from repo_backup.hosts.github.data.discussion_queries import (
    DISCUSSION,
    DISCUSSIONS,
    MORE_DISCUSSION_COMMENTS,
    MORE_REPLIES,
)
from repo_backup.hosts.github.data.fields_table import clean
from repo_backup.hosts.github.data.lists import date_of
from repo_backup.hosts.github.data.readers.reactions import ReactionQueue
from repo_backup.hosts.github.data.repository import RepositoryRead, gone, merged, merged_parts
from repo_backup.runtime.errors import RepositoryError

_AT_ONCE = 25
_LOST = "unreadable"


@dataclass
class _Walk:
    """How far the list of discussions has been read. ``text`` is saved, so that the next run can
    continue there. See ``lists._Walk``."""

    first: bool
    known: str
    newest: str
    cursor: str | None = None
    unreadable: int = 0

    @property
    def text(self) -> str | None:
        written = {name: value for name, value in vars(self).items() if value or name != _LOST}
        return json.dumps(written) if self.cursor else None


@dataclass
class Discussions:
    """The discussions of one repository.

    ``unreadable`` is the number of comments and replies that could not be read so far.
    """

    data: RepositoryRead
    reacted: ReactionQueue
    unreadable: int = 0

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
        # After a first reading, the comparison with GitHub's count finds the unreadable ones.
        counted = walk.first and not self.data.task.full
        if walk.unreadable and not (counted and "discussions" in self.data.task.signature.counts):
            lost = UnreadableItemsError("discussions", walk.unreadable)
            return self.data.unread("discussions", refused(lost))
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
            nodes = clean([node for node in part.nodes if is_node(node, "number")])
            walk.unreadable += part.unreadable + len(part.nodes) - len(nodes)
            dates = [date_of(node.get("updatedAt")) for node in nodes]
            for node, date in zip(nodes, dates, strict=True):
                if walk.first or not date or date >= walk.known:
                    self.save(node)
            if walk.first or started:
                # A date in the future would make all later changes look old.
                past = [date for date in dates if date <= iso(self.data.task.now)]
                walk.newest = max([walk.newest, *past])
            started, walk.cursor = False, part.after
            self.data.pause.progressed()
            if not walk.first and any(date and date < walk.known for date in dates):
                return
            if walk.cursor:
                self.data.pause.check("graphql")

    def read_single(self, number: int) -> bool:
        """Read one discussion. Returns whether the repository has it.

        Raises RepositoryError, also if the repository itself is hidden now.
        """
        asked = {**self.data.name, "number": number}
        result = self.data.graphql.ask(DISCUSSION, self.data.account, asked)
        found = result.part("repository").get("discussion")
        if found is None and result.whole().problems:
            return False  # GitHub reports that there is none.
        if not is_node(found, "number") or found["number"] != number:
            raise UnreadableItemsError(f"discussions of number {number}", 1)
        result.whole()
        self.save(clean(found))
        return True

    def save(self, node: dict[str, Any]) -> None:
        """Save a discussion with its comments and replies, and mark those that are gone."""
        path = f"discussions/{node['number']}.json"
        before = self.data.documents.get(path) or {}
        unreadable = self.unreadable
        newest = [self._comment(each) for each in self._all(node, "comments")]
        known = {key_of(each): each for each in before.get("comment_data") or ()}
        lost = gone("comment_data", known.values(), newest)
        answers = [reply for comment in newest for reply in comment["reply_data"]]
        for comment in newest:
            replies = (known.get(key_of(comment)) or {}).get("reply_data")
            lost += gone("reply_data", replies, comment["reply_data"])
            comment["reply_data"] = merged_parts(replies, comment["reply_data"])
        document = merged(before, {name: node[name] for name in node if name != "comments"})
        document["comment_count"] = (node.get("comments") or {}).get("totalCount")
        document["comment_data"] = merged_parts(known.values(), newest)
        self.data.save(path, document, before or None)
        self.data.unmark_parts(path, document, "comment_data", newest)
        self.data.unmark_parts(path, document, "reply_data", answers)
        if unreadable == self.unreadable:
            self.data.mark_parts_gone(path, document, lost)
        self.reacted.queue(path, "", [document])
        for comment in newest:
            self.reacted.queue(path, "comment_data", [comment])
            self.reacted.queue(path, "reply_data", comment["reply_data"])

    def _comment(self, node: dict[str, Any]) -> dict[str, Any]:
        comment = {name: node[name] for name in node if name != "replies"}
        comment["reply_count"] = (node.get("replies") or {}).get("totalCount")
        comment["reply_data"] = self._all(node, "replies")
        return comment

    def _all(self, node: dict[str, Any], name: str) -> list[Any]:
        """All comments of a discussion, or replies to a comment; ``node`` has the first ones."""
        more = MORE_DISCUSSION_COMMENTS if name == "comments" else MORE_REPLIES
        nodes, unreadable = all_nodes(self.data, str(node.get("id")), node.get(name), name, more)
        if unreadable:
            self.unreadable += unreadable
            self.data.along("discussions", UnreadableItemsError(f"discussions.{name}", unreadable))
        return nodes or []


def _connection(result: Result) -> Any:
    connection = result.part("repository").get("discussions")
    if not isinstance(connection, dict):
        result.whole()
        raise RepositoryError("GitHub's GraphQL response lacks the discussions")
    return connection


def _begun(before: Section | None) -> _Walk:
    if before and before.after:
        with contextlib.suppress(ValueError, TypeError):
            return _Walk(**json.loads(before.after))
    known = before.newest if before else None
    return _Walk(first=known is None, known=known or "", newest=known or "")
