"""Reads the items of a project with the values of their fields, which only GraphQL has.

https://docs.github.com/graphql/reference/objects#projectv2item
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from repo_backup.hosts.github.api.graphql import GraphQL, NoGraphQLError, Result
from repo_backup.hosts.github.api.identity import UnreadableItemsError, is_node
from repo_backup.hosts.github.api.refusals import Refused, refused
from repo_backup.hosts.github.api.rest import Rest
from repo_backup.hosts.github.data.fields_table import clean
from repo_backup.runtime.errors import RepositoryError

_AT_ONCE = 100
PROJECT_ITEMS = """
query ProjectItems($id: ID!, $first: Int!, $after: String) {
  node(id: $id) {
    ... on ProjectV2 {
      items(first: $first, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes {
          id type isArchived createdAt updatedAt creator { login }
          content {
            __typename
            ... on DraftIssue {
              id title body createdAt updatedAt creator { login }
              assignees(first: 10) { nodes { login } }
            }
            ... on Issue { id number url repository { nameWithOwner } }
            ... on PullRequest { id number url repository { nameWithOwner } }
          }
          fieldValues(first: 50) {
            nodes {
              __typename
              ... on ProjectV2ItemFieldDateValue { date field { ...Named } }
              ... on ProjectV2ItemFieldIterationValue {
                iterationId title startDate duration field { ...Named }
              }
              ... on ProjectV2ItemFieldNumberValue { number field { ...Named } }
              ... on ProjectV2ItemFieldSingleSelectValue { optionId name field { ...Named } }
              ... on ProjectV2ItemFieldTextValue { text field { ...Named } }
            }
          }
        }
      }
    }
  }
}
fragment Named on ProjectV2FieldConfiguration {
  __typename
  ... on ProjectV2FieldCommon { id name dataType }
}
"""
"""A project has at most 50 fields. Fields that belong to the issue or pull request itself, such as
labels, are saved with that."""


def read_items(
    rest: Rest, graphql: GraphQL, account: str, project: Mapping[str, Any], below: str
) -> tuple[dict[str, Any], Refused | None]:
    """The fields of the project's document, and why its items are incomplete (None: they are not).

    ``project`` is the project as REST lists it. If GraphQL is refused, the items are read from the
    REST path ``below`` instead, without the values of their fields. Raises RepositoryError and
    InterruptedRunError.
    """
    try:
        read = _read(graphql, account, str(project.get("node_id")))
        if read.lacks:
            # People move items while they are read; what was shown once is not given up.
            again = _read(graphql, account, str(project.get("node_id")))
            both = replace(again, nodes={**read.nodes, **again.nodes})
            read = both if again.lacks else again
    except NoGraphQLError as error:
        pages = rest.pages(below, account, key="id", whole=True)
        listed = [item for page in pages for item in page.items]
        why = f"only GraphQL, which is refused, has the values of the items' fields: {error}"
        return {"items": clean(listed)}, Refused("not-permitted", why)
    lack = refused(UnreadableItemsError(below, read.unreadable)) if read.unreadable else None
    if read.lacks:
        counts = f"counts {read.total} items in it and shows {read.shown}"
        lack = lack or Refused("truncated", f"project {project.get('number')}: GitHub {counts}")
    return {"item_nodes": [*read.nodes.values()]}, lack


@dataclass
class _Items:
    """The items of a project by their ids.

    ``total`` is GitHub's count, ``shown`` how many items it has shown at one reading.
    """

    nodes: dict[str, Any] = field(default_factory=dict)
    unreadable: int = 0
    shown: int = 0
    total: int | None = None

    @property
    def lacks(self) -> bool:
        """Whether GitHub counts more items than it shows."""
        return self.total is not None and self.shown + self.unreadable < self.total


def _read(graphql: GraphQL, account: str, node_id: str) -> _Items:
    read = _Items()
    asked = {"id": node_id}
    for part in graphql.connection(PROJECT_ITEMS, account, asked, _connection, _AT_ONCE):
        if problem := next((p for p in part.problems if p.type != "NOT_FOUND"), None):
            raise problem.error
        nodes = [node for node in part.nodes if is_node(node)]
        read.unreadable += part.unreadable + len(part.nodes) - len(nodes)
        read.nodes |= {node["id"]: clean(node) for node in nodes}
        read.total = part.total
    read.shown = len(read.nodes)
    return read


def _connection(result: Result) -> Any:
    connection = (result.part("node") or {}).get("items")
    if not isinstance(connection, dict):
        result.whole()
        raise RepositoryError("GitHub's GraphQL response lacks a project's items")
    return connection
