"""Reads who reacted with what, only for objects that have reactions, a hundred at a time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from repo_backup.hosts.data_counts import PARTS, key_of, parts_of, replies
from repo_backup.hosts.github.api.graphql import NoGraphQLError
from repo_backup.hosts.github.api.identity import UnreadableItemsError, is_node
from repo_backup.hosts.github.data.connections import all_nodes
from repo_backup.hosts.github.data.queries import MORE_REACTIONS, REACTIONS
from repo_backup.hosts.github.data.repository import RepositoryRead
from repo_backup.runtime.errors import RepositoryError

_BATCH = 100
_CONTENTS: Mapping[str, str] = {
    "THUMBS_UP": "+1",
    "THUMBS_DOWN": "-1",
    "LAUGH": "laugh",
    "HOORAY": "hooray",
    "CONFUSED": "confused",
    "HEART": "heart",
    "ROCKET": "rocket",
    "EYES": "eyes",
}
"""REST's names of reactions, by GraphQL's."""
_REST_PATHS: Mapping[tuple[str, str], str] = {
    ("issues", ""): "/issues/{number}/reactions",
    ("pulls", ""): "/issues/{number}/reactions",
    ("issues", "comment_data"): "/issues/comments/{id}/reactions",
    ("pulls", "comment_regular_data"): "/issues/comments/{id}/reactions",
    ("pulls", "comment_data"): "/pulls/comments/{id}/reactions",
    ("releases", ""): "/releases/{id}/reactions",
    ("commit_comments", ""): "/comments/{id}/reactions",
}
"""By folder and list: REST's endpoint for the reactions to an object, if GraphQL is refused."""


def has_stale_reactions(item: Any) -> bool:
    """Whether an object's saved reactions differ from its own counts. Pure."""
    counted = item.get("reactions")
    if not isinstance(counted, dict):
        return False
    expected = {
        name: counted[name]
        for name in _CONTENTS.values()
        if isinstance(counted.get(name), int) and counted[name]
    }
    known = Counter(_CONTENTS.get(str(node.get("content")), "") for node in _nodes(item))
    return expected != dict(known)


def reactables(path: str, document: Any) -> Iterator[tuple[str, Any]]:
    """The objects in a document to which people can react, each with the name of its list."""
    if not isinstance(document, dict):
        return
    yield "", document
    for name, part in parts_of(document, PARTS.get(path.partition("/")[0], {})):
        if name not in ("event_data", "timeline_nodes"):
            yield name, part
            for reply in replies(part):
                yield "reply_data", reply


@dataclass
class ReactionQueue:
    """Collects objects whose reactions are to be read, and reads them when a batch is full.

    ``waiting`` has, by node id, the document's path, the list's name and the object.
    """

    data: RepositoryRead
    waiting: dict[str, tuple[str, str, Any]] = field(default_factory=dict)

    def look_at(self, path: str, document: Any, *, all_of_it: bool = False) -> None:
        """Queue the objects in a document whose saved reactions are out of date. ``all_of_it``:
        also those that have any saved reactions."""
        for name, item in reactables(path, document):
            node_id = item.get("node_id") or item.get("id")
            if not isinstance(node_id, str):
                continue
            if has_stale_reactions(item) or (all_of_it and _nodes(item)):
                self.waiting[node_id] = (path, name, item)
        if len(self.waiting) >= _BATCH:
            self.ask()

    def queue(self, path: str, name: str, items: Iterable[Any]) -> None:
        """Queue objects that do not show whether they have reactions."""
        for item in items:
            if is_node(item):
                self.waiting[item["id"]] = (path, name, item)
            else:
                self.data.along("reactions", UnreadableItemsError(path, 1))
        if len(self.waiting) >= _BATCH:
            self.ask()

    def ask(self) -> None:
        """Read the reactions of all queued objects. A problem is recorded for the section."""
        waiting, self.waiting = self.waiting, {}
        if not waiting:
            return
        try:
            self._ask(waiting)
        except NoGraphQLError:
            self._ask_rest(waiting)
        except RepositoryError as error:
            self.data.along("reactions", error)

    def _ask(self, waiting: Mapping[str, tuple[str, str, Any]]) -> None:
        found: dict[str, list[Any]] = {}
        for node in self.data.nodes(REACTIONS, list(waiting), _BATCH):
            if node.problem and node.problem.type != "NOT_FOUND":
                self.data.along("reactions", node.problem.error)
            if node.document is None:
                continue
            connection = node.document.get("reactions")
            nodes, unreadable = all_nodes(
                self.data, node.id, connection, "reactions", MORE_REACTIONS, key=""
            )
            if nodes is None or unreadable:
                self.data.along("reactions", UnreadableItemsError("reactions", unreadable))
            else:
                found[node.id] = nodes
        self._save(waiting, found)

    def _ask_rest(self, waiting: Mapping[str, tuple[str, str, Any]]) -> None:
        """One request for each object, so only if GraphQL is refused."""
        found: dict[str, list[Any]] = {}
        for node_id, (path, name, item) in waiting.items():
            below = _REST_PATHS.get((path.partition("/")[0], name))
            if below is None:
                continue
            try:
                pages = self.data.pages(below.format(**item), key="id", whole=True)
                found[node_id] = [_of_rest(each) for page in pages for each in page.items]
            except (RepositoryError, KeyError) as error:
                if isinstance(error, RepositoryError):
                    self.data.along("reactions", error)
        self._save(waiting, found)

    def _save(
        self, waiting: Mapping[str, tuple[str, str, Any]], found: Mapping[str, list[Any]]
    ) -> None:
        """Save the reactions, writing each document once."""
        by_path: dict[str, dict[tuple[str, str], list[Any]]] = {}
        for node_id, listed in found.items():
            path, name, item = waiting[node_id]
            by_path.setdefault(path, {})[name, key_of(item)] = listed
        for path, answers in by_path.items():
            before = self.data.documents.get(path)
            document = self.data.documents.get(path)
            for name, item in reactables(path, document):
                nodes = answers.get((name, key_of(item)))
                if nodes:
                    item["reaction_nodes"] = nodes
                elif nodes is not None:
                    item.pop("reaction_nodes", None)
            if document is not None:
                self.data.save(path, document, before)


def _of_rest(reaction: Any) -> dict[str, Any]:
    names = {rest: graphql for graphql, rest in _CONTENTS.items()}
    return {
        "content": names.get(str(reaction.get("content")), reaction.get("content")),
        "createdAt": reaction.get("created_at"),
        "user": {"login": (reaction.get("user") or {}).get("login")},
    }


def _nodes(item: Any) -> list[Any]:
    nodes = item.get("reaction_nodes")
    return [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
