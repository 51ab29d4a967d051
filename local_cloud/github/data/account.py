"""The data of one repository, and of all repositories and accounts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from local_cloud.github.data.model import (
    Advisory,
    Attachment,
    CommitComment,
    Discussion,
    Gist,
    Issue,
    Label,
    Milestone,
    Release,
)

T = TypeVar("T")

_BEGINNING = datetime(2024, 1, 1)  # noqa: DTZ001  # UTC; without it isoformat() is shorter


@dataclass(slots=True)
class RepositoryData:
    """Everything of one repository. ``id`` is the repository's own.

    ``settings`` has what was chosen by the last parts of the API's path (``hooks``,
    ``actions/variables``, ``branches/main/protection``). ``deleted`` are the numbers of deleted
    issues, ``transferred`` where others are now: a repository's id and a number.
    """

    id: int
    has_issues: bool = True
    has_pulls: bool = True
    has_discussions: bool = True
    last_number: int = 0
    issues: dict[int, Issue] = field(default_factory=dict)
    discussions: dict[int, Discussion] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    milestones: dict[int, Milestone] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    commit_comments: list[CommitComment] = field(default_factory=list)
    advisories: list[Advisory] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    transferred: dict[int, tuple[int, int]] = field(default_factory=dict)

    def pulls(self) -> list[Issue]:
        """The pull requests, by number."""
        return [each for each in self.issues.values() if each.pull]

    def plain_issues(self) -> list[Issue]:
        """The issues that are not pull requests, by number."""
        return [each for each in self.issues.values() if not each.pull]


@dataclass
class AccountData:
    """The data of all repositories, by their ids, and of accounts; ids and time come from here.

    ``accounts`` has what is chosen by path: logins at ``orgs/octo-org/members``, full names of
    repositories at ``users/octo/starred`` (rest/accounts.py has the paths). ``gists`` are by id,
    ``attachments`` by their paths.
    Time goes on by a second with every event, so that the same edits give the same dates; what is
    changed without an ``Editor`` must call ``now``, too.
    """

    repositories: dict[int, RepositoryData] = field(default_factory=dict)
    accounts: dict[str, Any] = field(default_factory=dict)
    gists: dict[str, Gist] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    last_id: int = 1000
    seconds: int = 0
    _remembered: dict[object, Any] = field(default_factory=dict)
    _remembered_at: int = -1

    def of(self, repository: int) -> RepositoryData:
        """The data of the repository with this id, which is empty at first."""
        return self.repositories.setdefault(repository, RepositoryData(repository))

    def remembered(self, key: object, make: Callable[[], T]) -> T:
        """The result of ``make``, cached until the next event: sorted lists and counts."""
        if self._remembered_at != self.seconds:
            self._remembered, self._remembered_at = {}, self.seconds
        if key not in self._remembered:
            self._remembered[key] = make()
        return cast(T, self._remembered[key])

    def new_id(self) -> int:
        """An id that was never used."""
        self.last_id += 1
        return self.last_id

    def now(self) -> str:
        """The date of the next event."""
        self.seconds += 1
        return f"{(_BEGINNING + timedelta(seconds=self.seconds)).isoformat()}Z"
