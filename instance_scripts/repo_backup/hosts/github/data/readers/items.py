"""Issues and pull requests: their lists, one of them alone, and what is said under them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backup_contract.documents.data_index import Section
from repo_backup.hosts.github.data.lists import ListPlan, read_list
from repo_backup.hosts.github.data.readers.details import (
    DETAIL_FIELDS,
    DETAIL_LISTS,
    ISSUES_AT_ONCE,
    PULLS_AT_ONCE,
    Details,
    issue_details,
    pull_details,
    with_details,
)
from repo_backup.hosts.github.data.readers.reactions import ReactionQueue
from repo_backup.hosts.github.data.repository import RepositoryRead, gone, merged, merged_parts
from repo_backup.runtime.errors import NotFoundError, RepositoryError

_OLDEST_FIRST = {"state": "all", "sort": "created", "direction": "asc"}
_NEWEST_FIRST = {"state": "all", "sort": "updated", "direction": "desc"}
ISSUES = ListPlan("issues", "/issues", _OLDEST_FIRST, _NEWEST_FIRST, since=True)
PULLS = ListPlan("pulls", "/pulls", _OLDEST_FIRST, _NEWEST_FIRST)
ISSUE_COMMENTS = ListPlan(
    "issue_comments",
    "/issues/comments",
    {"sort": "created", "direction": "asc"},
    {"sort": "updated", "direction": "desc"},
    since=True,
)
REVIEW_COMMENTS = ListPlan(
    "review_comments",
    "/pulls/comments",
    {"sort": "created", "direction": "asc"},
    {"sort": "updated", "direction": "desc"},
    since=True,
)


def _without_issue(event: dict[str, Any]) -> dict[str, Any]:
    """An event in this list holds its whole issue: only the number of that is of use."""
    issue = event.get("issue")
    number = issue.get("number") if isinstance(issue, dict) else None
    return {**event, "issue": {"number": number}}


EVENTS = ListPlan("events", "/issues/events", {}, {}, dated="created_at", shorten=_without_issue)

_ONLY_AS_ISSUE = (
    "comments", "reactions", "state_reason", "closed_by", "type", "sub_issues_summary",
    "issue_dependencies_summary", "performed_via_github_app", "pinned_comment",
)  # fmt: skip
"""What the list of issues tells of a pull request and the list of pull requests does not."""


@dataclass
class Items:
    """The issues and pull requests of one repository."""

    data: RepositoryRead
    reacted: ReactionQueue

    def pulls(self) -> Section:
        """Read the pull requests that are new or updated, with their reviews."""
        return read_list(self.data, PULLS, self.save_pulls)

    def issues(self) -> Section:
        """Read the issues that are new or updated, and what pull requests have as issues."""
        return read_list(self.data, ISSUES, self.save_issues)

    def issue_comments(self) -> Section:
        """Read the comments that are new or edited under issues and pull requests."""
        return read_list(self.data, ISSUE_COMMENTS, self._save_issue_comments)

    def review_comments(self) -> Section:
        """Read the comments on code that are new or edited."""
        return read_list(self.data, REVIEW_COMMENTS, self._save_review_comments)

    def events(self) -> Section:
        """Read what has happened since."""
        return read_list(self.data, EVENTS, self._save_events)

    def save_pulls(self, items: list[dict[str, Any]]) -> None:
        """Write pull requests as the list has them."""
        items = [item for item in items if _is_numbered(item)]
        details = pull_details(self.data, items)
        for item in items:
            path = f"pulls/{item['number']}.json"
            before = self.data.documents.get(path)
            document = merged(before, item, (*_ONLY_AS_ISSUE, *DETAIL_FIELDS))
            self.save_with_details(path, document, before, details)

    def save_issues(self, items: list[dict[str, Any]]) -> None:
        """Write issues as the list has them, which has pull requests among them."""
        items = [item for item in items if _is_numbered(item)]
        details = issue_details(self.data, [each for each in items if not is_pull(each)])
        for item in items:
            if is_pull(item):
                self._save_pull_as_issue(item)
            else:
                path = f"issues/{item['number']}.json"
                before = self.data.documents.get(path)
                self.save_with_details(path, merged(before, item), before, details)

    def save_with_details(self, path: str, document: Any, before: Any, details: Details) -> None:
        """Write an item with what GraphQL tells of it; what it no longer tells of is marked."""
        told = details.get(str(document.get("node_id")), {})
        document = with_details(document, told)
        self._save(path, document, before)
        lost = [
            place
            for name in DETAIL_LISTS
            if name in told
            for place in gone(name, document[name], told[name])
        ]
        if lost:
            self.data.lose_parts(path, document, lost)

    def _save_pull_as_issue(self, item: dict[str, Any]) -> None:
        path = f"pulls/{item['number']}.json"
        before = self.data.documents.get(path)
        told = {name: item[name] for name in _ONLY_AS_ISSUE if name in item}
        # Where pull requests may not be read, this is all that is known of one.
        document = merged(before, item)
        if before and "head" in before:
            document = {n: before[n] for n in before if n not in _ONLY_AS_ISSUE} | told
        self._save(path, document, before)

    def _save_issue_comments(self, items: list[dict[str, Any]]) -> None:
        fields = {"issues": "comment_data", "pulls": "comment_regular_data"}
        self._save_parts(items, "issue_url", fields)

    def _save_review_comments(self, items: list[dict[str, Any]]) -> None:
        self._save_parts(items, "pull_request_url", {"pulls": "comment_data"})

    def _save_events(self, items: list[dict[str, Any]]) -> None:
        named = []
        for item in items:
            if _is_numbered(item["issue"]):
                event = {name: item[name] for name in item if name != "issue"}
                named.append((item["issue"]["number"], event))
        self._save_numbered(named, {"issues": "event_data", "pulls": "event_data"})

    def _save_parts(
        self, items: Iterable[dict[str, Any]], url: str, fields: Mapping[str, str]
    ) -> None:
        named = [(_last_number(item.get(url)), item) for item in items]
        self._save_numbered([(n, item) for n, item in named if n is not None], fields)

    def _save_numbered(
        self, named: Iterable[tuple[int, dict[str, Any]]], fields: Mapping[str, str]
    ) -> None:
        """Write parts into the documents of their numbers, each document once."""
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
                self._save(path, {**before, name: merged_parts(before.get(name), parts)}, before)

    def _single(self, number: int) -> tuple[str, Any] | None:
        """What is not saved though something is said under it: it is newer than the list."""
        return self.data.item(number) if self.read_single(number) else None

    def read_single(self, number: int) -> bool:
        """Read one issue or pull request; whether this repository has it.

        One that was transferred answers with the issue of another repository. Raises
        RepositoryError where GitHub refuses.
        """
        try:
            issue = self.data.get(f"/issues/{number}")
        except NotFoundError:
            return False
        if not isinstance(issue, dict) or issue.get("number") != number:
            return False
        home = str(issue.get("repository_url") or "").lower()
        if home and not home.endswith(self.data.path.lower()):
            return False
        if is_pull(issue):
            self.save_pulls([self.data.get(f"/pulls/{number}", "pull")])
        self.save_issues([issue])
        return True

    def reread(self, number: int) -> bool:
        """Read all of one item; whether the repository has it. What it no longer has is marked."""
        if not self.read_single(number) or not (found := self.data.item(number)):
            return False
        folder = found[0].partition("/")[0]
        pull = folder == "pulls"
        own = "comment_regular_data" if pull else "comment_data"
        self.reread_parts(number, f"/issues/{number}/comments", own)
        if pull:
            self.reread_parts(number, f"/pulls/{number}/comments", "comment_data")
        self.reread_parts(number, f"/issues/{number}/events", "event_data", lose=False)
        return True

    def reread_parts(self, number: int, below: str, name: str, *, lose: bool = True) -> None:
        """Read all comments, or events, of one item again. Raises RepositoryError."""
        parts = [part for page in self.data.pages(below) for part in page.items]
        found = self.data.item(number)
        if found is None:
            return
        path, before = found
        document = {**before, name: merged_parts(before.get(name), parts)}
        self._save(path, document, before)
        if lose:
            self.data.lose_parts(path, document, gone(name, document[name], parts))

    def compare_counts(self) -> None:
        """Read the comments again of what was written just now and counts others than are saved.

        A comment's deletion shows nowhere but there.
        """
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
                self.data.touched.discard(number)

    def fill_details(self) -> None:
        """Read what GraphQL tells of the items that are without it. Raises RepositoryError."""
        for folder, at_once, ask in (
            ("issues", ISSUES_AT_ONCE, issue_details),
            ("pulls", PULLS_AT_ONCE, pull_details),
        ):
            lacking: list[str] = []
            for path in [*self.data.alive_paths(folder), ""]:
                if path and "timeline_nodes" not in (self.data.documents.get(path) or {}):
                    lacking.append(path)
                if lacking and (not path or len(lacking) == at_once):
                    self._fill(lacking, ask)
                    lacking = []

    def _fill(self, paths: list[str], ask: Callable[[RepositoryRead, list[Any]], Details]) -> None:
        documents: list[Any] = [self.data.documents.get(path) for path in paths]
        details = ask(self.data, documents)
        for path, before in zip(paths, documents, strict=True):
            self.save_with_details(path, before, before, details)

    def _save(self, path: str, document: Any, before: Any) -> None:
        self.data.save(path, document, before)
        if isinstance(document.get("number"), int):
            self.data.touched.add(document["number"])
        self.reacted.look_at(path, document)


def is_pull(item: Mapping[str, Any]) -> bool:
    """Whether an entry of the list of issues is a pull request."""
    return bool(item.get("pull_request"))


def _is_numbered(item: Mapping[str, Any]) -> bool:
    return type(item.get("number")) is int


def _last_number(url: Any) -> int | None:
    """The number at the end of an address of the API."""
    last = str(url or "").rpartition("/")[2]
    return int(last) if last.isascii() and last.isdigit() and len(last) < 13 else None
