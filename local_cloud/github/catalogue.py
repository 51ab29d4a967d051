"""The stand-in's accounts, repositories and tokens, stored in ``ROOT/hub.json``."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

CATALOGUE_FILE = "hub.json"


@dataclass
class Account:
    """A user or an organization."""

    login: str
    type: Literal["User", "Organization"] = "User"


@dataclass
class Repository:
    """One repository as the API describes it; its git data is at ``ROOT/<owner>/<name>.git``.

    ``size_kib`` is what GitHub calls ``size``; ``activity`` are its activities, newest first.
    """

    id: int
    owner: str
    name: str
    private: bool = False
    fork: bool = False
    archived: bool = False
    has_wiki: bool = False
    size_kib: int = 0
    default_branch: str = "main"
    activity: list[dict[str, object]] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"


@dataclass
class Catalogue:
    """All accounts, repositories (by full name), tokens (token → login) and renames (old → new)."""

    accounts: dict[str, Account] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    renames: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, root: Path) -> "Catalogue":
        """Read ``ROOT/hub.json``; an absent file is an empty catalogue."""
        path = root / CATALOGUE_FILE
        if not path.exists():
            return cls()
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            accounts={item["login"]: Account(**item) for item in data["accounts"]},
            repositories={
                repository.full_name: repository
                for repository in (Repository(**item) for item in data["repositories"])
            },
            tokens=data["tokens"],
            renames=data["renames"],
        )

    def save(self, root: Path) -> None:
        """Write ``ROOT/hub.json``."""
        data = {
            "accounts": [asdict(account) for account in self.accounts.values()],
            "repositories": [asdict(item) for item in self.repositories.values()],
            "tokens": self.tokens,
            "renames": self.renames,
        }
        (root / CATALOGUE_FILE).write_text(json.dumps(data, indent=1), encoding="utf-8")

    def add(self, repository: Repository) -> Repository:
        """Add or replace a repository. An unknown owner is added as a user."""
        self.accounts.setdefault(repository.owner, Account(repository.owner))
        self.repositories[repository.full_name] = repository
        return repository

    def by_id(self, number: str) -> Repository | None:
        """The repository with this id, whatever its name is now."""
        found = (each for each in self.repositories.values() if str(each.id) == number)
        return next(found, None)

    def move(self, name: str, to: str) -> Repository:
        """Rename or transfer a repository: ``owner/name`` to ``owner/name``; it keeps its id."""
        moved = self.repositories.pop(name)
        moved.owner, _, moved.name = to.partition("/")
        self.renames[name] = to
        return self.add(moved)

    def account(self, login: str) -> Account | None:
        """The account with this name. Like GitHub, ignores case."""
        wanted = login.lower()
        return next((a for a in self.accounts.values() if a.login.lower() == wanted), None)

    def visible(self, owner: str | None, viewer: str | None) -> list[Repository]:
        """Repositories of ``owner`` (None: of all) that ``viewer`` (None: anyone) may see, by id.

        A token sees the private repositories of its own user and of every organization.
        """
        found = [
            item
            for item in self.repositories.values()
            if (owner is None or item.owner == owner) and self.may_see(item, viewer)
        ]
        return sorted(found, key=lambda item: item.id)

    def may_see(self, repository: Repository, viewer: str | None) -> bool:
        """Whether ``viewer`` may see this repository."""
        if not repository.private:
            return True
        owner = self.accounts[repository.owner]
        return viewer is not None and (owner.login == viewer or owner.type == "Organization")
