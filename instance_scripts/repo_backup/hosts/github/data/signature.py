"""What repositories' data is now: counts and newest dates, asked for fifty repositories at once."""

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
from repo_backup.hosts.github.api.asking import TooHeavyError
from repo_backup.hosts.github.api.graphql import GraphQL, Node, NoGraphQLError
from repo_backup.hosts.github.api.refusals import malformed_named
from repo_backup.hosts.github.api.rest import Page, Rest
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
"""The connections of the sentinel query, and of which section each has the count."""
_MORE_CONNECTIONS: Mapping[str, str] = {
    "commitComments": "commit_comments",
    "deployKeys": "settings.deploy_keys",
    "environments": "settings.environments",
}
"""Those of which a count of zero is no part of the fingerprint: earlier versions did not ask."""
_ADMINISTRATORS = ("settings.branch_protection", "settings.deploy_keys")
"""GitHub counts none of these where whoever asks is no administrator."""
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
"""Where GraphQL is refused: the newest of each list, and by the number of its last page how many
there are. Six requests a repository."""
_DATED = ("number", "id", "updated_at", "updatedAt", "databaseId", "name")

_UPDATED = ("updated_at", "updatedAt")


@dataclass
class Signatures:
    """The signatures of all repositories of a run; any number of threads may ask.

    ``one_token``: whatever the owners, the same token reads all of them. ``discussions_off`` are
    the ids of the repositories that have switched discussions off.
    """

    rest: Rest
    graphql: GraphQL
    one_token: bool = True
    discussions_off: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: dict[int, RemoteRepository] = field(default_factory=dict)
    _futures: dict[int, Future[Node]] = field(default_factory=dict)

    def announce(self, remotes: Iterable[RemoteRepository]) -> None:
        """Tell of repositories that will be asked for."""
        with self._lock:
            for remote in remotes:
                if remote.node_id and remote.id not in self._futures:
                    self._waiting[remote.id] = remote

    def of(self, remote: RemoteRepository) -> Signature:
        """The signature of one repository; the first of a batch asks for all of it.

        Raises RepositoryError, and AbsentError when there is no such repository.
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
            # It is gone, or hidden from GraphQL alone. REST's answer says which.
            return self._by_rest(remote)
        if node.document.get("hasDiscussionsEnabled") is False:
            self.discussions_off.add(remote.id)
        with malformed_named():
            return _signature(node.document)

    def again(self, remote: RemoteRepository) -> Signature:
        """The signature of this moment. Raises as ``of`` does."""
        with self._lock:
            self._futures.pop(remote.id, None)
        return self.of(remote)

    def _claim(self, remote: RemoteRepository) -> tuple[Future[Node], list[RemoteRepository]]:
        """The future of a repository, and the batch that the caller must ask for, if any."""
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
        """Ask for a batch, and give each its answer or the error. Raises nothing."""
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
        except BaseException as error:  # noqa: BLE001 - raised where the result is waited for
            self._fail(by_node.values(), error)
        # Two repositories of one id would have one answer, and the other would wait for ever.
        unanswered = RepositoryError("GitHub's GraphQL does not answer for this repository")
        self._fail(futures, unanswered)

    @staticmethod
    def _fail(futures: Iterable[Future[Node]], error: BaseException) -> None:
        for future in futures:
            if not future.done():
                future.set_exception(error)

    def _by_rest(self, remote: RemoteRepository) -> Signature:
        """The same by six requests, of which those that are refused count nothing."""
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
    """How many pages of one item there are; None where pages have no numbers but cursors."""
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
    """The dates of the newest items. Behind one in the future, as imports make them, no change
    shows: then the time of asking makes each signature another one."""
    found = [{name: item[name] for name in _DATED if name in item} for item in items]
    now = datetime.now(UTC).isoformat()
    if any(str(each.get(name) or "") > now for each in found for name in _UPDATED):
        found.append({"asked_at": now})
    return found


def _digest(how: str, state: Mapping[str, Any]) -> str:
    text = json.dumps([how, state], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
