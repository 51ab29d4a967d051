"""The signatures of repositories' data: counts and newest dates, for fifty repositories at once."""

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import Signature
from repo_backup.hosts.github.api.api_client import TooHeavyError
from repo_backup.hosts.github.api.graphql import GraphQL, Node, NoGraphQLError
from repo_backup.hosts.github.api.page import Page
from repo_backup.hosts.github.api.refusals import malformed_named
from repo_backup.hosts.github.api.rest import Rest
from repo_backup.hosts.github.data.queries import SENTINEL, SENTINEL_WITH_FEWER_RIGHTS
from repo_backup.runtime.errors import NotFoundError, RepositoryError

_AT_ONCE = 50
_CONNECTIONS: Mapping[str, str] = {
    "issues": "issues",
    "pullRequests": "pulls",
    "discussions": "discussions",
    "milestones": "milestones",
    "releases": "releases",
    "labels": "labels",
    "branchProtectionRules": "settings.branch_protection",
    "rulesets": "settings.rulesets",
}
"""The connections of the sentinel query, each with the section that it counts."""
_MORE_CONNECTIONS: Mapping[str, str] = {
    "commitComments": "commit_comments",
    "deployKeys": "settings.deploy_keys",
    "environments": "settings.environments",
}
"""The same for connections that earlier versions did not request: a count of zero must leave the
fingerprint as it was."""
_ADMINISTRATORS = ("settings.branch_protection", "settings.deploy_keys")
"""GitHub reports 0 of these to anybody who is not an administrator."""
_NEWEST = {"sort": "updated", "direction": "desc"}
ITEMS = "items"
"""Issues and pull requests together, which is how REST counts them."""
_REST_LISTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    ITEMS: ("/issues", {"state": "all", **_NEWEST}),
    "issue_comments": ("/issues/comments", _NEWEST),
    "review_comments": ("/pulls/comments", _NEWEST),
    "milestones": ("/milestones", {"state": "all"}),
    "releases": ("/releases", {}),
    "labels": ("/labels", {}),
}
"""What to request if GraphQL is refused: one page with the newest item of each list. The number of
its last page is the number of items. Six requests for each repository."""
_DATED = ("number", "id", "updated_at", "updatedAt", "databaseId", "name")

_UPDATED = ("updated_at", "updatedAt")


@dataclass
class Signatures:
    """The signatures of all repositories of a run. Thread-safe.

    ``one_token``: the same token reads the repositories of all owners. ``discussions_off`` are the
    ids of the repositories whose discussions are switched off.
    """

    rest: Rest
    graphql: GraphQL
    one_token: bool = True
    discussions_off: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: dict[int, RemoteRepository] = field(default_factory=dict)
    _futures: dict[int, Future[Node]] = field(default_factory=dict)

    def announce(self, remotes: Iterable[RemoteRepository]) -> None:
        """Announce repositories whose signatures will be requested."""
        with self._lock:
            for remote in remotes:
                if remote.node_id and remote.id not in self._futures:
                    self._waiting[remote.id] = remote

    def of(self, remote: RemoteRepository) -> Signature:
        """The signature of one repository. The first call requests a whole batch.

        Raises RepositoryError, and AbsentError if there is no such repository.
        """
        if not remote.node_id:
            return self._by_rest(remote)
        future, batch = self._claim(remote)
        if batch:
            self._ask(batch)
        try:
            node = future.result()
        except NoGraphQLError:
            return self._by_rest(remote)
        if node.document is None:
            # It is gone, or GraphQL cannot see it. REST's response shows which.
            return self._by_rest(remote)
        if node.document.get("hasDiscussionsEnabled") is False:
            self.discussions_off.add(remote.id)
        with malformed_named():
            return _signature(node.document)

    def again(self, remote: RemoteRepository) -> Signature:
        """The signature at this moment, requested anew. Raises as ``of`` does."""
        with self._lock:
            self._futures.pop(remote.id, None)
        return self.of(remote)

    def _claim(self, remote: RemoteRepository) -> tuple[Future[Node], list[RemoteRepository]]:
        """The future of a repository's node, and the batch that the caller must request; empty if
        another thread does."""
        with self._lock:
            if known := self._futures.get(remote.id):
                return known, []
            self._waiting.pop(remote.id, None)
            batch = [remote]
            for other in list(self._waiting.values()):
                if len(batch) >= _AT_ONCE:
                    break
                if self.one_token or other.owner == remote.owner:
                    batch.append(self._waiting.pop(other.id))
            for each in batch:
                self._futures[each.id] = Future()
            return self._futures[remote.id], batch

    def _ask(self, batch: list[RemoteRepository]) -> None:
        """Request a batch, and set each future's result or error. Raises nothing."""
        futures = [self._futures[remote.id] for remote in batch]
        by_node = {str(each.node_id): one for each, one in zip(batch, futures, strict=True)}
        try:
            refused = []
            for node in self.graphql.nodes(SENTINEL, batch[0].owner, list(by_node), _AT_ONCE):
                if node.document is None and node.problem and node.problem.type != "NOT_FOUND":
                    refused.append(node.id)
                else:
                    by_node[node.id].set_result(node)
            fewer = SENTINEL_WITH_FEWER_RIGHTS
            for node in self.graphql.nodes(fewer, batch[0].owner, refused, _AT_ONCE):
                by_node[node.id].set_result(node)
        except TooHeavyError as error:
            self._fail(by_node.values(), NoGraphQLError(str(error)))
        except BaseException as error:  # noqa: BLE001 - raised by the threads that wait for it
            self._fail(by_node.values(), error)
        # If two repositories have the same node id, one of them would wait for ever.
        unanswered = RepositoryError("GitHub's GraphQL response lacks this repository")
        self._fail(futures, unanswered)

    @staticmethod
    def _fail(futures: Iterable[Future[Node]], error: BaseException) -> None:
        for future in futures:
            if not future.done():
                future.set_exception(error)

    def _by_rest(self, remote: RemoteRepository) -> Signature:
        """The signature by six REST requests. A list that GitHub does not have counts nothing."""
        path = f"/repos/{quote(remote.owner)}/{quote(remote.name)}"
        state: dict[str, Any] = {}
        counts: dict[str, int] = {}
        refusals: list[RepositoryError] = []
        for section, (below, query) in _REST_LISTS.items():
            try:
                pages = self.rest.pages(path + below, remote.owner, **query, per_page=1)
                page = next(pages)
            except NotFoundError as error:
                refusals.append(error)
                state[section] = None
                continue
            counted = _counted(page)
            state[section] = [_dates(page.items), counted]
            if counted is not None:
                counts[section] = counted
            if section == ITEMS and counted == 0:
                counts |= {"issues": 0, "pulls": 0}
        if len(refusals) == len(_REST_LISTS):
            raise refusals[0]
        return Signature(_digest("rest", state), counts)


def _counted(page: Page) -> int | None:
    """The number of items in a list with one item per page; None if the pages have cursors instead
    of numbers."""
    if not page.last and page.following and "after=" in page.following:
        return None
    return max(page.last, page.count)


def _signature(node: Mapping[str, Any]) -> Signature:
    state: dict[str, Any] = {"discussions_on": node.get("hasDiscussionsEnabled")}
    counts: dict[str, int] = {}
    for name, section in _CONNECTIONS.items():
        connection = node.get(name)
        if not isinstance(connection, dict):
            state[section] = None
            continue
        total = connection.get("totalCount")
        nodes = [each for each in connection.get("nodes") or () if isinstance(each, dict)]
        state[section] = [total, _dates(nodes)]
        if type(total) is int and total >= 0:
            counts[section] = total
    for name, section in _MORE_CONNECTIONS.items():
        total = (node.get(name) or {}).get("totalCount")
        if type(total) is int and total >= 0:
            counts[section] = total
        if total:
            state[section] = [total]
    if node.get("viewerCanAdminister") is not True:
        counts = {name: n for name, n in counts.items() if n or name not in _ADMINISTRATORS}
    if node.get("isInOrganization") is False:
        counts["settings.teams"] = 0
    return Signature(_digest("graphql", state), counts)


def _dates(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The identity and dates of the newest items.

    A date in the future, as an import can set it, would hide all later changes: then the present
    time is added, so that each signature differs from the last.
    """
    found = [{name: item[name] for name in _DATED if name in item} for item in items]
    now = datetime.now(UTC).isoformat()
    if any(str(each.get(name) or "") > now for each in found for name in _UPDATED):
        found.append({"asked_at": now})
    return found


def _digest(how: str, state: Mapping[str, Any]) -> str:
    text = json.dumps([how, state], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
