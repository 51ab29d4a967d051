"""Describes the repositories to create when a restore pushes many to a new owner. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

_LONGEST_DESCRIPTION = 350
"""GitHub refuses longer descriptions (422)."""
_MOST_TOPICS = 20
_SWITCHES = ("has_issues", "has_projects", "has_wiki")


@dataclass(frozen=True)
class NewRepository:
    """A repository to create. ``switches`` are fields of GitHub's API, by name."""

    name: str
    visibility: str
    description: str = ""
    homepage: str = ""
    topics: tuple[str, ...] = ()
    switches: tuple[tuple[str, bool], ...] = ()


class NewOwner(Protocol):
    """An account in which repositories can be created."""

    login: str

    def url(self, name: str) -> str:
        """The clone URL of a repository of this name."""

    def exists(self, name: str) -> bool:
        """Whether there is a repository of this name. Raises RepositoryError."""

    def create(self, repository: NewRepository) -> None:
        """Create an empty repository. Raises ForbiddenError if the token may not create any, and
        RepositoryError for other errors."""

    def set_default_branch(self, name: str, branch: str) -> None:
        """Make this branch the default. Raises RepositoryError."""


def new_name(name: str) -> str:
    """The name for ``OWNER/REPO`` or ``OWNER/REPO~ID``: GitHub allows no ``~``."""
    return name.partition("/")[2].replace("~", "-")


def described(name: str, *, private: bool, repository: Mapping[str, Any]) -> NewRepository:
    """The repository to create, from the backup; ``repository`` is GitHub's saved JSON or empty.

    It becomes private if anything says so, or if its visibility is unknown.
    """
    visibility = str(repository.get("visibility") or ("private" if private else "public"))
    if private and visibility == "public":
        visibility = "private"
    topics = repository.get("topics")
    listed = topics if isinstance(topics, list) else []
    switches = {each: repository.get(each) for each in _SWITCHES}
    return NewRepository(
        name,
        visibility,
        _text(repository, "description")[:_LONGEST_DESCRIPTION],
        _text(repository, "homepage"),
        tuple(each for each in listed if isinstance(each, str))[:_MOST_TOPICS],
        tuple((name, value) for name, value in switches.items() if isinstance(value, bool)),
    )


def description_in(folder: Path) -> Mapping[str, Any]:
    """GitHub's JSON of a repository whose project data was restored to a folder."""
    try:
        found = json.loads((folder / "settings/repository.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(document: Mapping[str, Any], name: str) -> str:
    """One line of text: GitHub refuses descriptions with control characters."""
    found = document.get(name)
    return " ".join(found.split()) if isinstance(found, str) else ""
