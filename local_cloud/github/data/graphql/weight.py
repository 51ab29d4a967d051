"""How heavy a query is before anything of it is read: nodes, points, and bounds that are missing.

The rules are GitHub's: each connection of which nodes are wanted needs ``first`` or ``last`` of at
most 100, all nodes together are at most 500,000, and the points are a hundredth of the requests
that the connections would take.
https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)

from local_cloud.github.data.limits import MOST_NODES

MOST_PER_CONNECTION = 100


@dataclass
class Weight:
    """The nodes that a query may give, the requests of its connections, and what is wrong."""

    nodes: int = 0
    requests: int = 0
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def cost(self) -> int:
        """The points, at least one."""
        return max(1, round(self.requests / 100))


def weigh(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> Weight:
    """Weigh an operation that is valid. Each error is a type of GitHub's and its message."""
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    weight = Weight()
    assert schema.query_type
    _Scales(schema, fragments, variables, weight).selection(
        operation.selection_set, schema.query_type, 1
    )
    if weight.nodes > MOST_NODES:
        message = (
            f"This query requests up to {weight.nodes:,} possible nodes which exceeds the maximum "
            f"limit of {MOST_NODES:,}."
        )
        weight.errors += (("MAX_NODE_LIMIT_EXCEEDED", message),)
    return weight


@dataclass
class _Scales:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    weight: Weight

    def selection(self, selected: SelectionSetNode, of: Any, times: int) -> None:
        for type, each in self._fields(selected, of):
            definition = getattr(type, "fields", {}).get(each.name.value)
            if not definition or not each.selection_set:
                continue
            named = get_named_type(definition.type)
            arguments = {
                given.name.value: value_from_ast_untyped(given.value, dict(self.variables))
                for given in each.arguments
            }
            within = times
            if named.name.endswith("Connection"):
                self.weight.requests += times
                if any(
                    f.name.value in ("nodes", "edges")
                    for _, f in self._fields(each.selection_set, named)
                ):
                    within = self._connection(each.name.value, arguments, times)
            elif each.name.value == "nodes" and isinstance(arguments.get("ids"), list):
                within = times * len(arguments["ids"])
                self.weight.nodes += within
            self.selection(each.selection_set, named, within)

    def _connection(self, name: str, arguments: Mapping[str, Any], times: int) -> int:
        bound = "last" if arguments.get("first") is None else "first"
        size = arguments.get(bound)
        if size is None:
            message = (
                f"You must provide a `first` or `last` value to properly paginate the `{name}` "
                "connection."
            )
            self.weight.errors += (("MISSING_PAGINATION_BOUNDARIES", message),)
            return times
        if size > MOST_PER_CONNECTION:
            message = (
                f"Requesting {size} records on the `{name}` connection exceeds the `{bound}` "
                f"limit of {MOST_PER_CONNECTION} records."
            )
            self.weight.errors += (("EXCESSIVE_PAGINATION", message),)
        self.weight.nodes += times * int(size)
        return times * int(size)

    def _fields(self, selected: SelectionSetNode, of: Any) -> Iterator[tuple[Any, FieldNode]]:
        for each in selected.selections:
            if isinstance(each, FieldNode):
                yield of, each
            elif isinstance(each, InlineFragmentNode):
                type = each.type_condition
                yield from self._fields(each.selection_set, self._type(type, of))
            elif isinstance(each, FragmentSpreadNode):
                fragment = self.fragments[each.name.value]
                type = fragment.type_condition
                yield from self._fields(fragment.selection_set, self._type(type, of))

    def _type(self, condition: Any, of: Any) -> GraphQLObjectType | Any:
        return self.schema.type_map[condition.name.value] if condition else of
