"""Projects of accounts, with their fields and items. https://docs.github.com/rest/projects"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

DataType = Literal["text", "number", "date", "single_select", "iteration"]


@dataclass(frozen=True)
class ProjectField:
    """A custom field of a project; ``options`` are those of a single select."""

    id: int
    name: str
    data_type: DataType
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProjectItem:
    """An item: a draft with a title, or what is ``about`` (a repository's id and a number).

    ``values`` are by the names of fields.
    """

    id: int
    title: str = ""
    about: tuple[int, int] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """A project of the account ``owner``."""

    id: int
    owner: str
    number: int
    title: str
    fields: tuple[ProjectField, ...] = ()
    items: tuple[ProjectItem, ...] = ()


def projects_in(accounts: Mapping[str, Any]) -> Iterator[Project]:
    """The projects of all accounts."""
    for path, stored in accounts.items():
        if path.endswith("/projectsV2"):
            yield from stored
