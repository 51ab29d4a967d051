"""Reads issues and pull requests with their comments and events, from lists or one at a time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from backup_contract.documents.data_index import Section
from repo_backup.hosts.github.api.identity import UnreadableItemsError, is_identified
from repo_backup.hosts.github.api.whole_lists import ListMovedError
from repo_backup.hosts.github.data.lists import read_list
from repo_backup.hosts.github.data.numbers import number_of
from repo_backup.hosts.github.data.readers.details import (
    DETAIL_FIELDS,
    DETAIL_LISTS,
    ITEMS_AT_ONCE,
    UNREAD,
    Details,
    item_details,
    lacking_details,
    lacks_details,
    with_details,
)
from repo_backup.hosts.github.data.readers.item_lists import (
    EVENTS,
    ISSUE_COMMENTS,
    ISSUES,
    ONLY_AS_ISSUE,
    PULLS,
    REVIEW_COMMENTS,
    is_pull,
    issue_number,
    pull_number,
    pull_path,
)
from repo_backup.hosts.github.data.readers.reactions import ReactionQueue
from repo_backup.hosts.github.data.readers.review_threads import compare_threads
from repo_backup.hosts.github.data.repository import (
    ITEM_FOLDERS,
    RepositoryRead,
    gone,
    merged,
    merged_parts,
)
from repo_backup.runtime.errors import NotFoundError, RepositoryError


@dataclass
class Items:
    """The issues and pull requests of one repository.

    ``comments`` is the sum of the comment counts in the entries of the list of issues that were
    read so far. ``undetailed`` are the paths of new pull requests without details yet: these are
    requested together with those of the issues, since the list of issues contains pull requests
    too. ``labels`` and ``milestones`` are those that the entries show, by id.
    """

    data: RepositoryRead
    reacted: ReactionQueue
    comments: int = 0
    undetailed: set[str] = field(default_factory=set)
    labels: dict[int, Any] = field(default_factory=dict)
    milestones: dict[int, Any] = field(default_factory=dict)

    def pulls(self) -> Section:
        """Read the pull requests that are new or updated, with their reviews."""
        return read_list(self.data, PULLS, self.save_pulls)

    def issues(self) -> Section:
        """Read the issues that are new or updated, and the fields that pull requests have only in
        the list of issues."""
        return read_list(self.data, ISSUES, self.save_issues)

    def issue_comments(self) -> Section:
        """Read the new and edited comments on issues and pull requests."""
        return read_list(self.data, ISSUE_COMMENTS, self._save_issue_comments)

    def review_comments(self) -> Section:
        """Read the new and edited comments on code."""
        return read_list(self.data, REVIEW_COMMENTS, self._save_review_comments)

    def events(self) -> Section:
        """Read the new events."""
        return read_list(self.data, EVENTS, self._save_events)

    def save_pulls(self, items: list[dict[str, Any]]) -> None:
        """Save entries of the list of pull requests."""
        items = [*{item["number"]: item for item in items}.values()]
        before = {pull_path(each): self.data.documents.get(pull_path(each)) for each in items}
        known = [each for each in items if "timeline_nodes" in (before[pull_path(each)] or {})]
        details = item_details(self.data, pulls=known)
        self.undetailed.update(before.keys() - {pull_path(each) for each in known})
        for item in items:
            path = pull_path(item)
            document = merged(before[path], item, (*ONLY_AS_ISSUE, *DETAIL_FIELDS))
            self.save_with_details(path, document, before[path], details)

    def save_issues(self, items: list[dict[str, Any]]) -> None:
        """Save entries of the list of issues, which contains pull requests too."""
        new = [each for each in items if is_pull(each) and pull_path(each) in self.undetailed]
        pulls = [self.data.documents.get(pull_path(each)) for each in new]
        details = item_details(self.data, [each for each in items if not is_pull(each)], pulls)
        self.undetailed.difference_update(map(pull_path, new))
        for item in items:
            self._learn(item)
            if is_pull(item):
                self._save_pull_as_issue(item, details)
            else:
                path = f"issues/{item['number']}.json"
                before = self.data.documents.get(path)
                self.save_with_details(path, merged(before, item), before, details)

    def _learn(self, issue: dict[str, Any]) -> None:
        """Record the comment count, the labels and the milestone of an entry. The latter two are
        complete objects, so their own lists may not be needed."""
        self.comments += issue["comments"] if type(issue.get("comments")) is int else 1
        self.labels |= _by_id(issue.get("labels") or ())
        self.milestones |= _by_id([issue.get("milestone")])

    def save_with_details(self, path: str, document: Any, before: Any, details: Details) -> None:
        """Save an item with its details, and mark what GitHub no longer has of them."""
        newest = details.get(str(document.get("node_id")), {})
        document = with_details(document, newest)
        self._save(path, document, before)
        for name in DETAIL_LISTS:
            self.data.unmark_parts(path, document, name, newest.get(name) or ())
        lost = [
            place
            for name in DETAIL_LISTS
            if name in newest and UNREAD not in newest
            for place in gone(name, document[name], newest[name])
        ]
        if lost:
            self.data.mark_parts_gone(path, document, lost)

    def _save_pull_as_issue(self, item: dict[str, Any], details: Details) -> None:
        path = pull_path(item)
        before = self.data.documents.get(path)
        newest = {name: item[name] for name in ONLY_AS_ISSUE if name in item}
        # If the token may not read pull requests, this is all that is known of one.
        document = merged(before, item)
        if before and "head" in before:
            document = {n: before[n] for n in before if n not in ONLY_AS_ISSUE} | newest
        self.save_with_details(path, document, before, details)

    def _save_issue_comments(self, items: list[dict[str, Any]]) -> None:
        fields = {"issues": "comment_data", "pulls": "comment_regular_data"}
        self._save_parts(items, issue_number, fields)

    def _save_review_comments(self, items: list[dict[str, Any]]) -> None:
        self._save_parts(items, pull_number, {"pulls": "comment_data"})

    def _save_events(self, items: list[dict[str, Any]]) -> None:
        named = []
        for item in items:
            if is_identified(item["issue"], "number"):
                event = {name: item[name] for name in item if name != "issue"}
                named.append((item["issue"]["number"], event))
        self._save_numbered(named, {"issues": "event_data", "pulls": "event_data"})

    def _save_parts(
        self,
        items: Iterable[dict[str, Any]],
        number_of: Callable[[Any], int | None],
        fields: Mapping[str, str],
    ) -> None:
        named = [(number, item) for item in items if (number := number_of(item)) is not None]
        self._save_numbered(named, fields)

    def _save_numbered(
        self, named: Iterable[tuple[int, dict[str, Any]]], fields: Mapping[str, str]
    ) -> None:
        """Save parts (each with the number of its item) in the items' documents, each written
        once."""
        by_number: dict[int, list[dict[str, Any]]] = {}
        for number, part in named:
            by_number.setdefault(number, []).append(part)
        for number, parts in by_number.items():
            found = self.data.item(number) or self._single(number)
            if found is None:
                continue
            path, before = found
            name = fields.get(path.partition("/")[0])
            if name:
                document = {**before, name: merged_parts(before.get(name), parts)}
                self._save(path, document, before)
                self.data.unmark_parts(path, document, name, parts)

    def _single(self, number: int) -> tuple[str, Any] | None:
        """Read an item that has comments or events but is not saved: it is newer than the list."""
        return self.data.item(number) if self.read_single(number) else None

    def read_single(self, number: int) -> bool:
        """Read one issue or pull request. Returns whether this repository has it.

        For a transferred issue, GitHub returns the issue in its new repository. Raises
        RepositoryError if GitHub refuses.
        """
        try:
            issue = self.data.get(f"/issues/{number}")
        except NotFoundError:
            self.data.get("")  # Raises an error if the whole repository is hidden now.
            return False
        if not is_identified(issue, "number"):
            raise UnreadableItemsError(f"/issues/{number}", 1)
        if issue["number"] != number:
            return False
        home = str(issue.get("repository_url") or "")
        if home and not self.data.is_at(home):
            return False
        if is_pull(issue):
            pull = self.data.get(f"/pulls/{number}", "pull")
            if not is_identified(pull, "number"):
                raise UnreadableItemsError(f"/pulls/{number}", 1)
            self.save_pulls([pull])
        self.save_issues([issue])
        return True

    def reread(self, number: int) -> bool:
        """Read one item with all its parts, and mark those that are gone. Returns whether the
        repository has the item. Raises RepositoryError."""
        if not self.read_single(number) or not (found := self.data.item(number)):
            return False
        folder = found[0].partition("/")[0]
        pull = folder == "pulls"
        own = "comment_regular_data" if pull else "comment_data"
        self.reread_parts(number, f"/issues/{number}/comments", own)
        if pull:
            self.reread_parts(number, f"/pulls/{number}/comments", "comment_data")
        self.reread_parts(number, f"/issues/{number}/events", "event_data")
        return True

    def reread_parts(self, number: int, below: str, name: str) -> None:
        """Read all comments or events of one item again, from ``below`` into the field ``name``.

        Marks comments that are no longer listed, unless the list has an unreadable item or lost
        some while it was read, which may be one of them. Raises RepositoryError.
        """
        parts, mark = list[Any](), name != "event_data"
        try:
            for page in self.data.pages(below, key="id", whole=True):
                parts += page.items
        except (UnreadableItemsError, ListMovedError) as error:
            comments = "review_comments" if below.startswith("/pulls/") else "issue_comments"
            self.data.along("events" if name == "event_data" else comments, error)
            mark = False
        found = self.data.item(number)
        if found is None:
            return
        path, before = found
        document = {**before, name: merged_parts(before.get(name), parts)}
        self._save(path, document, before)
        self.data.unmark_parts(path, document, name, parts)
        if mark:
            self.data.mark_parts_gone(path, document, gone(name, document[name], parts))

    def compare_counts(self, *, everything: bool) -> None:
        """Read the comments again of what was written just now and counts others than are saved.

        A comment's deletion shows nowhere but there. ``everything``: an earlier reading wrote some
        of the comments, so all items are compared.
        """
        if everything:
            for folder in ITEM_FOLDERS:
                self.data.touched.update(map(number_of, self.data.alive_paths(folder)))
        while self.data.touched:
            number = self.data.touched.pop()
            found = self.data.item(number)
            if found is None:
                continue
            path, document = found
            name = "comment_data" if path.startswith("issues/") else "comment_regular_data"
            counted = document.get("comments")
            if isinstance(counted, int) and counted != len(self.data.alive(path, document, name)):
                try:
                    self.reread_parts(number, f"/issues/{number}/comments", name)
                except RepositoryError as error:
                    self.data.along("issue_comments", error)
            compare_threads(self.data, path, self.reread_parts)
            self.data.touched.discard(number)

    def fill_details(self) -> None:
        """Read what GraphQL tells of the items that are without it. Raises RepositoryError."""
        lacking = lacking_details(self.data)
        while paths := list(islice(lacking, ITEMS_AT_ONCE)):
            self.data.pause.check("graphql")
            self._fill(paths)
            if not all(lacks_details(self.data, path) for path in paths):
                self.data.pause.progressed()

    def fill_undetailed(self) -> None:
        """The same for new pull requests that the list of issues did not have."""
        paths = iter(sorted(self.undetailed))
        while batch := list(islice(paths, ITEMS_AT_ONCE)):
            self.data.pause.check("graphql")
            self._fill(batch)
            self.undetailed.difference_update(batch)

    def _fill(self, paths: list[str]) -> None:
        documents = {path: self.data.documents.get(path) for path in paths}
        issues = [each for path, each in documents.items() if path.startswith("issues/")]
        pulls = [each for path, each in documents.items() if path.startswith("pulls/")]
        details = item_details(self.data, issues, pulls)
        for path, before in documents.items():
            self.save_with_details(path, before, before, details)

    def _save(self, path: str, document: Any, before: Any) -> None:
        self.data.save(path, document, before)
        if isinstance(document.get("number"), int):
            self.data.touched.add(document["number"])
        self.reacted.look_at(path, document)


def _by_id(items: Iterable[Any]) -> dict[int, Any]:
    return {item["id"]: item for item in items if is_identified(item, "id")}
