"""Checks some of the saved items again in each run, for changes that no count or date shows.

Those are edited and deleted comments, reactions, reviews, links between issues, and items that
moved to another repository. Each item's turn comes within a quarter. Checking a hundred items costs
a few requests; items that differ are read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from repo_backup.hosts.data_counts import PARTS, key_of, parts_of, replies
from repo_backup.hosts.github.api.graphql import Node, NoGraphQLError
from repo_backup.hosts.github.data.numbers import number_of, numbers_after
from repo_backup.hosts.github.data.queries import ITEM_STATES, PART_STATES
from repo_backup.hosts.github.data.readers.details import item_details
from repo_backup.hosts.github.data.readers.discussions import Discussions
from repo_backup.hosts.github.data.readers.items import Items
from repo_backup.hosts.github.data.readers.rest_timelines import RestTimelines
from repo_backup.hosts.github.data.readers.review_threads import compare_threads
from repo_backup.hosts.github.data.repository import RepositoryRead
from repo_backup.runtime.errors import RepositoryError

FOLDERS = ("issues", "pulls", "discussions")
"""Their numbers come from one sequence."""
_AT_ONCE = 100
_IN_THE_ISSUE = ("parent_node", "sub_issue_nodes")
"""Links that the issue's own fields count or name as well."""
_MOST_PARTS = 2000
"""The most parts to check at once: a hundred items may have more than fit into memory."""
_COMMENTS: Mapping[str, tuple[str, ...]] = {
    "issues": ("comment_data",),
    "pulls": ("comment_regular_data", "comment_data"),
    "discussions": ("comment_data",),
}


@dataclass
class Rotation:
    """Checks the items of one repository, from the number after ``Task.rotation``.

    ``folders`` are those whose items GitHub shows: items of a feature that is switched off are
    hidden, not gone. ``at`` is the number of the last item that was checked.
    """

    data: RepositoryRead
    items: Items
    discussions: Discussions
    folders: tuple[str, ...] = FOLDERS

    def __post_init__(self) -> None:
        self.at = self.data.task.rotation

    def turn(self) -> int:
        """Check the items whose turn it is. Returns the number after which the next run continues.

        Raises RepositoryError; what was read until then is saved.
        """
        task = self.data.task
        documents: list[tuple[str, Any]] = []
        parts = 0
        for number in self._numbers(task.rotation, task.rotation_items):
            if found := self._document(number):
                documents.append(found)
                parts += sum(1 for _ in parts_of(found[1], PARTS[found[0].partition("/")[0]]))
            if len(documents) >= _AT_ONCE or parts >= _MOST_PARTS:
                self._check_batch(documents)
                documents, parts = [], 0
        self._check_batch(documents)
        return self.at

    def _check_batch(self, documents: list[tuple[str, Any]]) -> None:
        if not documents:
            return
        try:
            self._check_by_graphql(documents)
        except NoGraphQLError:
            timelines = RestTimelines(self.data)
            for path, _ in documents:
                self._reread(number_of(path))
                if not path.startswith("discussions/"):
                    timelines.read(path)
        self.at = number_of(documents[-1][0])

    def _numbers(self, after: int, most: int) -> list[int]:
        """The next ``most`` numbers after that one; the first number follows the last."""
        numbers = list(islice(numbers_after(self.data, self.folders, after), most))
        if after and len(numbers) < most:
            begin = islice(numbers_after(self.data, self.folders, 0), most - len(numbers))
            numbers += [number for number in begin if number <= after]
        return numbers

    def _document(self, number: int) -> tuple[str, Any] | None:
        for folder in self.folders:
            path = f"{folder}/{number}.json"
            if not self.data.documents.is_vanished(path):
                document = self.data.documents.get(path)
                if document is not None:
                    return path, document
        return None

    def _check_by_graphql(self, documents: list[tuple[str, Any]]) -> None:
        by_id = {_node_id(document): (path, document) for path, document in documents}
        differing = {number_of(path) for path, document in documents if not _node_id(document)}
        by_id.pop("", None)
        for node in self.data.nodes(ITEM_STATES, list(by_id), _AT_ONCE) if by_id else ():
            path, document = by_id[node.id]
            if not self._is_as_saved(path, document, node):
                differing.add(number_of(path))
        differing |= self._with_differing_parts(
            [each for each in documents if number_of(each[0]) not in differing]
        )
        for number in sorted(differing):
            self._reread(number)
        self._refresh([each for each in documents if number_of(each[0]) not in differing])

    def _is_as_saved(self, path: str, document: Any, node: Node) -> bool:
        state = node.document
        if state is None:
            return False
        if path.startswith("discussions/"):
            now = (state.get("updatedAt"), state.get("upvoteCount"), _total(state, "comments"))
            saved = (document.get(name) for name in ("updatedAt", "upvoteCount", "comment_count"))
            return now == tuple(saved) and _total(state, "reactions") == _reacted(document)
        comments = "comment_data" if path.startswith("issues/") else "comment_regular_data"
        now = (state.get("updatedAt"), _total(state, "comments"), _total(state, "reactions"))
        here = len(self.data.alive(path, document, comments))
        return now == (document.get("updated_at"), here, _reacted(document))

    def _with_differing_parts(self, documents: list[tuple[str, Any]]) -> set[int]:
        """The numbers of items with a comment that is gone or edited, or whose reactions differ."""
        parts: dict[str, tuple[str, Any]] = {}
        for path, document in documents:
            for name in _COMMENTS[path.partition("/")[0]]:
                for part in self.data.alive(path, document, name):
                    parts[_node_id(part)] = path, part
                    parts |= {_node_id(reply): (path, reply) for reply in self._replies(path, part)}
        return self._differing(parts)

    def _replies(self, path: str, comment: Any) -> list[Any]:
        return [
            reply
            for reply in replies(comment)
            if not self.data.documents.is_vanished(path, f"reply_data/{key_of(reply)}")
        ]

    def _differing(self, parts: Mapping[str, tuple[str, Any]]) -> set[int]:
        ids = [each for each in parts if each]
        differing: set[int] = set()
        for node in self.data.nodes(PART_STATES, ids, _AT_ONCE) if ids else ():
            path, part = parts[node.id]
            state = node.document or {}
            dated = part.get("updated_at") or part.get("updatedAt")
            other = _total(state, "reactions") != _reacted(part)
            if node.document is None or state.get("updatedAt") != dated or other:
                differing.add(number_of(path))
        return differing

    def _refresh(self, documents: list[tuple[str, Any]]) -> None:
        """Read reviews, links and reactions again, whose changes the queried states do not show."""
        issues = [document for path, document in documents if path.startswith("issues/")]
        pulls = [document for path, document in documents if path.startswith("pulls/")]
        details = item_details(self.data, issues, pulls)
        for path, before in documents:
            newest = details.get(_node_id(before), {})
            self.items.save_with_details(path, before, before, details)
            compare_threads(self.data, path, self.items.reread_parts)
            if any(newest[name] != before.get(name) for name in _IN_THE_ISSUE if name in newest):
                self.items.read_single(number_of(path))
            self.items.reacted.look_at(path, before, all_of_it=True)

    def _reread(self, number: int) -> None:
        """Read a whole item again, and mark it if the repository no longer has it.

        An issue may have become a discussion, with another number.
        """
        found = self._document(number)
        if found is None:
            return
        path = found[0]
        discussion = path.startswith("discussions/")
        try:
            here = self.discussions.read_single(number) if discussion else self.items.reread(number)
        except NoGraphQLError:
            return
        except RepositoryError as error:
            if error.refusal and error.refusal.status == 403:
                self.data.along("discussions" if discussion else "issues", error)
                return
            raise
        if not here:
            self.data.mark_gone(path)


def _node_id(item: Any) -> str:
    """The item's id in GraphQL: ``node_id`` if REST returned the item, ``id`` if GraphQL did."""
    node_id = item.get("node_id") or item.get("id")
    return node_id if isinstance(node_id, str) else ""


def _total(state: Mapping[str, Any], name: str) -> Any:
    return (state.get(name) or {}).get("totalCount")


def _reacted(item: Any) -> int:
    """The number of reactions of a saved object. Objects from REST contain a count."""
    counted = item.get("reactions")
    if isinstance(counted, dict):
        return int(counted.get("total_count") or 0)
    return len(item.get("reaction_nodes") or ())
