"""Reads the remaining pages of a GraphQL connection whose first page is known."""

from typing import Any

from repo_backup.hosts.github.api.identity import is_node
from repo_backup.hosts.github.data.fields_table import clean
from repo_backup.hosts.github.data.repository import RepositoryRead

_AT_ONCE = 50


def all_nodes(
    data: RepositoryRead, node_id: str, connection: Any, name: str, more: str, key: str = "id"
) -> tuple[list[Any] | None, int]:
    """All nodes of the connection ``name`` of the object ``node_id``, and how many are unreadable.

    ``connection`` is its first page, and ``more`` the query for the others. ``key`` is the field
    that identifies a node; empty if none does. Returns ``(None, 1)`` if there is no connection.
    Raises RepositoryError.
    """
    if not isinstance(connection, dict) or not isinstance(connection.get("nodes"), list):
        return None, 1
    listed: list[Any] = list(connection["nodes"])
    unreadable = 0
    info = connection.get("pageInfo") or {}
    if info.get("hasNextPage"):
        asked = {"id": node_id, "after": info.get("endCursor")}
        parts = data.graphql.connection(
            more, data.account, asked, lambda result: result.part("node")[name], _AT_ONCE
        )
        for part in parts:
            listed += part.nodes
            unreadable += part.unreadable
    nodes = [node for node in listed if is_node(node, key)]
    return clean(nodes), unreadable + len(listed) - len(nodes)
