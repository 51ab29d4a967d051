"""Reads a repository from GitHub's JSON. Pure."""

import json
import re
from typing import Any

from backup_contract.documents.fields import LIMIT
from backup_contract.text import one_line
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.github.paging import UnreadableItemError

NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
"""What GitHub accepts for the name of an owner or a repository."""
_NODE_ID_CHARACTERS = 200
_NEEDED = ("id", "owner", "name", "private", "fork", "clone_url")


def repository_of(item: Any) -> RemoteRepository:
    """The repository in the API's JSON. Raises UnreadableItemError if it is malformed."""
    try:
        owner, name = _text(item["owner"]["login"]), _text(item["name"])
        safe = NAME.fullmatch(owner) and NAME.fullmatch(name)
        return RemoteRepository(
            id=_id(item["id"]),
            owner=one_line(owner),
            name=one_line(name),
            private=bool(item["private"]),
            fork=bool(item["fork"]),
            archived=bool(item.get("archived")),
            size_kib=max(0, int(item.get("size") or 0)),
            has_wiki=bool(item.get("has_wiki")),
            clone_url=_text(item["clone_url"]),
            refused=None if safe else "its name is unsafe and not a valid GitHub name",
            node_id=_node_id(item.get("node_id")),
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise UnreadableItemError(_unreadable(item)) from error


def _text(value: Any) -> str:
    """A name or a URL. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError("it is not a string")
    return value


def _unreadable(item: Any) -> str:
    """The repository's name, as far as the item shows it, and what the item lacks."""
    if not isinstance(item, dict):
        return f"it is not a repository but {one_line(json.dumps(item))}"
    owner = item.get("owner")
    login = owner.get("login") if isinstance(owner, dict) else owner
    names = [item.get("full_name"), item.get("name"), item.get("id")]
    name = next(
        (one_line(str(each)) for each in names if isinstance(each, str | int)), "one without name"
    )
    wanted = {**item, "owner": login}
    lacking = [each for each in _NEEDED if wanted.get(each) is None]
    return (
        f"{name} has no {' and no '.join(lacking)}"
        if lacking
        else f"{name} has fields of the wrong type"
    )


def _node_id(value: Any) -> str | None:
    """A repository's id in GraphQL, if the response has one."""
    return value if isinstance(value, str) and 0 < len(value) <= _NODE_ID_CHARACTERS else None


def _id(value: Any) -> int:
    """A repository's id, in the range that a manifest allows. Raises ValueError and TypeError."""
    number = int(value)
    if not 0 <= number < LIMIT:
        raise ValueError("its id is out of range")
    return number
