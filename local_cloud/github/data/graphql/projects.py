"""Projects: their items with the values of fields."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from local_cloud.github.catalogue import Repository
from local_cloud.github.data.graphql.context import (
    Connection,
    Context,
    FieldRefusedError,
    Node,
    connection,
)
from local_cloud.github.data.graphql.people import conversation, person
from local_cloud.github.data.objects.people import View
from local_cloud.github.data.objects.repository import CREATED
from local_cloud.github.data.projects import Project, ProjectField, ProjectItem, projects_in

Arguments = Mapping[str, Any]
_VALUES = {
    "text": "ProjectV2ItemFieldTextValue",
    "number": "ProjectV2ItemFieldNumberValue",
    "date": "ProjectV2ItemFieldDateValue",
    "single_select": "ProjectV2ItemFieldSingleSelectValue",
    "iteration": "ProjectV2ItemFieldIterationValue",
}
_FIELDS = {
    "single_select": "ProjectV2SingleSelectField",
    "iteration": "ProjectV2IterationField",
}
_SCOPES = {"read:project", "project"}


class Value(NamedTuple):
    """The value of one field of an item."""

    id: str
    field: ProjectField
    value: Any


def project_node(context: Context, number: str) -> Node | None:
    """The project with this id. Raises FieldRefusedError where the token lacks the right."""
    found = next((p for p in projects_in(context.account.accounts) if str(p.id) == number), None)
    if found is None:
        return None
    permissions, scopes = context.caller.permissions, context.caller.rights.scopes
    if permissions is not None and "organization_projects" not in permissions:
        raise FieldRefusedError("FORBIDDEN", context.caller.refusal)
    if permissions is None and scopes is not None and not _SCOPES & set(scopes):
        message = "Your token has not been granted the required scopes to execute this query."
        raise FieldRefusedError("INSUFFICIENT_SCOPES", message)
    nowhere = Repository(0, found.owner, "")
    view = View(context.base, nowhere, context.account, context.catalogue)
    return Node("ProjectV2", view, found)


def _items(context: Context, node: Node, arguments: Arguments) -> Connection:
    project: Project = node.item
    return connection(
        context,
        project.items,
        lambda each: Node("ProjectV2Item", node.view, each, project),
        arguments,
    )


def _content(context: Context, node: Node, arguments: Arguments) -> Node | None:
    item: ProjectItem = node.item
    if item.about is None:
        return Node("DraftIssue", node.view, item, node.within)
    elsewhere = node.view.of(item.about[0])
    if not elsewhere or not context.sees(elsewhere.repository):
        return None
    found = elsewhere.data.issues.get(item.about[1])
    return conversation(elsewhere, found) if found else None


def _values(context: Context, node: Node, arguments: Arguments) -> Connection:
    item, project = node.item, node.within
    found = [
        Value(f"{item.id}-{each.id}", each, item.values[each.name])
        for each in project.fields
        if each.name in item.values
    ]

    def wrap(value: Value) -> Node:
        return Node(_VALUES[value.field.data_type], node.view, value, project)

    return connection(context, found, wrap, arguments)


def _field(context: Context, node: Node, arguments: Arguments) -> Node:
    made: ProjectField = node.item.field
    return Node(_FIELDS.get(made.data_type, "ProjectV2Field"), node.view, made)


def _value(context: Context, node: Node, arguments: Arguments) -> Any:
    return node.item.value


def _key(context: Context, node: Node, arguments: Arguments) -> str:
    return str(node.item.value).lower()


def _nobody(context: Context, node: Node, arguments: Arguments) -> Connection:
    return connection(context, (), lambda each: each, arguments)


def _creator(context: Context, node: Node, arguments: Arguments) -> Node | None:
    return person(node.view, node.within.owner)


_TIMES: Mapping[str, Any] = {
    "createdAt": lambda c, n, a: CREATED,
    "updatedAt": lambda c, n, a: CREATED,
}
_MADE: Mapping[str, Any] = {
    "id": lambda c, n, a: f"PVTF_{n.item.id}",
    "dataType": lambda c, n, a: n.item.data_type.upper(),
}
_SET: Mapping[str, Any] = {"id": lambda c, n, a: f"PVTFV_{n.item.id}", "field": _field}

TABLES: Mapping[str, Mapping[str, Any]] = {
    "ProjectV2": {"id": lambda c, n, a: f"PVT_{n.item.id}", "items": _items},
    "ProjectV2Item": {
        **_TIMES,
        "id": lambda c, n, a: f"PVTI_{n.item.id}",
        "type": lambda c, n, a: "ISSUE" if n.item.about else "DRAFT_ISSUE",
        "isArchived": lambda c, n, a: False,
        "creator": _creator,
        "content": _content,
        "fieldValues": _values,
    },
    "DraftIssue": {
        **_TIMES,
        "id": lambda c, n, a: f"DI_{n.item.id}",
        "body": lambda c, n, a: "",
        "creator": _creator,
        "assignees": _nobody,
    },
    "ProjectV2Field": _MADE,
    "ProjectV2IterationField": _MADE,
    "ProjectV2SingleSelectField": _MADE,
    "ProjectV2ItemFieldTextValue": {**_SET, "text": _value},
    "ProjectV2ItemFieldNumberValue": {**_SET, "number": _value},
    "ProjectV2ItemFieldDateValue": {**_SET, "date": _value},
    "ProjectV2ItemFieldSingleSelectValue": {**_SET, "name": _value, "optionId": _key},
    "ProjectV2ItemFieldIterationValue": {
        **_SET,
        "title": _value,
        "iterationId": _key,
        "startDate": lambda c, n, a: CREATED[:10],
        "duration": lambda c, n, a: 14,
    },
}
