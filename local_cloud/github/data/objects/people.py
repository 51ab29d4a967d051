"""Users, node ids and reactions, which are part of nearly every object."""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from local_cloud.github.catalogue import Catalogue, Repository
from local_cloud.github.data.account import AccountData, RepositoryData
from local_cloud.github.data.model import REACTIONS, Reaction

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """One repository as it is served: ``base`` is the URL of the stand-in."""

    base: str
    repository: Repository
    account: AccountData
    catalogue: Catalogue
    written: dict[str, Object] = field(default_factory=dict, compare=False)
    """Objects that are within many others, kept for one request."""

    @property
    def data(self) -> RepositoryData:
        """Its data."""
        return self.account.of(self.repository.id)

    @property
    def api(self) -> str:
        """The repository's URL in the API."""
        return f"{self.base}/repos/{self.repository.full_name}"

    @property
    def html(self) -> str:
        """The repository's page."""
        return f"{self.base}/{self.repository.full_name}"

    def of(self, repository: int) -> "View | None":
        """The same for another repository, by its id; None where it is gone."""
        found = self.catalogue.by_id(str(repository))
        return View(self.base, found, self.account, self.catalogue) if found else None

    def issue_counts(self) -> Counter[tuple[int | None, str]]:
        """How many issues there are by milestone (None: any) and state."""

        def count() -> Counter[tuple[int | None, str]]:
            issues = self.data.issues.values()
            return Counter((of, e.state) for e in issues for of in {e.milestone, None})

        return self.account.remembered(("issue counts", self.repository.id), count)

    def association(self, login: str | None) -> str:
        """The user's association with the repository, in GitHub's term."""
        return "OWNER" if login == self.repository.owner else "CONTRIBUTOR"


def user_id(login: str) -> int:
    """The id of a user with this name, which is always the same."""
    return zlib.crc32(login.encode()) % 10**8 + 1


def user(base: str, login: str | None, type: str = "User") -> Object | None:
    """A ``simple-user``, to be copied before it is changed; None for one who is gone."""
    return None if login is None else _user(base, login, type)


@lru_cache(maxsize=1024)
def _user(base: str, login: str, type: str) -> Object:
    url = f"{base}/users/{login}"
    return {
        "login": login,
        "id": user_id(login),
        "node_id": f"U_{user_id(login)}",
        "avatar_url": f"{base}/avatars/{login}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{base}/{login}",
        "followers_url": f"{url}/followers",
        "following_url": f"{url}/following{{/other_user}}",
        "gists_url": f"{url}/gists{{/gist_id}}",
        "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{url}/subscriptions",
        "organizations_url": f"{url}/orgs",
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events{{/privacy}}",
        "received_events_url": f"{url}/received_events",
        "type": type,
        "user_view_type": "public",
        "site_admin": False,
    }


def rollup(url: str, reactions: Sequence[Reaction]) -> Object:
    """The counts of reactions within an object whose URL this is."""
    counts = dict.fromkeys(REACTIONS, 0)
    for each in reactions:
        counts[each.content] += 1
    return {"url": f"{url}/reactions", "total_count": len(reactions), **counts}


def reaction(view: View, made: Reaction) -> Object:
    """One reaction: who, and which."""
    return {
        "id": made.id,
        "node_id": f"REA_{made.id}",
        "user": user(view.base, made.user),
        "content": made.content,
        "created_at": made.created_at,
    }
