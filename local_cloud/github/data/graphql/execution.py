"""Executes GraphQL as GitHub does: limits first, and errors with a type beside the data."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from local_cloud.github.answer import Answer
from local_cloud.github.catalogue import Catalogue
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.graphql.context import Context, FieldRefusedError
from local_cloud.github.data.graphql.resolvers import resolve_field, resolve_type
from local_cloud.github.data.graphql.weight import weigh
from local_cloud.github.data.limits import Limits
from local_cloud.github.data.rest.access import Caller

SCHEMA_FILE = Path(__file__).with_name("schema.graphql")
_TOO_HEAVY = {
    "data": None,
    "errors": [
        {
            "message": "Something went wrong while executing your query. This may be the result of "
            "a timeout, or it could be a GitHub bug."
        }
    ],
}


@cache
def schema() -> GraphQLSchema:
    """The stand-in's schema."""
    return build_schema(SCHEMA_FILE.read_text(encoding="utf-8"))


@cache
def _checked(query: str) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
    document = _parsed(query)
    return document, tuple(validate(schema(), document))


@cache
def _parsed(query: str) -> DocumentNode:
    return parse(query)


def operation_name(body: bytes) -> str:
    """The name of the operation in a request's body; empty if there is none."""
    try:
        asked = json.loads(body)
        operation = get_operation_ast(_parsed(asked["query"]), asked.get("operationName"))
    except (ValueError, LookupError, TypeError, AttributeError, GraphQLError):
        return ""
    return operation.name.value if operation and operation.name else ""


def execute(
    catalogue: Catalogue,
    account: AccountData,
    limits: Limits,
    base: str,
    body: bytes,
    caller: Caller,
) -> Answer:
    """Answer the POST of this body to ``/graphql``."""
    if not caller.token:
        return _json(401, {"message": "This endpoint requires you to be authenticated."})
    try:
        asked = json.loads(body)
        query, variables = asked["query"], asked.get("variables") or {}
    except (ValueError, LookupError, TypeError):
        return _json(400, {"message": "Problems parsing JSON"})
    try:
        document, errors = _checked(query)
    except GraphQLError as error:
        return _json(200, {"errors": [error.formatted]})
    operation = get_operation_ast(document, asked.get("operationName"))
    if errors or not operation:
        return _json(200, {"errors": [_undefined(each) for each in errors]})
    weight = weigh(schema(), document, operation, variables)
    if weight.errors:
        reported = [{"type": type, "message": message} for type, message in weight.errors]
        return _json(200, {"data": None, "errors": reported})
    left = limits.allowance(caller.token, "graphql")
    if left.used + weight.cost > left.limit:
        message = f"API rate limit exceeded for user ID {len(caller.viewer or '')}."
        return _json(200, {"errors": [{"type": "RATE_LIMITED", "message": message}]})
    left.used += weight.cost
    if limits.heaviest_nodes is not None and weight.nodes > limits.heaviest_nodes:
        return _json(502, _TOO_HEAVY)
    context = Context(catalogue, account, limits, base, caller, weight.cost, weight.nodes)
    result = execute_sync(
        schema(),
        document,
        context_value=context,
        variable_values=variables,
        operation_name=asked.get("operationName"),
        field_resolver=resolve_field,
        type_resolver=resolve_type,
    )
    told_document: dict[str, Any] = {"data": result.data}
    if result.errors:
        told_document["errors"] = [_reported(each) for each in result.errors]
    return _json(200, told_document)


def _reported(error: GraphQLError) -> Mapping[str, Any]:
    """An error of the execution. Raises it unless it is a refusal: then the stand-in has a bug."""
    original = error.original_error
    if isinstance(original, FieldRefusedError):
        return {"type": original.type, **error.formatted}
    if original:
        raise original
    return error.formatted


def _undefined(error: GraphQLError) -> Mapping[str, Any]:
    return {**error.formatted, "extensions": {"code": "undefinedField"}}


def _json(status: int, document: object) -> Answer:
    return Answer(status, json.dumps(document).encode())
