"""All resolvers by type and field; any other field is an attribute of the model's object."""

import re
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLResolveInfo

from local_cloud.github.data.graphql import (
    discussions,
    issues,
    people,
    projects,
    pulls,
    repositories,
    root,
    timelines,
)
from local_cloud.github.data.graphql.context import Node

_PARTS = tuple(
    part.TABLES
    for part in (root, people, repositories, issues, pulls, timelines, discussions, projects)
)
TABLES: Mapping[str, Mapping[str, Any]] = {
    type: {field: each for part in _PARTS for field, each in part.get(type, {}).items()}
    for type in {name for part in _PARTS for name in part}
}
_SNAKE = re.compile(r"(?<!^)(?=[A-Z])")
_ATTRIBUTES: dict[str, str] = {}


def resolve_field(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """The value of a field."""
    resolver = TABLES.get(info.parent_type.name, {}).get(info.field_name)
    if resolver:
        return resolver(info.context, source, arguments)
    if isinstance(source, Mapping):
        return source.get(info.field_name)
    name = _ATTRIBUTES.get(info.field_name)
    if name is None:
        name = _ATTRIBUTES[info.field_name] = _SNAKE.sub("_", info.field_name).lower()
    return getattr(source.item if isinstance(source, Node) else source, name)


def resolve_type(source: Any, info: object, abstract: object) -> str:
    """The type of what stands where several may: each node knows its own."""
    node: Node = source
    return node.type
