"""Requests that change the stand-in: create repositories, set topics and default branches.

https://docs.github.com/rest/repos/repos has the fields and the refusals.
"""

import json
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_cloud.github.answer import Answer
from local_cloud.github.catalogue import Catalogue, Repository
from local_cloud.github.corpus import init_repository
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.objects import people
from local_cloud.github.data.objects import repository as repositories
from local_cloud.github.data.rest.access import Caller

_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_WINDOWS = (("a_minute", 60), ("an_hour", 3600))


@dataclass
class Creations:
    """Creates repositories within GitHub's limits of 80 a minute and 500 an hour.

    ``members`` are the logins that may create repositories in an organization, by its login. They
    may also push to them. ``now`` returns the time in seconds.
    """

    a_minute: int = 80
    an_hour: int = 500
    now: Callable[[], float] = time.time
    members: dict[str, set[str]] = field(default_factory=dict)
    _created_at: list[float] = field(default_factory=list)

    def may_push(self, repository: Repository, viewer: str | None) -> bool:
        """Whether a user may push to a repository."""
        members = self.members.get(repository.owner, set())
        return viewer == repository.owner or viewer in members

    def answer(
        self,
        method: str,
        path: str,
        body: bytes,
        caller: Caller,
        place: tuple[Catalogue, AccountData, Path, str],
    ) -> Answer:
        """The answer to a request that is not a ``GET``. ``place`` is its path and the base URL."""
        if caller.viewer is None:
            return _reported(401, "Requires authentication")
        if seconds := self._wait_seconds():
            message = "You have exceeded a secondary rate limit and have been temporarily blocked."
            answer = _reported(403, message)
            return Answer(403, answer.body, {"Retry-After": str(seconds)})
        self._created_at.append(self.now())
        wanted = json.loads(body or b"{}")
        match method, path.strip("/").split("/"):
            case "POST", ["user", "repos"]:
                return self._create(caller.viewer, wanted, caller, place)
            case "POST", ["orgs", login, "repos"]:
                if caller.viewer in self.members.get(login, ()):
                    return self._create(login, wanted, caller, place)
            case "PUT", ["repos", owner, name, "topics"]:
                if found := self._own(place[0], f"{owner}/{name}", caller):
                    place[1].of(found.id).settings["topics"] = wanted["names"]
                    return Answer(200, json.dumps(wanted).encode())
            case "PATCH", ["repos", owner, name]:
                if found := self._own(place[0], f"{owner}/{name}", caller):
                    return self._change(found, wanted, place)
            case _:
                pass
        return _reported(404, "Not Found")

    def _wait_seconds(self) -> int:
        now, waits = self.now(), [0]
        for name, seconds in _WINDOWS:
            recent = [each for each in self._created_at if now - each < seconds]
            if len(recent) >= getattr(self, name):
                waits.append(int(recent[0] + seconds - now) + 1)
        return max(waits)

    def _own(self, catalogue: Catalogue, full_name: str, caller: Caller) -> Repository | None:
        found = catalogue.repositories.get(full_name)
        return found if found and self.may_push(found, caller.viewer) else None

    def _create(
        self,
        owner: str,
        wanted: dict[str, Any],
        caller: Caller,
        place: tuple[Catalogue, AccountData, Path, str],
    ) -> Answer:
        catalogue, data, root, _ = place
        scopes = caller.rights.scopes
        if scopes is not None and "repo" not in scopes:
            return _reported(404, "Not Found")
        if caller.permissions is not None and caller.permissions.get("administration") != "write":
            return _reported(403, "Resource not accessible by personal access token")
        name = wanted.get("name", "")
        taken = {each.lower() for each in catalogue.repositories}
        if f"{owner}/{name}".lower() in taken or not _NAME.fullmatch(name):
            errors = [{"resource": "Repository", "field": "name", "code": "custom"}]
            errors[0]["message"] = "name already exists on this account"
            reported = {"message": "Repository creation failed.", "errors": errors}
            return Answer(422, json.dumps(reported).encode())
        number = max((each.id for each in catalogue.repositories.values()), default=0) + 1
        private = bool(wanted.get("private")) or wanted.get("visibility") == "internal"
        made = catalogue.add(
            Repository(number, owner, name, private=private, has_wiki=wanted.get("has_wiki", True))
        )
        init_repository(root / owner / f"{name}.git")
        shown = {key: wanted[key] for key in ("description", "homepage") if key in wanted}
        data.of(number).settings["repository"] = shown
        return _repository(201, made, place)

    def _change(
        self,
        found: Repository,
        wanted: dict[str, Any],
        place: tuple[Catalogue, AccountData, Path, str],
    ) -> Answer:
        found.default_branch = branch = wanted["default_branch"]
        mirror = place[2] / found.owner / f"{found.name}.git"
        head = ["git", "-C", str(mirror), "symbolic-ref", "HEAD", f"refs/heads/{branch}"]
        subprocess.run(head, check=True)
        return _repository(200, found, place)


def _repository(
    status: int, found: Repository, place: tuple[Catalogue, AccountData, Path, str]
) -> Answer:
    catalogue, data, _, base_url = place
    view = people.View(base_url, found, data, catalogue)
    return Answer(status, json.dumps(repositories.full_repository(view, pushes=True)).encode())


def _reported(status: int, message: str) -> Answer:
    return Answer(status, json.dumps({"message": message}).encode())
