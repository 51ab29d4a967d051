"""A repository's data, section by section: what is due is read, what is refused is a state."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

from backup_contract.documents.data_index import Section
from repo_backup.hosts.base import Remote
from repo_backup.hosts.data import Documents, Reading, Signature, Task
from repo_backup.hosts.github.accounts.reader import GitHubAccounts
from repo_backup.hosts.github.api.allowance import Allowance
from repo_backup.hosts.github.api.asking import Asking
from repo_backup.hosts.github.api.graphql import GraphQL, graphql_url
from repo_backup.hosts.github.api.refusals import Refused, refused
from repo_backup.hosts.github.api.rest import Rest
from repo_backup.hosts.github.data.completeness import Completeness
from repo_backup.hosts.github.data.readers.discussions import Discussions
from repo_backup.hosts.github.data.readers.items import Items
from repo_backup.hosts.github.data.readers.reactions import ReactionQueue
from repo_backup.hosts.github.data.readers.releases import Releases
from repo_backup.hosts.github.data.readers.repository_lists import (
    read_advisories,
    read_commit_comments,
    read_labels,
    read_milestones,
)
from repo_backup.hosts.github.data.readers.rotation import Rotation
from repo_backup.hosts.github.data.readers.settings import read_setting, section_name
from repo_backup.hosts.github.data.repository import RepositoryRead
from repo_backup.hosts.github.data.sections import SETTINGS
from repo_backup.hosts.github.data.signature import Signatures
from repo_backup.net.http import Answer, Http
from repo_backup.runtime.errors import AllowanceSpentError, RepositoryError
from repo_backup.runtime.retry import Patience

_UNFINISHED = ("failed", "truncated", "under-way")
_ALONG: Mapping[str, tuple[str, ...]] = {
    "reviews": ("pulls",),
    "timeline": ("issues", "pulls"),
    "reactions": ("issues", "pulls", "issue_comments", "review_comments"),
}
"""Sections that are read along with others, and which those are."""
_WEEKLY = ("labels", "releases", "commit_comments", "security_advisories")
"""What changes without a date or a count that the signature has: read with the settings, too."""
_ONLY_WEEKLY = ("commit_comments", "security_advisories")
_CONVERSATIONS = ("issue_comments", "review_comments", "events")


class GitHubData:
    """The data of GitHub's repositories: see ``hosts.data.DataHost``.

    ``one_token``: the credentials are one token for all owners, and not an App's installations.
    """

    def __init__(
        self,
        http: Http,
        api_url: str,
        patience: Patience,
        allowance: Allowance,
        *,
        one_token: bool = True,
    ) -> None:
        self._allowance = allowance
        asking = Asking(http, patience, allowance)
        api_url = api_url.rstrip("/")
        self._rest = Rest(asking, api_url)
        self._graphql = GraphQL(asking, graphql_url(api_url))
        self.accounts = GitHubAccounts(self._rest.aside("accounts"), one_token=one_token)
        self._signatures = Signatures(
            self._rest.aside("signatures"), self._graphql.aside("signatures"), one_token
        )

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests were made so far, by what for: signatures, changes, rotation."""
        return dict(self._allowance.counted)

    def announce(self, remotes: Iterable[Remote]) -> None:
        """Tell of the repositories that will be asked for, so that many are asked for at once."""
        self._signatures.announce(remotes)

    def signature(self, remote: Remote) -> Signature:
        """What this repository's data is now.

        Raises RepositoryError when GitHub does not tell, AbsentError when there is none.
        """
        return self._signatures.of(remote)

    def read(self, remote: Remote, task: Task, documents: Documents) -> Reading:
        """Read what the task asks for into the documents.

        Raises InterruptedRunError, and RepositoryError when nothing at all can be read.
        """
        data = RepositoryRead(self._rest, self._graphql, remote, task, documents)
        return _Reader(data, self._signatures).read()

    def open_asset(
        self, remote: Remote, number: int, headers: Mapping[str, str]
    ) -> AbstractContextManager[Answer]:
        """The bytes of the release's file with this id. Raises RepositoryError."""
        return self._rest.asset(remote.owner, remote.name, number, headers)


@dataclass
class _Reader:
    """One repository's reading; ``sections`` are those that were due."""

    data: RepositoryRead
    signatures: Signatures

    def __post_init__(self) -> None:
        self.data.count_base()
        self.turn_ended = True
        self.sections: dict[str, Section] = {}
        self.reacted = ReactionQueue(self.data)
        self.items = Items(self.data, self.reacted)
        self.discussions = Discussions(self.data, self.reacted)
        self.completeness = Completeness(self.data, self.signatures)

    def read(self) -> Reading:
        """Everything that is due, in an order in which each finds what it needs."""
        for name, read in self._readers().items():
            if self._is_due(name):
                self.sections[name] = self._empty(name) or self._guarded(name, read)
        self._settings()
        self._catch_up()
        if self.sections.get("issue_comments", _NOTHING).state == "complete":
            self.items.compare_counts()
        rotation = self._rotate()
        self.reacted.ask()
        self.sections |= self.completeness.of(self.sections, self.items, self.discussions)
        self.reacted.ask()
        self._along()
        return self._reading(rotation)

    def _readers(self) -> dict[str, Callable[[], Section]]:
        return {
            "pulls": self.items.pulls,
            "issues": self.items.issues,
            "issue_comments": self.items.issue_comments,
            "review_comments": self.items.review_comments,
            "events": self.items.events,
            "labels": partial(read_labels, self.data),
            "milestones": partial(read_milestones, self.data),
            "releases": Releases(self.data, self.reacted).read,
            "discussions": self.discussions.read,
            "commit_comments": partial(read_commit_comments, self._aside, self.reacted),
            "security_advisories": partial(read_advisories, self._aside),
        }

    @property
    def _aside(self) -> RepositoryRead:
        return self.data.aside("rotation") if self.data.task.before else self.data

    def _is_due(self, name: str) -> bool:
        task, before = self.data.task, self.data.before(name)
        if before is None or before.state in _UNFINISHED:
            return True
        if name in _ONLY_WEEKLY:
            return task.settings
        # A right that was lacking may have been given since: nothing else tells.
        weekly = name in _WEEKLY or before.state != "complete"
        return task.changed or (weekly and task.settings)

    def _empty(self, name: str) -> Section | None:
        """The section, where the signature says that there is nothing and nothing was saved."""
        counts, before = self.data.task.signature.counts, self.data.task.before.get(name)
        if name == "discussions" and self.data.remote.id in self.signatures.discussions_off:
            why = Refused("switched-off", "discussions are switched off")
            return (
                self.data.unread(name, why)
                if before and before.here
                else None or (self.data.complete(name, whole=True, github=0))
            )
        if before and (before.here or before.state != "complete"):
            return None
        of = ("issues", "pulls") if name in ("issues", *_CONVERSATIONS) else (name,)
        if any(counts.get(each) != 0 for each in of):
            return None
        return self.data.complete(name, whole=True)

    def _guarded(self, name: str, read: Callable[[], Section]) -> Section:
        try:
            return read()
        except RepositoryError as error:
            return self.data.unread(name, refused(error))

    def _settings(self) -> None:
        aside = self._aside
        counts, before = self.data.task.signature.counts, self.data.task.before
        for name in SETTINGS:
            section = section_name(name)
            known = before.get(section)
            due = self.data.task.settings or self.data.task.full or known is None
            due = due or known is None or known.state in _UNFINISHED
            due = due or (
                section in counts
                and known is not None
                and known.github is not None
                and known.github != counts[section]
            )
            if due:
                self.sections[section] = read_setting(aside, name)

    def _catch_up(self) -> None:
        """What an earlier run could not read along with items that have not changed since."""
        before = self.data.task.before
        for name in ("reviews", "timeline"):
            known = before.get(name)
            if known and known.state != "complete" and name not in self.data.problems:
                try:
                    self.items.fill_details()
                except RepositoryError as error:
                    self.data.along(name, error)
        known = before.get("reactions")
        if known and known.state != "complete" and "reactions" not in self.data.problems:
            for folder in ("issues", "pulls", "releases", "commit_comments"):
                for path in list(self.data.alive_paths(folder)):
                    self.reacted.look_at(path, self.data.documents.get(path))

    def _rotate(self) -> int:
        task = self.data.task
        if not task.rotation_items or task.full or not task.before:
            return task.rotation
        aside = self._aside
        reacted = ReactionQueue(aside)
        rotation = Rotation(aside, Items(aside, reacted), Discussions(aside, reacted))
        try:
            return rotation.turn()
        except AllowanceSpentError:
            # Everything is read; the rest of the turn is the next run's.
            self.turn_ended = False
            return rotation.at
        except RepositoryError as error:
            for name in ("issues", "pulls"):
                self.data.along(name, error)
            return rotation.at
        finally:
            reacted.ask()

    def _along(self) -> None:
        """The states of what is read along with other sections, and of what befell any later."""
        for name, others in _ALONG.items():
            if problem := self.data.problems.get(name):
                self.sections[name] = self.data.unread(name, problem)
                continue
            read = [self.sections[each] for each in others if each in self.sections]
            unfinished = next((each for each in read if each.state in _UNFINISHED), None)
            if unfinished:
                why = Refused(unfinished.state, unfinished.reason or "")
                self.sections[name] = self.data.unread(name, why)
            elif read or self.data.here[name]:
                self.sections[name] = self.data.complete(name, whole=not self.data.task.before)
        for name, problem in self.data.problems.items():
            if name not in _ALONG and self.sections.get(name, _NOTHING).state == "complete":
                self.sections[name] = self.data.unread(name, problem)

    def _reading(self, rotation: int) -> Reading:
        """Sections that were not due stay as they were, but for how much is saved of them."""
        due = list(self.sections.values())
        if due and all(section.state == "failed" for section in due):
            raise RepositoryError(due[0].reason or "GitHub does not answer")
        sections = dict(self.data.task.before)
        sections |= self.sections
        for name, section in sections.items():
            if not name.startswith("settings."):
                sections[name] = replace(section, here=self.data.count(name))
        under_way = any(section.state == "under-way" for section in sections.values())
        return Reading(sections, rotation, under_way or not self.turn_ended)


_NOTHING = Section("failed")
