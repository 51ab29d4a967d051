"""Accounts and reactions, and the fields that everything with a text has."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from local_cloud.github.catalogue import Account
from local_cloud.github.data.graphql.context import Connection, Context, Node, connection
from local_cloud.github.data.model import Issue, Reaction
from local_cloud.github.data.objects.people import View, user_id

Arguments = Mapping[str, Any]
CONTENTS = {
    "+1": "THUMBS_UP",
    "-1": "THUMBS_DOWN",
    "laugh": "LAUGH",
    "confused": "CONFUSED",
    "heart": "HEART",
    "hooray": "HOORAY",
    "eyes": "EYES",
    "rocket": "ROCKET",
}
"""REST's names of reactions, and GraphQL's."""
_GROUPS = (
    "THUMBS_UP",
    "THUMBS_DOWN",
    "LAUGH",
    "HOORAY",
    "CONFUSED",
    "HEART",
    "ROCKET",
    "EYES",
)


class Group(NamedTuple):
    """The reactions of one kind."""

    content: str
    reactions: Sequence[Reaction]


def person(view: View, login: str | None) -> Node | None:
    """A user, or the organization of that name; None for one who is gone."""
    if login is None:
        return None
    account = view.catalogue.accounts.get(login) or Account(login)
    return Node(account.type, view, account)


def written(path: str) -> dict[str, Any]:
    """The resolvers of what somebody wrote; ``path`` is its URL below the repository's page."""

    def url(context: Context, node: Node, arguments: Mapping[str, Any]) -> str:
        number = getattr(node.within or node.item, "number", "")
        return f"{node.view.html}/{path.format(number=number, id=node.item.id)}"

    return {
        "author": lambda c, n, a: person(n.view, n.item.author),
        "authorAssociation": lambda c, n, a: n.view.association(n.item.author),
        "databaseId": lambda c, n, a: n.item.id,
        "fullDatabaseId": lambda c, n, a: str(n.item.id),
        "publishedAt": lambda c, n, a: n.item.created_at,
        "lastEditedAt": lambda c, n, a: n.item.edited_at,
        "includesCreatedEdit": lambda c, n, a: n.item.edited_at is not None,
        "isMinimized": lambda c, n, a: False,
        "minimizedReason": lambda c, n, a: None,
        "url": url,
        "reactions": _reactions,
        "reactionGroups": _groups,
    }


def _reactions(context: Context, node: Node, arguments: Mapping[str, Any]) -> Connection:
    wanted = arguments.get("content")
    found = [e for e in node.item.reactions if wanted in (None, CONTENTS[e.content])]
    return connection(context, found, lambda each: Node("Reaction", node.view, each), arguments)


def _groups(context: Context, node: Node, arguments: Mapping[str, Any]) -> list[Node]:
    """All kinds of reactions, also those that nobody gave, as GitHub lists them."""
    return [
        Node(
            "ReactionGroup",
            node.view,
            Group(name, [e for e in node.item.reactions if CONTENTS[e.content] == name]),
        )
        for name in _GROUPS
    ]


def _reactors(context: Context, node: Node, arguments: Mapping[str, Any]) -> Connection:
    reactions = node.item.reactions
    return connection(context, reactions, lambda each: person(node.view, each.user), arguments)


def conversation(view: Any, item: Issue) -> Node:
    """An issue or a pull request to be resolved."""
    return Node("PullRequest" if item.pull else "Issue", view, item)


def commented(type: str, of: Callable[[Any], Any]) -> Callable[[Context, Node, Arguments], Any]:
    """The resolver of a list of comments."""

    def resolve(context: Context, node: Node, arguments: Arguments) -> Connection:
        items = list(of(node.item))
        order = arguments.get("orderBy") or {}
        if order.get("direction") == "DESC":
            items.reverse()
        return connection(
            context, items, lambda each: Node(type, node.view, each, node.item), arguments
        )

    return resolve


def labels(context: Context, node: Node, arguments: Arguments) -> Connection:
    """The labels of anything that has some."""
    known = node.view.data.labels
    found = [known[name] for name in node.item.labels if name in known]
    return connection(context, found, lambda each: Node("Label", node.view, each), arguments)


def upper(value: str | None) -> str | None:
    """As GraphQL writes the names of enumerations."""
    return value.upper().replace(" ", "_").replace("-", "_") if value else None


_ACCOUNT: Mapping[str, Any] = {
    "id": lambda c, n, a: f"U_{user_id(n.item.login)}",
    "databaseId": lambda c, n, a: user_id(n.item.login),
    "name": lambda c, n, a: None,
    "url": lambda c, n, a: f"{n.view.base}/{n.item.login}",
    "resourcePath": lambda c, n, a: f"/{n.item.login}",
}

TABLES: Mapping[str, Mapping[str, Any]] = {
    "User": _ACCOUNT,
    "Organization": _ACCOUNT,
    "Reaction": {
        "id": lambda c, n, a: f"REA_{n.item.id}",
        "databaseId": lambda c, n, a: n.item.id,
        "content": lambda c, n, a: CONTENTS[n.item.content],
        "user": lambda c, n, a: person(n.view, n.item.user),
    },
    "ReactionGroup": {
        "createdAt": lambda c, n, a: n.item.reactions[0].created_at if n.item.reactions else None,
        "reactors": _reactors,
    },
}
