"""Which items of a list have a usable identity: responses may contain nulls and incomplete objects.

https://github.com/github/rest-api-description/issues/4531 reports a null in a list that GitHub
documents as a list of objects. Pure.
"""

import re
from typing import Any

from repo_backup.runtime.errors import RepositoryError

_FORMS = {
    "id": re.compile(r"[0-9a-f]{1,64}"),
    "number": re.compile(r"(?!)"),
    "ghsa_id": re.compile(r"GHSA-[0-9a-z-]{1,40}"),
}
"""The form of identifiers that are strings. Only gists have a string as ``id`` in REST, and a
``number`` is never one."""
_MOST_NUMBER = 10**18


class UnreadableItemsError(RepositoryError):
    """A list was read to its end, but some of its items cannot be read."""

    def __init__(self, where: str, count: int) -> None:
        super().__init__(f"GitHub's list {where} has items that cannot be read: {count}")


def is_identified(item: Any, key: str) -> bool:
    """Whether an item is an object whose field ``key`` identifies it; without ``key``, whether it
    is an object.

    Some identifiers become file names, so their form is checked: ``number`` and ``id`` are positive
    numbers, or the ``id`` is a gist's; ``ghsa_id`` is an advisory's.
    """
    if not isinstance(item, dict):
        return False
    if not key:
        return True
    value = item.get(key)
    if type(value) is int:
        return key in ("id", "number") and 0 < value < _MOST_NUMBER
    if not isinstance(value, str) or not value:
        return False
    return key not in _FORMS or bool(_FORMS[key].fullmatch(value))


def is_node(item: Any, key: str = "id") -> bool:
    """The same for a GraphQL node, whose ``id`` is a string."""
    if key == "id":
        return isinstance(item, dict) and isinstance(item.get("id"), str)
    return is_identified(item, key)
